"""The argument of a route's handler: an authenticated request for a known route."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pydantic import BaseModel

from vectorlog.api import auth, rate_headers
from vectorlog.api.dialect import Dialect
from vectorlog.api.input import parse
from vectorlog.api.input.form import Form
from vectorlog.api.input.no_parameters import NoParameters
from vectorlog.api.request import Request
from vectorlog.api.response import Response
from vectorlog.deployment import Deployment
from vectorlog.domain import ids
from vectorlog.domain.api_key import Credential, Scope
from vectorlog.domain.errors import Invalid
from vectorlog.files.blobs import Blobs
from vectorlog.use_cases import limits
from vectorlog.use_cases.actor import Actor

M = TypeVar("M", bound=BaseModel)

JSON_EXPECTED = "This endpoint expects a JSON body (application/json), not a form."


def form_expected(field: str) -> str:
    """Returns the message for a body that should be a form with this file field."""
    fields = "the field 'data'" if field == "data" else "the fields 'file' and 'purpose'"
    return f"This endpoint expects a form (multipart/form-data) with {fields}."


class SendBlob(Protocol):
    """Builds the response that sends a blob to the client.

    The editions differ here: the local edition sends the file itself. AWS sends a small file's bytes, and redirects to
    the bucket for a large file.
    """

    def __call__(self, blobs: Blobs, key: str, filename: str, headers: Mapping[str, str]) -> Response:
        """Returns the response, with these headers. The client saves the blob as `filename`.

        Raises:
            NoSuchBlob: the blob does not exist.
        """
        ...


class SignPart(Protocol):
    """Makes the address to which anyone can PUT the bytes of one part for a while."""

    def __call__(self, request: Request, upload: str, part: str, size: int, seconds: int) -> str:
        """Returns the address for exactly `size` bytes, valid for `seconds`. The request asks for it."""
        ...


def no_direct_parts(request: Request, upload: str, part: str, size: int, seconds: int) -> str:  # noqa: ARG001
    """Implements SignPart for a server that takes parts only through its API.

    Raises:
        Invalid: always.
    """
    raise Invalid("This server does not take 'direct_upload'. Send the parts to it.", param="direct_upload")


KINDS: Mapping[str, ids.Kind] = {
    "vector_store_id": "vs",
    "file_id": "file",
    "batch_id": "vsfb",
    "upload_id": "upload",
    "key_id": "key",
    "webhook_endpoint_id": "we",
}
"""The kind of each path parameter that is an id."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a route, with helpers that check the request's parts.

    Attributes:
        credential: what the request's key stands for; it has the route's scope.
        ids: the path parameters, decoded.
        take: refuses a number of bytes that would not fit the disk, and counts those that do.
        sign_part: makes the addresses of direct parts.
    """

    deployment: Deployment
    send_blob: SendBlob
    dialect: Dialect
    credential: Credential
    actor: Actor
    ids: Mapping[str, str]
    request: Request
    take: Callable[[int], None]
    sign_part: SignPart

    @property
    def form(self) -> Form | None:
        """The request's form; None if its body is not a form."""
        return self.request.body if isinstance(self.request.body, Form) else None

    def id(self, name: str) -> str:
        """Returns a path parameter that is an id.

        Raises:
            Invalid: it is not an id of the right kind.
        """
        return parse.identifier(KINDS[name], self.ids[name], name)

    def body(self, schema: type[M]) -> M:
        """Returns the JSON body, checked against a schema.

        Raises:
            Invalid: it is a form, or does not match the schema.
        """
        if isinstance(self.request.body, Form):
            raise Invalid(JSON_EXPECTED, code=None)
        return parse.json_body(schema, self.request.body)

    def query(self, schema: type[M]) -> M:
        """Returns the query string, checked against a schema.

        Raises:
            Invalid: it does not match the schema.
        """
        return parse.query_string(schema, self.request.query)

    def check_scope(self, needed: Scope) -> None:
        """Checks that the key has a scope that only some requests to this route need.

        Raises:
            Forbidden: it does not.
        """
        auth.check_scope(self.credential, needed)

    def count_files(self, files: int) -> dict[str, str]:
        """Counts files that the request is to attach; returns the headers that say how many more are possible now.

        Raises:
            RateLimited: the project has attached as many files as it may in this minute.
            QuotaReached: so many files at once are never possible.
        """
        allowance = limits.count_files(self.deployment, self.actor.caller.project, files)
        return rate_headers.of("files_per_minute", allowance)

    def no_query(self) -> None:
        """Checks that there is no query string.

        Raises:
            Invalid: there is one.
        """
        self.query(NoParameters)
