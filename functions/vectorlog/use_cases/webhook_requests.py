"""Requests to webhook endpoints: an event, or a sample of one."""

from __future__ import annotations

from vectorlog.deployment import Deployment
from vectorlog.domain.errors import Invalid
from vectorlog.domain.outgoing_event import OutgoingEvent, OutgoingType, id_of
from vectorlog.domain.webhook_endpoint import State
from vectorlog.use_cases import webhooks
from vectorlog.use_cases.actor import Actor
from vectorlog.webhooks import payload, signature
from vectorlog.webhooks.secrets import hint_of, secret_of
from vectorlog.webhooks.sender import Unreachable

COUNTS = {"completed": 1, "failed": 0, "cancelled": 0, "total": 1}
"""How the files of the batch in a sample event ended."""


def test(deployment: Deployment, actor: Actor, endpoint: str, event_type: OutgoingType) -> int:
    """Sends a sample event to an endpoint, even if it is disabled or did not ask for this type; returns the status of
    the answer.

    Raises:
        Invalid: no answer came.
        NotFound: there is no such endpoint in the project.
    """
    state, at = webhooks.own(deployment, actor, endpoint).state, deployment.clock()
    webhooks.sending(deployment)
    sample = _sample(event_type, at, id_of(endpoint, at, deployment.random.getrandbits(32)))
    try:
        return post(deployment, endpoint, state, sample.id, payload.encode(sample))
    except Unreachable as error:
        raise Invalid(f"The endpoint did not answer: {error}.", param="url") from None


def post(deployment: Deployment, endpoint: str, state: State, id: str, body: str) -> int:
    """Sends an event to an endpoint once; returns the status of the answer.

    Args:
        deployment: whose endpoint it is.
        endpoint: its id.
        state: its state.
        id: of the event.
        body: the event as JSON text.

    Raises:
        Unreachable: no answer came.
    """
    sending, at = webhooks.sending(deployment), deployment.clock()
    key = sending.key()
    secrets = [secret_of(key, endpoint, number) for number in state.secrets(at)]
    return sending.sender.post(state.url, body.encode(), signature.headers(secrets, id, at // 1000, body))


def has_its_key(deployment: Deployment, endpoint: str, state: State) -> bool:
    """Whether the deployment has the key from which the endpoint's secrets were derived."""
    return hint_of(secret_of(webhooks.sending(deployment).key(), endpoint, state.secret)) == state.hint


def _sample(kind: OutgoingType, at: int, id: str) -> OutgoingEvent:
    """Returns an event of a type, about things that do not exist."""
    store, file, batch = f"vs_{'0' * 32}", f"file-{'0' * 22}", f"vsfb_{'0' * 32}"
    if kind == "file.deleted":
        return OutgoingEvent(id, kind, at, file)
    if kind.startswith("vector_store.file_batch."):
        return OutgoingEvent(id, kind, at, batch, store, counts=COUNTS)
    if kind.startswith("vector_store.file."):
        code = "invalid_file" if kind.endswith("failed") else ""
        return OutgoingEvent(id, kind, at, file, store, code=code)
    return OutgoingEvent(id, kind, at, store, store)
