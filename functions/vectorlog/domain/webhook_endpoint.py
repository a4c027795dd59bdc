"""A webhook endpoint: an address to which a project has its events sent, and which secrets sign what is sent there.

The secrets are not stored. Secret number `n` of an endpoint is derived from the deployment's key when it is needed
(`webhooks/secrets.py`), so neither log, views, exports nor histories hold any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, assert_never

from vectorlog.defaults import DAY_MS
from vectorlog.domain.outgoing_event import OutgoingType

OLD_SECRET_MS = DAY_MS
"""How long a replaced secret signs beside the new one, if that was asked for: OpenAI's 24 hours."""

DisabledBecause: TypeAlias = Literal["failing", "gone", "key_lost", "imported"]
"""Why an endpoint is disabled: no event was taken for three days; it answered 410; the deployment has another key than
the one of its secrets; or it came with an import, which has no secrets.
"""

# Events


@dataclass(frozen=True, slots=True)
class WebhookEndpointCreated:
    """An endpoint was created.

    Attributes:
        at: when, in ms since 1970.
        project: whose events it gets.
        hint: the last characters of its first secret, by which a holder recognizes it, and the deployment its key.
    """

    at: int
    project: str
    name: str
    url: str
    event_types: tuple[OutgoingType, ...]
    hint: str


@dataclass(frozen=True, slots=True)
class WebhookEndpointChanged:
    """An endpoint was changed, and enabled if it was disabled; the event has the new value of all that can change."""

    at: int
    name: str
    url: str
    event_types: tuple[OutgoingType, ...]


@dataclass(frozen=True, slots=True)
class WebhookSecretRotated:
    """The endpoint has the next secret. The one before it signs too until `old_until` (ms since 1970; None: it does
    not).
    """

    at: int
    hint: str
    old_until: int | None = None


@dataclass(frozen=True, slots=True)
class WebhookEndpointDisabled:
    """Nothing is sent to the endpoint from now on, until it is changed."""

    at: int
    reason: DisabledBecause


@dataclass(frozen=True, slots=True)
class WebhookEndpointDeleted:
    """The endpoint was deleted."""

    at: int


@dataclass(frozen=True, slots=True)
class WebhookEndpointErased:
    """The endpoint was deleted, and its history is erased: every older commit is removed. The event has all that is
    kept of it.
    """

    at: int
    project: str
    created_at: int


Event: TypeAlias = (
    WebhookEndpointCreated
    | WebhookEndpointChanged
    | WebhookSecretRotated
    | WebhookEndpointDisabled
    | WebhookEndpointDeleted
    | WebhookEndpointErased
)

# State


@dataclass(frozen=True, slots=True)
class State:
    """State of an endpoint; `project` is empty until it is created.

    Attributes:
        updated_at: when its settings or its secret last changed, in ms since 1970.
        secret: the number of its secret, from 0.
        old_until: until when secret `secret - 1` signs too, in ms since 1970; None if it does not.
    """

    project: str = ""
    name: str = ""
    url: str = ""
    event_types: tuple[OutgoingType, ...] = ()
    created_at: int = 0
    updated_at: int = 0
    secret: int = 0
    hint: str = ""
    old_until: int | None = None
    disabled: DisabledBecause | None = None
    disabled_at: int | None = None
    deleted: bool = False
    erased: bool = False

    @property
    def exists(self) -> bool:
        """Whether the endpoint is created and not deleted."""
        return self.project != "" and not self.deleted

    @property
    def active(self) -> bool:
        """Whether events are sent to it."""
        return self.exists and self.disabled is None

    def secrets(self, at: int) -> tuple[int, ...]:
        """Returns the numbers of the secrets that sign at this time (ms since 1970), the newest first."""
        old = self.old_until is not None and at < self.old_until
        return (self.secret, self.secret - 1) if old else (self.secret,)


INITIAL = State()

# Evolve


def evolve(state: State, event: Event) -> State:
    """Returns the state after one more event."""
    match event:
        case WebhookEndpointCreated():
            return State(event.project, event.name, event.url, event.event_types, event.at, event.at, hint=event.hint)
        case WebhookEndpointChanged():
            return replace(
                state,
                name=event.name,
                url=event.url,
                event_types=event.event_types,
                updated_at=event.at,
                disabled=None,
                disabled_at=None,
            )
        case WebhookSecretRotated():
            return replace(
                state, secret=state.secret + 1, hint=event.hint, old_until=event.old_until, updated_at=event.at
            )
        case WebhookEndpointDisabled():
            return replace(state, disabled=event.reason, disabled_at=event.at)
        case WebhookEndpointDeleted():
            return replace(state, deleted=True)
        case WebhookEndpointErased():
            return State(event.project, created_at=event.created_at, deleted=True, erased=True)
        case _ as never:
            assert_never(never)


# Decisions


def create(state: State, command: WebhookEndpointCreated) -> Sequence[Event]:
    """Creates an endpoint; decides nothing if it exists."""
    return [] if state.project else [command]


def change(state: State, command: WebhookEndpointChanged) -> Sequence[Event]:
    """Changes an endpoint and enables it; decides nothing if that changes nothing."""
    if not state.exists:
        return []
    same = (command.name, command.url, command.event_types) == (state.name, state.url, state.event_types)
    return [] if same and state.active else [command]


def rotate(state: State, at: int, hint: str, *, keep_old: bool) -> Sequence[Event]:
    """Gives the endpoint its next secret, of which `hint` is the end."""
    old_until = at + OLD_SECRET_MS if keep_old else None
    return [WebhookSecretRotated(at, hint, old_until)] if state.exists else []


def disable(state: State, at: int, reason: DisabledBecause) -> Sequence[Event]:
    """Disables an endpoint; decides nothing if it is disabled or deleted already."""
    return [WebhookEndpointDisabled(at, reason)] if state.active else []


def delete(state: State, at: int) -> Sequence[Event]:
    """Deletes an endpoint; decides nothing if it does not exist."""
    return [WebhookEndpointDeleted(at)] if state.exists else []


def erase(state: State, at: int) -> Sequence[Event]:
    """Deletes an endpoint, if that is not done yet, and has its history erased; decides nothing if it is erased."""
    if not state.project or state.erased:
        return []
    return [*delete(state, at), WebhookEndpointErased(at, state.project, state.created_at)]
