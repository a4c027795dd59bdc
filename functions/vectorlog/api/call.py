"""The argument of a route's handler: an authenticated request for a known route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pydantic import BaseModel

from vectorlog.api import auth
from vectorlog.api.dialect import Dialect
from vectorlog.api.input import parse
from vectorlog.api.input.form import Form
from vectorlog.api.input.queries import NoParameters
from vectorlog.api.request import Request
from vectorlog.api.response import Response
from vectorlog.deployment import Deployment
from vectorlog.domain import ids
from vectorlog.domain.api_key import Credential, Scope
from vectorlog.domain.errors import Invalid
from vectorlog.files.blobs import Blobs
from vectorlog.use_cases.actor import Actor

M = TypeVar("M", bound=BaseModel)

FORM_EXPECTED = "This endpoint expects a form (multipart/form-data) with the fields 'file' and 'purpose'."
JSON_EXPECTED = "This endpoint expects a JSON body (application/json), not a form."


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


_KINDS: Mapping[str, ids.Kind] = {"vector_store_id": "vs", "file_id": "file", "batch_id": "vsfb", "key_id": "key"}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a route, with helpers that check the request's parts.

    Attributes:
        credential: what the request's key stands for; it has the route's scope.
        ids: the path parameters, decoded.
    """

    deployment: Deployment
    send_blob: SendBlob
    dialect: Dialect
    credential: Credential
    actor: Actor
    ids: Mapping[str, str]
    request: Request

    @property
    def form(self) -> Form | None:
        """The request's form; None if its body is not a form."""
        return self.request.body if isinstance(self.request.body, Form) else None

    def id(self, name: str) -> str:
        """Returns a path parameter that is an id.

        Raises:
            Invalid: it is not an id of the right kind.
        """
        return parse.identifier(_KINDS[name], self.ids[name], name)

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

    def no_query(self) -> None:
        """Checks that there is no query string.

        Raises:
            Invalid: there is one.
        """
        self.query(NoParameters)
