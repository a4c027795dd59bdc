"""Webhook endpoints: create, get, list, change, delete, rotate the secret and disable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vectorlog.deployment import Deployment
from vectorlog.domain import errors, webhook_endpoint
from vectorlog.domain.errors import Invalid, QuotaReached
from vectorlog.domain.outgoing_event import OutgoingType
from vectorlog.domain.webhook_endpoint import (
    DisabledBecause,
    Event,
    State,
    WebhookEndpointChanged,
    WebhookEndpointCreated,
)
from vectorlog.event_log import codec
from vectorlog.event_log.codec import WEBHOOK_ENDPOINT
from vectorlog.event_log.streams import Loaded, Plan
from vectorlog.telemetry import deliveries
from vectorlog.use_cases import access, commits, pages
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.pages import Page, PageRequest
from vectorlog.views import keys, webhook_keys
from vectorlog.webhooks.secrets import hint_of, secret_of
from vectorlog.webhooks.sender import check_url
from vectorlog.webhooks.webhooks import Webhooks

MAX_ENDPOINTS = 20
"""How many endpoints a project may have. The projector reads them with each batch of commits that tells something."""


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint as it is shown; `secret` only once."""

    id: str
    state: State
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What a request says of an endpoint."""

    name: str
    url: str
    event_types: tuple[OutgoingType, ...]


def create(deployment: Deployment, actor: Actor, settings: Settings) -> EndpointView:
    """Creates an endpoint, and returns it with its secret.

    Raises:
        Invalid: nothing is sent to such a URL, or this deployment sends no webhooks.
        QuotaReached: the project has `MAX_ENDPOINTS`.
        NotFound: the request is a repeated one, and the endpoint was deleted since.
    """
    key, project = sending(deployment).key(), actor.caller.project
    _check(deployment, settings.url)
    endpoint = actor.new_id("we", deployment.random)
    loaded = access.load_if_repeated(deployment, actor, WEBHOOK_ENDPOINT, endpoint)
    if not loaded.state.project:
        held = len(deployment.views.table.query(webhook_keys.list_of(project), limit=MAX_ENDPOINTS))
        if held >= MAX_ENDPOINTS:
            raise QuotaReached(
                f"Project '{project}' has {held} webhook endpoints, and no project may have more. Delete one.",
                limit="webhook_endpoints",
                most=MAX_ENDPOINTS,
                remaining=0,
            )
    hint = hint_of(secret_of(key, endpoint, 0))
    created = WebhookEndpointCreated(
        deployment.clock(), project, settings.name, settings.url, settings.event_types, hint
    )
    plan = Plan(WEBHOOK_ENDPOINT, endpoint, lambda state: webhook_endpoint.create(state, created), actor.key, loaded)
    state = _decide(deployment, actor, endpoint, plan)
    return EndpointView(endpoint, state, secret_of(key, endpoint, state.secret))


def get(deployment: Deployment, actor: Actor, endpoint: str) -> EndpointView:
    """Returns an endpoint.

    Raises:
        NotFound: there is no such endpoint in the project.
    """
    return EndpointView(endpoint, own(deployment, actor, endpoint).state)


def list_page(deployment: Deployment, actor: Actor, request: PageRequest) -> Page[EndpointView]:
    """Returns a page of the project's endpoints, by time of creation."""
    load, project = deployment.streams.load, actor.caller.project

    def place(endpoint: str) -> str | None:
        state = load(WEBHOOK_ENDPOINT, endpoint).state
        return keys.list_row(state.created_at, endpoint) if state.project == project else None

    page_range = pages.resolve(request, place)
    views = []
    for row in pages.read(deployment.views.table.query, webhook_keys.list_of(project), page_range):
        id = keys.thing_of(row.key.sk)
        views.append(
            EndpointView(id, codec.decode_state(WEBHOOK_ENDPOINT, row.data) or load(WEBHOOK_ENDPOINT, id).state)
        )
    return pages.cut(views, page_range)


