"""API keys: create, list, revoke, and check."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from vectorlog.domain import api_key
from vectorlog.domain.errors import Invalid, NotFound
from vectorlog.event_log import codec
from vectorlog.event_log.codec import API_KEY
from vectorlog.event_log.provenance import meta_of
from vectorlog.event_log.streams import Streams
from vectorlog.views import keys
from vectorlog.views.views import Views

_OPERATOR = meta_of("operator")
"""Keys are made and revoked by command, not by a request."""


class LogAndViews(Protocol):
    """The part of an edition that keys need."""

    @property
    def streams(self) -> Streams:
        """The log, decoded."""
        ...

    @property
    def views(self) -> Views:
        """Rows made from it."""
        ...

    @property
    def clock(self) -> Callable[[], int]:
        """Ms since 1970."""
        ...


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as it is shown; the secret is not among it."""

    id: str
    state: api_key.State


def create(log_and_views: LogAndViews, project: str, name: str) -> tuple[KeyView, str]:
    """Makes a key; gives it with its secret, which nothing keeps.

    Raises:
        Invalid: the project's name is not one.
    """
    # Lists are kept by project, or by project and end user (`views/keys.py`): a project named `a/b` would be read as
    # user b of project a.
    if not project.strip() or not project.isprintable() or "/" in project or "#" in project:
        raise Invalid("A project's name is printable and holds neither '/' nor '#'.", param="project")
    secret = api_key.SECRET_PREFIX + secrets.token_urlsafe(32)
    created = api_key.ApiKeyCreated(log_and_views.clock(), project, name, api_key.hash_of(secret))
    key = api_key.id_of(secret)
    outcome = log_and_views.streams.decide(API_KEY, key, lambda state: api_key.create(state, created), meta=_OPERATOR)
    if outcome.decision:
        log_and_views.views.apply([outcome.decision])
    return KeyView(key, outcome.state), secret


def list_all(log_and_views: LogAndViews, project: str | None = None) -> list[KeyView]:
    """The keys of a project, or of all; revoked ones too, oldest first."""
    found: list[KeyView] = []
    after = None
    while rows := log_and_views.views.table.query(keys.api_key("").pk, after=after, limit=1000):
        for row in rows:
            state = codec.decode_state(API_KEY, row.data) or log_and_views.streams.load(API_KEY, row.key.sk).state
            if project in (None, state.project):
                found.append(KeyView(row.key.sk, state))
        after = rows[-1].key.sk
    return sorted(found, key=lambda view: (view.state.created_at, view.id))


def revoke(log_and_views: LogAndViews, key: str) -> KeyView:
    """Revokes a key; a second time changes nothing.

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


def authenticate(log_and_views: LogAndViews, secret: str) -> str | None:
    """The project that a secret opens, or None; one load, and the same work for a wrong secret as for a right one."""
    state = log_and_views.streams.load(API_KEY, api_key.id_of(secret)).state
    return state.project if state.opened_by(secret) else None


def any_key(log_and_views: LogAndViews) -> bool:
    """Whether a key was ever made."""
    return bool(log_and_views.views.table.query(keys.api_key("").pk, limit=1))
