"""Which refusals an operation may answer, from the error table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vectorlog.api import errors
from vectorlog.api.dialect import Dialect
from vectorlog.api.errors import TABLE
from vectorlog.api.input.json_text import Json
from vectorlog.api.openapi.answers.answer import Error
from vectorlog.api.openapi.schemas import reference
from vectorlog.api.routes import Route
from vectorlog.domain.errors import Conflict, DuplicateContent, KeyReused, NoSpace, QuotaReached, Refused, TooLarge

_DOWNLOAD = "getFileContent"
_EDGES: Mapping[int, str] = {
    408: "The request came too slowly.",
    429: "Too many requests. `retry-after` says when to repeat it.",
    500: "The server had an error; the message quotes the id of the request.",
    502: "The function behind API Gateway failed.",
    504: "The request took too long.",
}
"""What is answered before a request reaches its operation, or when it fails."""
_ELSEWHERE: Json = {
    "description": "On AWS, an answer above 4 MB: the same body is at this address for five minutes, without a key.",
    "headers": {"location": {"schema": {"type": "string", "format": "uri"}}},
}


def _writes(route: Route) -> bool:
    return route.effect == "write"


def _sends_a_body(route: Route) -> bool:
    return route.method == "POST"


def _never(route: Route) -> bool:  # noqa: ARG001  # one of several conditions
    return False


_ONLY_IF: Mapping[type[Refused], Callable[[Route], bool]] = {
    Conflict: _writes,
    DuplicateContent: _writes,
    KeyReused: lambda route: route.repeatable,
    TooLarge: _sends_a_body,
    errors.UnsupportedEncoding: _sends_a_body,
    NoSpace: lambda route: route.grows,
    QuotaReached: lambda route: route.grows,
    errors.UnsatisfiableRange: lambda route: route.operation == _DOWNLOAD,
    errors.UnknownRoute: _never,
    errors.NotOffered: _never,
    errors.WrongMethod: _never,
}
"""Which operations answer a kind of refusal; the others may occur anywhere."""


def responses(route: Route, dialect: Dialect) -> Json:
    """Returns the responses but 200 of an operation, by status."""
    texts: dict[int, list[str]] = {status: [text] for status, text in _EDGES.items()}
    for kind, spec in TABLE.items():
        if kind not in _ONLY_IF or _ONLY_IF[kind](route):
            text = " ".join((kind.__doc__ or "").split()).partition(". ")[0].removesuffix(".")
            texts.setdefault(spec.status or dialect.expired_status, []).append(f"{text}.")
    content = {"application/json": {"schema": reference(Error)}}
    redirects = ("302", "303") if route.operation == _DOWNLOAD else ("303",)
    return dict.fromkeys(redirects, _ELSEWHERE) | {
        str(status): {"description": " ".join(said), "content": content} for status, said in sorted(texts.items())
    }
