"""Authentication: finds what the key of a request stands for, and the end user for whom it acts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from vectorlog.api.errors import Unauthenticated, WrongKey
from vectorlog.api.known_keys import KnownKeys
from vectorlog.deployment import Deployment
from vectorlog.domain import api_key
from vectorlog.domain.api_key import Credential, Scope, includes
from vectorlog.domain.errors import Forbidden, Invalid
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log.streams import Loaded
from vectorlog.use_cases import api_keys

Authenticate = Callable[[str | None], Credential | None]
"""Returns what a bearer token stands for, or None if it opens nothing. The token is None if the request has none."""

DEFAULT_PROJECT = "default"
OPEN = Credential(DEFAULT_PROJECT, "admin", all_projects=True)
"""What a request to a server without keys stands for."""
MAX_HEADER_CHARS = 256
REMEDY = "Create one with 'vectorlog keys create', or ask the operator of this server."


Later = Callable[[Callable[[], None]], object]
"""Runs something for which no request waits."""


def at_once(step: Callable[[], None]) -> None:
    """Implements Later for an edition that is stopped once it has answered."""
    step()


def keys_required(deployment: Deployment, *, remember_ms: int = 0, later: Later = at_once) -> Authenticate:
    """Accepts only existing API keys.

    Args:
        deployment: holds the keys.
        remember_ms: how long a valid key is remembered without another look-up, and so how long a revoked key may
            still be accepted. An invalid key is looked up each time, so a new key works immediately.
        later: records the time of a key's last use.
    """
    known, noting = KnownKeys(deployment.clock, remember_ms), set[str]()

    def authenticate(secret: str | None) -> Credential | None:
        look_up = partial(_look_up, deployment, secret or "", later, noting)
        found = None if secret is None else known.credential(secret, look_up)
        if found is not None and found.expired(deployment.clock()):
            raise WrongKey(f"The API key provided has expired: {_masked(secret or '')}. {REMEDY}")
        return found

    return authenticate


def _look_up(deployment: Deployment, secret: str, later: Later, noting: set[str]) -> Credential | None:
    """Looks a key up, and has its use noted; `noting` holds the keys for which that is under way."""
    loaded = api_keys.authenticate(deployment, secret)
    if loaded is None:
        return None
    found = loaded.state.credential(loaded.stream)
    is_due = not found.expired(deployment.clock()) and api_keys.use_is_due(deployment, loaded)
    if is_due and loaded.stream not in noting:
        noting.add(loaded.stream)
        later(partial(_note_use, deployment, loaded, noting))
    return found


def _note_use(deployment: Deployment, loaded: Loaded[api_key.State], noting: set[str]) -> None:
    try:
        api_keys.note_use(deployment, loaded)
    except Exception as error:  # noqa: BLE001  # the request goes on: it does not need the time of its key's last use
        deployment.telemetry.use_not_recorded(loaded.stream, f"{type(error).__name__}: {error}")
    finally:
        noting.discard(loaded.stream)


def open_until_first_key(deployment: Deployment, *, later: Later = at_once) -> Authenticate:
    """Lets every request do everything in project `default` until the first key is created. For a server on loopback
    only.
    """
    required, closed = keys_required(deployment, later=later), False

    def authenticate(secret: str | None) -> Credential | None:
        nonlocal closed
        closed = closed or api_keys.any_key(deployment)
        return required(secret) if closed else OPEN

    return authenticate


def credential(headers: Mapping[str, str], authenticate: Authenticate) -> Credential:
    """Returns what the key of a request stands for.

    Raises:
        Unauthenticated: the request has no key, and one is required.
        WrongKey: the key is unknown, revoked or expired.
    """
    secret = bearer(headers)
    found = authenticate(secret)
    if found is None and secret is None:
        raise Unauthenticated(
            "You didn't provide an API key. Send it in the Authorization header, as 'Authorization: Bearer YOUR_KEY'."
        )
    if found is None:
        raise WrongKey(f"Incorrect API key provided: {_masked(secret or '')}. {REMEDY}")
    return found


def caller(headers: Mapping[str, str], credential: Credential) -> Caller:
    """Returns the caller of a request: the project that its key opens, and the end user that it names.

    Raises:
        Invalid: the end user's name is empty, too long or not printable.
    """
    return Caller(credential.project, header(headers, "x-on-behalf-of"))


def check_scope(credential: Credential, needed: Scope) -> None:
    """Checks that a key may do what needs this scope.

    Raises:
        Forbidden: it may not.
    """
    if not includes(credential.scope, needed):
        raise Forbidden(
            f"You have insufficient permissions for this operation. It needs a key of scope '{needed}', and this key "
            f"has the scope '{credential.scope}'."
        )


def check_administers(credential: Credential, project: str, *, all_projects: bool = False) -> None:
    """Checks that a key may administer a project, or all of them.

    Raises:
        Forbidden: it may not.
    """
    if not credential.administers(project) or (all_projects and not credential.all_projects):
        raise Forbidden(
            f"You have insufficient permissions for this operation. This key administers project "
            f"'{credential.project}' only."
        )


def header(headers: Mapping[str, str], name: str) -> str | None:
    """Returns an optional header, stripped of white space, or None if the request does not have it.

    Raises:
        Invalid: it is not 1 to 256 printable characters.
    """
    value = headers.get(name)
    if value is None:
        return None
    value = value.strip()
    if not 0 < len(value) <= MAX_HEADER_CHARS or not value.isprintable():
        raise Invalid(f"Invalid header '{name}': expected 1 to {MAX_HEADER_CHARS} printable characters.", param=name)
    return value


def bearer(headers: Mapping[str, str]) -> str | None:
    """Returns the bearer token of a request, or None if it has none. Clients for Azure send it as `api-key`."""
    scheme, _, secret = headers.get("authorization", "").strip().partition(" ")
    token = secret.strip() if scheme.lower() == "bearer" else ""
    return token or headers.get("api-key", "").strip() or None


def _masked(secret: str) -> str:
    """Returns enough of a key to recognise it, and too little to use it."""
    return f"{secret[:4]}{'*' * 8}{secret[-4:]}" if len(secret) >= 24 else "*" * 8
