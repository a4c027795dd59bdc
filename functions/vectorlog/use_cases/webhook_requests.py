"""Requests to webhook endpoints: an event, or a sample of one."""

from __future__ import annotations

from vectorlog.deployment import Deployment
from vectorlog.domain.errors import Invalid, Unavailable
from vectorlog.domain.outgoing_event import TYPES, OutgoingEvent, OutgoingType, id_of
from vectorlog.domain.webhook_endpoint import State
from vectorlog.event_log.codec import WEBHOOK_ENDPOINT
from vectorlog.retry import NO_JITTER, UNLIMITED, Contended, RetryPolicy, Timing, retrying
from vectorlog.use_cases import webhooks
from vectorlog.use_cases.actor import Actor
from vectorlog.views import sample_outcome
from vectorlog.views.sample_outcome import SampleOutcome
from vectorlog.webhooks import payload, signature
from vectorlog.webhooks.secrets import hint_of, secret_of
from vectorlog.webhooks.sender import Unreachable
from vectorlog.work.telling import SendSample

SAMPLE = RetryPolicy(attempts=UNLIMITED, first_s=0.2, factor=1.5, cap_s=0.5, jitter=NO_JITTER, deadline_s=24)
"""How often the outcome of a sample that another function sends is looked for: it may take the 15 s that an endpoint
has, and the start of that function. API Gateway waits for 29 s.
"""
COUNTS = {"completed": 1, "failed": 0, "cancelled": 0, "total": 1}
"""How the files of the batch in a sample event ended."""


def test(deployment: Deployment, actor: Actor, endpoint: str, event_type: OutgoingType) -> int:
    """Sends a sample event to an endpoint, even if it is disabled or did not ask for this type; returns the status of
    the answer.

    Raises:
        Invalid: no answer came.
        NotFound: there is no such endpoint in the project.
        Unavailable: what sends it did not say in time what became of it.
    """
    state, at = webhooks.own(deployment, actor, endpoint).state, deployment.clock()
    elsewhere, id = webhooks.sending(deployment).elsewhere, id_of(endpoint, at, deployment.random.getrandbits(32))
    if elsewhere is None:
        outcome = _outcome(deployment, endpoint, state, _sample(event_type, at, id))
    else:
        project = actor.caller.project
        elsewhere.send(SendSample(endpoint, event_type, at, id, request=actor.request, project=project))
        outcome = _waited_for(deployment, id, elsewhere.timing)
    if not outcome.status:
        raise Invalid(f"The endpoint did not answer: {outcome.reason}.", param="url")
    return outcome.status


def send_sample(deployment: Deployment, message: SendSample) -> None:
    """Sends a sample event for another function, and records the outcome; nothing if nobody waits for it any more."""
    at, kind = deployment.clock(), next((each for each in TYPES if each == message.type), None)
    state = deployment.streams.load(WEBHOOK_ENDPOINT, message.receiver).state
    if kind is None or not state.exists or at - message.at > 1000 * SAMPLE.deadline_s:
        return
    outcome = _outcome(deployment, message.receiver, state, _sample(kind, message.at, message.id))
    sample_outcome.note(deployment.views.table, message.id, outcome, at)


def _outcome(deployment: Deployment, endpoint: str, state: State, sample: OutgoingEvent) -> SampleOutcome:
    try:
        return SampleOutcome(post(deployment, endpoint, state, sample.id, payload.encode(sample)))
    except Unreachable as error:
        return SampleOutcome(0, str(error))


def _waited_for(deployment: Deployment, event: str, timing: Timing) -> SampleOutcome:
    def look() -> SampleOutcome:
        outcome = sample_outcome.noted(deployment.views.table, event)
        if outcome is None:
            raise Contended("it was not sent yet")
        return outcome

    try:
        return retrying("a sample event", SAMPLE, look, timing=timing)
    except Contended:
        raise Unavailable(
            "Whether the endpoint answers is not known: what sends events is busy with others. Repeat the request."
        ) from None


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
