"""Authentication: finds the caller of a request, which is the key's project and the end user it acts for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vectorlog.api.errors import Unauthenticated, WrongKey
from vectorlog.api.known_keys import KnownKeys
from vectorlog.deployment import Deployment
from vectorlog.domain.errors import Invalid
from vectorlog.domain.tenancy import Caller
from vectorlog.use_cases import api_keys

Authenticate = Callable[[str | None], str | None]
"""Returns the project that a bearer token opens, or None. The token is None if the request has none."""

DEFAULT_PROJECT = "default"
MAX_HEADER_CHARS = 256


def keys_required(deployment: Deployment, *, remember_ms: int = 0) -> Authenticate:
    """Accepts only existing API keys.

    Args:
        deployment: holds the keys.
        remember_ms: how long a valid key is remembered without another look-up, and so how long a revoked key may
            still be accepted. An invalid key is looked up each time, so a new key works immediately.
    """
    known = KnownKeys(deployment.clock, remember_ms)

    def authenticate(secret: str | None) -> str | None:
        return None if secret is None else known.project(secret, lambda: api_keys.authenticate(deployment, secret))

    return authenticate


def open_until_first_key(deployment: Deployment) -> Authenticate:
    """Treats every request as project `default` until the first key is created. For a server on loopback only."""
    required, closed = keys_required(deployment), False

    def authenticate(secret: str | None) -> str | None:
        nonlocal closed
        closed = closed or api_keys.any_key(deployment)
        return required(secret) if closed else DEFAULT_PROJECT

    return authenticate


def caller(headers: Mapping[str, str], authenticate: Authenticate) -> Caller:
    """Returns the caller of a request.

    Raises:
        Unauthenticated: the request has no key, and one is required.
        WrongKey: the key is unknown or revoked.
        Invalid: the end user's name is empty, too long or not printable.
    """
    secret = _bearer(headers.get("authorization", ""))
    project = authenticate(secret)
    if project is None and secret is None:
        raise Unauthenticated(
            "You didn't provide an API key. Send it in the Authorization header, as 'Authorization: Bearer YOUR_KEY'."
        )
    if project is None:
        message = (
            f"Incorrect API key provided: {_masked(secret or '')}. Create one with 'vectorlog keys "
            f"create', or ask the operator of this server."
        )
        raise WrongKey(message)
    return Caller(project, header(headers, "x-on-behalf-of"))


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


def _bearer(authorization: str) -> str | None:
    scheme, _, secret = authorization.strip().partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None


def _masked(secret: str) -> str:
    """Returns enough of a key to recognise it, and too little to use it."""
    return f"{secret[:4]}{'*' * 8}{secret[-4:]}" if len(secret) >= 24 else "*" * 8
