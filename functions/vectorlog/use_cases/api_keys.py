"""API keys: create, list, revoke and authenticate."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from vectorlog.domain import api_key
from vectorlog.domain.api_key import Credential
from vectorlog.domain.errors import Invalid, NotFound
from vectorlog.event_log import codec
from vectorlog.event_log.codec import API_KEY
from vectorlog.event_log.provenance import meta_of
from vectorlog.event_log.streams import Streams
from vectorlog.views import keys
from vectorlog.views.views import Views

_OPERATOR = meta_of("operator")
"""Keys are created and revoked by an operator's command, not by a request."""


class LogAndViews(Protocol):
    """The part of a deployment that keys need."""

    @property
    def streams(self) -> Streams:
        """The event log as decoded streams."""
        ...

    @property
    def views(self) -> Views:
        """The rows that are made from the log."""
        ...

    @property
    def clock(self) -> Callable[[], int]:
        """The clock, in ms since 1970."""
        ...


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as it is shown, without its secret."""

    id: str
    state: api_key.State


def create(log_and_views: LogAndViews, project: str, name: str) -> tuple[KeyView, str]:
    """Creates a key, and returns it with its secret, which is not stored anywhere.

    Raises:
        Invalid: the project's name is not allowed.
    """
    # Lists are kept by project, or by project and end user (`views/keys.py`): a project named `a/b` would be read as
    # user b of project a.
    if not project.strip() or not project.isprintable() or "/" in project or "#" in project:
        raise Invalid("A project's name must be printable and contain neither '/' nor '#'.", param="project")
    secret = api_key.SECRET_PREFIX + secrets.token_urlsafe(32)
    created = api_key.ApiKeyCreated(log_and_views.clock(), project, name, api_key.hash_of(secret))
    key = api_key.id_of(secret)
    outcome = log_and_views.streams.decide(API_KEY, key, lambda state: api_key.create(state, created), meta=_OPERATOR)
    if outcome.decision:
        log_and_views.views.apply([outcome.decision])
    return KeyView(key, outcome.state), secret


def list_all(log_and_views: LogAndViews, project: str | None = None) -> list[KeyView]:
    """Returns the keys of a project, or of all projects, the oldest first; revoked keys are included."""
    views: list[KeyView] = []
    after = None
    while rows := log_and_views.views.table.query(keys.api_key("").pk, after=after, limit=1000):
        for row in rows:
            state = codec.decode_state(API_KEY, row.data) or log_and_views.streams.load(API_KEY, row.key.sk).state
            if project in (None, state.project):
                views.append(KeyView(row.key.sk, state))
        after = rows[-1].key.sk
    return sorted(views, key=lambda view: (view.state.created_at, view.id))


def revoke(log_and_views: LogAndViews, key: str) -> KeyView:
    """Revokes a key; repeating it changes nothing.

    Raises:
        NotFound: there is no such key.
    """
    at = log_and_views.clock()
    outcome = log_and_views.streams.decide(API_KEY, key, lambda state: api_key.revoke(state, at), meta=_OPERATOR)
    if not outcome.state.project:
        raise NotFound(f"No such key: {key}")
    if outcome.decision:
        log_and_views.views.apply([outcome.decision])
    return KeyView(key, outcome.state)


def authenticate(log_and_views: LogAndViews, secret: str) -> Credential | None:
    """Returns what a secret stands for, or None. It loads one stream, and does the same work for a wrong secret as for
    a right one.
    """
    key = api_key.id_of(secret)
    state = log_and_views.streams.load(API_KEY, key).state
    return Credential(state.project, "write", key) if state.opened_by(secret) else None


def any_key(log_and_views: LogAndViews) -> bool:
    """Whether a key was ever created."""
    return bool(log_and_views.views.table.query(keys.api_key("").pk, limit=1))
