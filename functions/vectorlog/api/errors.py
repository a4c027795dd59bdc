"""The error table: status, code and headers of each kind of refusal (docs/contract.md, section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vectorlog.api.dialect import Dialect
from vectorlog.api.response import Response, json_response
from vectorlog.domain.errors import (
    Conflict,
    DuplicateContent,
    Expired,
    Forbidden,
    Invalid,
    KeyReused,
    ModelNotFound,
    NoSpace,
    NotFound,
    Refused,
    TooLarge,
    Unavailable,
)


class Unauthenticated(Refused):
    """The request has no API key."""


class WrongKey(Refused):
    """The API key is unknown or revoked."""


class UnknownRoute(Refused):
    """The path does not exist."""


class NotOffered(Refused):
    """An operation of OpenAI's or MKA1's API that this server does not serve; the message says what to use instead."""


class WrongMethod(Refused):
    """The path exists, but only for the methods in `allow`."""

    def __init__(self, message: str, *, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


class UnsatisfiableRange(Refused):
    """The requested range holds no byte of the file. `size` is the file's size in bytes."""

    def __init__(self, message: str, *, size: int) -> None:
        super().__init__(message)
        self.size = size


@dataclass(frozen=True, slots=True)
class ErrorSpec:
    """How the API answers one kind of error.

    Attributes:
        status: the HTTP status; None if the dialect decides.
        code: `code` in the body. An `Invalid` carries its own.
        type: `type` in the body.
        retry: the value of `x-should-retry`; None leaves it to the client, which repeats 408, 409, 429 and 5xx.
        field: whether `param` may name a field.
    """

    status: int | None
    code: str | None = None
    type: str = "invalid_request_error"
    retry: bool | None = None
    field: bool = True


TABLE: Mapping[type[Refused], ErrorSpec] = {
    Invalid: ErrorSpec(400),  # the error carries the code
    Unauthenticated: ErrorSpec(401),
    WrongKey: ErrorSpec(401, "invalid_api_key"),
    Forbidden: ErrorSpec(403, "permission_denied", field=False),
    NotFound: ErrorSpec(404),
    ModelNotFound: ErrorSpec(404, "model_not_found"),
    UnknownRoute: ErrorSpec(404),
    NotOffered: ErrorSpec(404, "not_offered"),
    WrongMethod: ErrorSpec(405, "method_not_allowed"),
    TooLarge: ErrorSpec(413, "request_too_large"),
    UnsatisfiableRange: ErrorSpec(416),
    Conflict: ErrorSpec(409, "conflict", retry=True),
    DuplicateContent: ErrorSpec(409, "duplicate_file", retry=False),
    KeyReused: ErrorSpec(409, "idempotency_key_reused", retry=False),
    Expired: ErrorSpec(None, "vector_store_expired", field=False),
    NoSpace: ErrorSpec(507, "insufficient_storage", type="server_error", retry=False),
    Unavailable: ErrorSpec(503, "service_unavailable", type="server_error"),
}


def refusal(error: Refused, dialect: Dialect, operation: str) -> Response:
    """Returns the error response to a refused request."""
    spec = next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)
    code = error.code if isinstance(error, Invalid) else spec.code
    code = None if operation in dialect.codeless else code
    return _envelope(
        spec.type,
        spec.status or dialect.expired_status,
        error.message,
        error.param if spec.field else None,
        code,
        _headers(error, spec),
    )


def unexpected(request_id: str) -> Response:
    """Returns the 500 response to an unexpected error. It names the request, and no details of the error."""
    message = f"The server had an error while processing your request. Quote its id when you report it: {request_id}"
    return _envelope("server_error", 500, message, None, None, {})


def _envelope(
    kind: str, status: int, message: str, param: str | None, code: str | None, headers: Mapping[str, str]
) -> Response:
    return json_response({"error": {"message": message, "type": kind, "param": param, "code": code}}, status, headers)


def _headers(error: Refused, spec: ErrorSpec) -> dict[str, str]:
    headers = {} if spec.retry is None else {"x-should-retry": str(spec.retry).lower()}
    match error:
        case Unavailable():
            headers["retry-after"] = str(error.retry_after)
        case WrongMethod():
            headers["allow"] = error.allow
        case UnsatisfiableRange():
            headers["content-range"] = f"bytes */{error.size}"
        case Unauthenticated() | WrongKey():
            headers["www-authenticate"] = "Bearer"
    return headers
