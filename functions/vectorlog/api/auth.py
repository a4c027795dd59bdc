"""Who asks: the key's project, and the end user that it acts for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vectorlog.api.errors import Unauthenticated, WrongKey
from vectorlog.api.known_keys import KnownKeys
from vectorlog.deployment import Deployment
from vectorlog.domain.errors import Invalid
from vectorlog.domain.tenancy import Caller
from vectorlog.use_cases import api_keys

Authenticate = Callable[[str | None], str | None]
"""The project that a bearer token (None: none was sent) opens, or None."""

DEFAULT_PROJECT = "default"
MAX_HEADER_CHARS = 256


def keys_required(deployment: Deployment, *, remember_ms: int = 0) -> Authenticate:
    """Only keys that were made.

    Args:
        deployment: holds the keys.
        remember_ms: so long a key that was found valid is not looked up again; a revoked one may be let in for as long,
            and no longer. A key that opens nothing is looked up each time, so a new one works at once.
    """
    known = KnownKeys(deployment.clock, remember_ms)

    def authenticate(secret: str | None) -> str | None:
        return None if secret is None else known.project(secret, lambda: api_keys.authenticate(deployment, secret))

    return authenticate


def open_until_first_key(deployment: Deployment) -> Authenticate:
    """As long as no key was ever made, everybody is project `default`; for a server that only this machine reaches."""
    required, closed = keys_required(deployment), False

    def authenticate(secret: str | None) -> str | None:
        nonlocal closed
        closed = closed or api_keys.any_key(deployment)
        return required(secret) if closed else DEFAULT_PROJECT

    return authenticate


def caller(headers: Mapping[str, str], authenticate: Authenticate) -> Caller:
    """The caller of a request.

    Raises:
        Unauthenticated: there is no key.
        WrongKey: it opens nothing.
        Invalid: the end user cannot be one.
    """
    secret = _bearer(headers.get("authorization", ""))
    project = authenticate(secret)
    if project is None and secret is None:
        raise Unauthenticated(
            "You didn't provide an API key. Send it in the Authorization header, as 'Authorization: Bearer YOUR_KEY'."
        )
    if project is None:
        message = (
            f"Incorrect API key provided: {_masked(secret or '')}. Make one with 'vectorlog keys "
            f"create', or ask whoever runs this server."
        )
        raise WrongKey(message)
    return Caller(project, header(headers, "x-on-behalf-of"))


def header(headers: Mapping[str, str], name: str) -> str | None:
    """An optional header of 1 to 256 printable characters.

    Raises:
        Invalid: it has none, more, or others.
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
    """Enough to recognise a key by, too little to use it."""
    return f"{secret[:4]}{'*' * 8}{secret[-4:]}" if len(secret) >= 24 else "*" * 8
