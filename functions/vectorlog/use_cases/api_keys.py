"""API keys: create, list, revoke and authenticate."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from vectorlog.domain import api_key
from vectorlog.domain.api_key import Scope
from vectorlog.domain.errors import Invalid, NotFound
from vectorlog.event_log import codec
from vectorlog.event_log.codec import API_KEY, IdempotencyKey
from vectorlog.event_log.provenance import meta_of
from vectorlog.event_log.streams import Loaded, Streams
from vectorlog.use_cases import pages
from vectorlog.use_cases.pages import Page, PageRequest
from vectorlog.views import keys
from vectorlog.views.views import Views

_OPERATOR = meta_of("operator")
"""The meta of commits that no request caused: those of an operator's command, and the time of a key's last use."""

MAX_PROJECT_CHARS = 256


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


@dataclass(frozen=True, slots=True)
class Creator:
    """Who creates a key.

    Attributes:
        meta: of the commit.
        key: the id of the key with which the request came; "" for the operator.
        secret: the secret that the new key gets, so that a repeated request gets the same; None for a random one.
        idempotency: the Idempotency-Key of the request.
    """

    meta: str = _OPERATOR
    key: str = ""
    secret: str | None = None
    idempotency: IdempotencyKey | None = None


def create(
    log_and_views: LogAndViews,
    project: str,
    name: str,
    scope: Scope = "write",
    *,
    expires_at: int | None = None,
    all_projects: bool = False,
    by: Creator = Creator(),
) -> tuple[KeyView, str]:
    """Creates a key, and returns it with its secret, which is not stored anywhere.

    Args:
        log_and_views: where it is stored.
        project: the project that it opens.
        name: what it is for.
        scope: what it may do.
        expires_at: when it stops opening anything, in ms since 1970; None for never.
        all_projects: see `Credential`.
        by: who creates it.

    Raises:
        Invalid: the project's name is not allowed, or the key would administer all projects without the scope to.
        NotFound: the request is a repeated one, and the key was revoked since.
        KeyReused: the Idempotency-Key was used before with another body.
    """
    check_project(project)
    if all_projects and scope != "admin":
        raise Invalid("Only a key of scope 'admin' can administer all projects.", param="all_projects")
    secret = by.secret or api_key.SECRET_PREFIX + secrets.token_urlsafe(32)
    created = api_key.ApiKeyCreated(
        log_and_views.clock(),
        project,
        name,
        api_key.hash_of(secret),
        scope,
        expires_at,
        all_projects,
        api_key.hint_of(secret),
        by.key,
    )
    key = api_key.id_of(secret)
    outcome = log_and_views.streams.decide(
        API_KEY, key, lambda state: api_key.create(state, created), meta=by.meta, key=by.idempotency
    )
    log_and_views.views.show([outcome])
    if outcome.state.revoked_at is not None:
        raise _not_found(key)
    return KeyView(key, outcome.state), secret


def check_project(project: str, param: str = "project") -> None:
    """Checks a project's name.

    Raises:
        Invalid: it is not allowed; `param` names the field.
    """
    # Lists are kept by project, or by project and end user (`views/keys.py`): a project named `a/b` would be read as
    # user b of project a.
    printable = project.strip() and project.isprintable() and len(project) <= MAX_PROJECT_CHARS
    if not printable or "/" in project or "#" in project:
        raise Invalid(
            f"A project's name must be 1 to {MAX_PROJECT_CHARS} printable characters, without '/' and '#'.",
            param=param,
        )


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


def list_page(log_and_views: LogAndViews, project: str | None, request: PageRequest) -> Page[KeyView]:
    """Returns a page of the keys of a project, or of all projects, by time of creation; revoked keys are left out."""
    streams = log_and_views.streams

    def place(key: str) -> str | None:
        state = streams.load(API_KEY, key).state
        return keys.list_row(state.created_at, key) if state.project and project in (None, state.project) else None

    page_range = pages.resolve(request, place)
    rows = pages.read(log_and_views.views.table.query, keys.key_list(project), page_range)
    views = []
    for row in rows:
        key = keys.thing_of(row.key.sk)
        views.append(KeyView(key, codec.decode_state(API_KEY, row.data) or streams.load(API_KEY, key).state))
    return pages.cut(views, page_range)


def get(log_and_views: LogAndViews, key: str) -> KeyView:
    """Returns a key.

    Raises:
        NotFound: there is no such key, or it is revoked.
    """
    state = log_and_views.streams.load(API_KEY, key).state
    if not state.project or state.revoked_at is not None:
        raise _not_found(key)
    return KeyView(key, state)


def revoke(log_and_views: LogAndViews, key: str, meta: str = _OPERATOR) -> KeyView:
    """Revokes a key; repeating it changes nothing.

    Raises:
        NotFound: there is no such key.
    """
    at = log_and_views.clock()
    outcome = log_and_views.streams.decide(API_KEY, key, lambda state: api_key.revoke(state, at), meta=meta)
    if not outcome.state.project:
        raise _not_found(key)
    log_and_views.views.show([outcome])
    return KeyView(key, outcome.state)


def authenticate(log_and_views: LogAndViews, secret: str) -> Loaded[api_key.State] | None:
    """Returns the key with this secret, or None if there is none or it is revoked. Whether it has expired is for the
    caller to check, each time that it is used (`Credential.expired`).

    It loads one stream, and does the same work for a wrong secret as for a right one.
    """
    loaded = log_and_views.streams.load(API_KEY, api_key.id_of(secret))
    return loaded if loaded.state.opened_by(secret) else None


def use_is_due(log_and_views: LogAndViews, loaded: Loaded[api_key.State]) -> bool:
    """Whether `note_use` would record something."""
    return bool(api_key.use(loaded.state, log_and_views.clock()))


def note_use(log_and_views: LogAndViews, loaded: Loaded[api_key.State]) -> None:
    """Records that a key was used, unless its last use was recorded recently. The feed projects it, because no request
    waits to see it.
    """
    at = log_and_views.clock()
    log_and_views.streams.decide(
        API_KEY, loaded.stream, lambda state: api_key.use(state, at), meta=_OPERATOR, loaded=loaded
    )


def _not_found(key: str) -> NotFound:
    return NotFound(f"No such key: {key}", param="key_id")


def any_key(log_and_views: LogAndViews) -> bool:
    """Whether a key was ever created."""
    return bool(log_and_views.views.table.query(keys.api_key("").pk, limit=1))
