"""API keys: create, list, revoke, and check."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from vectorlog.domain import api_key
from vectorlog.domain.errors import NotFound
from vectorlog.event_log import codec
from vectorlog.event_log.codec import API_KEY
from vectorlog.use_cases.edition import Edition
from vectorlog.views import keys


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as it is shown; the secret is not among it."""

    id: str
    state: api_key.State


def create(edition: Edition, project: str, name: str) -> tuple[KeyView, str]:
    """Makes a key; gives it with its secret, which nothing keeps."""
    secret = api_key.SECRET_PREFIX + secrets.token_urlsafe(32)
    created = api_key.ApiKeyCreated(edition.clock(), project, name, api_key.hash_of(secret))
    key = api_key.id_of(secret)
    outcome = edition.streams.decide(API_KEY, key, lambda state: api_key.create(state, created))
    if outcome.decision:
        edition.views.project([outcome.decision])
    return KeyView(key, outcome.state), secret


def list_all(edition: Edition, project: str | None = None) -> list[KeyView]:
    """The keys of a project, or of all; revoked ones too, oldest first."""
    found: list[KeyView] = []
    after = None
    while rows := edition.views.table.query(keys.api_key("").pk, after=after, limit=1000):
        for row in rows:
            state = codec.decode_state(API_KEY, row.data) or edition.streams.load(API_KEY, row.key.sk).state
            if project in (None, state.project):
                found.append(KeyView(row.key.sk, state))
        after = rows[-1].key.sk
    return sorted(found, key=lambda view: (view.state.created_at, view.id))


def revoke(edition: Edition, key: str) -> KeyView:
    """Revokes a key; a second time changes nothing.

    Raises:
        NotFound: there is no such key.
    """
    at = edition.clock()
    outcome = edition.streams.decide(API_KEY, key, lambda state: api_key.revoke(state, at))
    if not outcome.state.project:
        raise NotFound(f"No such key: {key}")
    if outcome.decision:
        edition.views.project([outcome.decision])
    return KeyView(key, outcome.state)


def authenticate(edition: Edition, secret: str) -> str | None:
    """The project that a secret opens, or None; one load, and the same work for a wrong secret as for a right one."""
    state = edition.streams.load(API_KEY, api_key.id_of(secret)).state
    return state.project if state.opened_by(secret) else None


def any_key(edition: Edition) -> bool:
    """Whether a key was ever made."""
    return bool(edition.views.table.query(keys.api_key("").pk, limit=1))
