"""The error table: status, code and headers of each kind of refusal (docs/contract.md, section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vectorlog.api.dialect import Dialect
from vectorlog.api.request import Answer
from vectorlog.domain.errors import (
    Conflict,
    DuplicateContent,
    Expired,
    Forbidden,
    Invalid,
    KeyReused,
    NotFound,
    Refused,
    TooLarge,
    Unavailable,
)


class Unauthenticated(Refused):
    """No key came with the request."""


class WrongKey(Refused):
    """The key opens nothing."""


class UnknownRoute(Refused):
    """No such path."""


class WrongMethod(Refused):
    """The path is there, for the methods in `allow`."""

    def __init__(self, message: str, *, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


@dataclass(frozen=True, slots=True)
class Row:
    """How an error is told.

    Attributes:
        status: None where the dialect decides.
        retry: what `x-should-retry` says; None leaves it to the client, which repeats 408, 409, 429 and 5xx.
        field: whether `param` may name a field.
    """

    status: int | None
    code: str | None = None
    type: str = "invalid_request_error"
    retry: bool | None = None
    field: bool = True


TABLE: Mapping[type[Refused], Row] = {
    Invalid: Row(400),  # brings its own code
    Unauthenticated: Row(401),
    WrongKey: Row(401, "invalid_api_key"),
    Forbidden: Row(403, "permission_denied", field=False),
    NotFound: Row(404),
    UnknownRoute: Row(404),
    WrongMethod: Row(405, "method_not_allowed"),
    TooLarge: Row(413, "request_too_large"),
    Conflict: Row(409, "conflict", retry=True),
    DuplicateContent: Row(409, "duplicate_file", retry=False),
    KeyReused: Row(409, "idempotency_key_reused", retry=False),
    Expired: Row(None, "vector_store_expired", field=False),
    Unavailable: Row(503, "service_unavailable", type="server_error"),
}


def refusal(error: Refused, dialect: Dialect, operation: str) -> Answer:
    """The envelope of what was refused."""
    row = next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)
    code = error.code if isinstance(error, Invalid) else row.code
    code = None if operation in dialect.codeless else code
    return _envelope(
        row.type,
        row.status or dialect.expired_status,
        error.message,
        error.param if row.field else None,
        code,
        _headers(error, row),
    )


def unexpected(request_id: str) -> Answer:
    """The envelope of an error that nobody expected: it says where to look, never what."""
    message = f"The server had an error while processing your request. Quote its id when you report it: {request_id}"
    return _envelope("server_error", 500, message, None, None, {})


def _envelope(
    kind: str, status: int, message: str, param: str | None, code: str | None, headers: Mapping[str, str]
) -> Answer:
    return Answer({"error": {"message": message, "type": kind, "param": param, "code": code}}, status, headers)


def _headers(error: Refused, row: Row) -> dict[str, str]:
    headers = {} if row.retry is None else {"x-should-retry": str(row.retry).lower()}
    match error:
        case Unavailable():
            headers["retry-after"] = str(error.retry_after)
        case WrongMethod():
            headers["allow"] = error.allow
        case Unauthenticated() | WrongKey():
            headers["www-authenticate"] = "Bearer"
    return headers