def change(
    deployment: Deployment,
    actor: Actor,
    endpoint: str,
    *,
    name: str | None = None,
    url: str | None = None,
    event_types: tuple[OutgoingType, ...] | None = None,
) -> EndpointView:
    """Changes what is given of an endpoint, and enables it if it was disabled.

    Raises:
        Invalid: nothing is sent to such a URL.
        NotFound: there is no such endpoint in the project.
    """
    if url is not None:
        _check(deployment, url)
    at = deployment.clock()

    def decide(state: State) -> Sequence[Event]:
        changed = WebhookEndpointChanged(
            at,
            state.name if name is None else name,
            state.url if url is None else url,
            state.event_types if event_types is None else event_types,
        )
        return webhook_endpoint.change(state, changed)

    loaded = own(deployment, actor, endpoint)
    plan = Plan(WEBHOOK_ENDPOINT, endpoint, decide, actor.key, loaded)
    return EndpointView(endpoint, _decide(deployment, actor, endpoint, plan))


def rotate_secret(deployment: Deployment, actor: Actor, endpoint: str, *, keep_old: bool) -> EndpointView:
    """Gives an endpoint another secret, and returns it. With `keep_old`, the former one signs too for 24 hours.

    Raises:
        NotFound: there is no such endpoint in the project.
    """
    key, at = sending(deployment).key(), deployment.clock()

    def decide(state: State) -> Sequence[Event]:
        hint = hint_of(secret_of(key, endpoint, state.secret + 1))
        return webhook_endpoint.rotate(state, at, hint, keep_old=keep_old)

    loaded = own(deployment, actor, endpoint)
    plan = Plan(WEBHOOK_ENDPOINT, endpoint, decide, actor.key, loaded)
    state = _decide(deployment, actor, endpoint, plan)
    return EndpointView(endpoint, state, secret_of(key, endpoint, state.secret))


def delete(deployment: Deployment, actor: Actor, endpoint: str) -> None:
    """Deletes an endpoint; what waits for it is not sent.

    Raises:
        NotFound: there is no such endpoint in the project.
    """
    at, loaded = deployment.clock(), own(deployment, actor, endpoint)
    plan = Plan(WEBHOOK_ENDPOINT, endpoint, lambda state: webhook_endpoint.delete(state, at), loaded=loaded)
    commits.decide_and_show(deployment, [plan], meta=actor.meta)


def disable(deployment: Deployment, endpoint: str, reason: DisabledBecause, meta: str) -> bool:
    """Disables an endpoint, and reports that; returns whether it was not disabled yet. `meta` is that of the commit."""
    at = deployment.clock()
    plan = Plan(WEBHOOK_ENDPOINT, endpoint, lambda state: webhook_endpoint.disable(state, at, reason))
    [outcome] = commits.decide_and_show(deployment, [plan], meta=meta)
    if outcome.decision is not None:
        deliveries.disabled(deployment.telemetry.metrics, endpoint, outcome.state.project, reason)
    return outcome.decision is not None


def _decide(deployment: Deployment, actor: Actor, endpoint: str, plan: Plan[State, Event]) -> State:
    [outcome] = commits.decide_and_show(deployment, [plan], meta=actor.meta)
    state: State = outcome.state
    if not state.exists:
        raise errors.webhook_not_found(endpoint)
    return state


def own(deployment: Deployment, actor: Actor, endpoint: str) -> Loaded[State]:
    """Loads an endpoint of the caller's project.

    Raises:
        NotFound: there is none with this id.
    """
    loaded = deployment.streams.load(WEBHOOK_ENDPOINT, endpoint)
    if not loaded.state.exists or loaded.state.project != actor.caller.project:
        raise errors.webhook_not_found(endpoint)
    return loaded


def sending(deployment: Deployment) -> Webhooks:
    """Returns what the deployment sends webhooks with.

    Raises:
        Invalid: it sends none.
    """
    if deployment.webhooks is None:
        raise Invalid("This deployment sends no webhooks.")
    return deployment.webhooks


def _check(deployment: Deployment, url: str) -> None:
    wrong = check_url(url, allow_private=sending(deployment).allow_private)
    if wrong is not None:
        raise Invalid(f"Invalid 'url': {wrong}", param="url")
