"""A request of a known caller for a known route: what a route's handler gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pydantic import BaseModel

from vectorlog.api.dialect import Dialect
from vectorlog.api.input import parse
from vectorlog.api.input.form import Form
from vectorlog.api.input.queries import NoParameters
from vectorlog.api.request import Request
from vectorlog.api.response import Response
from vectorlog.deployment import Deployment
from vectorlog.domain import ids
from vectorlog.domain.errors import Invalid
from vectorlog.files.blobs import Blobs
from vectorlog.use_cases.actor import Actor

M = TypeVar("M", bound=BaseModel)


class SendBlob(Protocol):
    """Makes the response that brings a blob to the client.

    The editions differ here: the local one sends the file itself, AWS sends a small one and redirects to the bucket for
    a large one.
    """

    def __call__(self, blobs: Blobs, key: str, filename: str, headers: Mapping[str, str]) -> Response:
        """The response, with these headers; `filename` is what the client saves it as.

        Raises:
            NoSuchBlob: the blob does not exist.
        """
        ...


_KINDS: Mapping[str, ids.Kind] = {"vector_store_id": "vs", "file_id": "file", "batch_id": "vsfb"}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a route.

    Attributes:
        ids: the path parameters, decoded.
    """

    deployment: Deployment
    send_blob: SendBlob
    dialect: Dialect
    actor: Actor
    ids: Mapping[str, str]
    request: Request

    @property
    def form(self) -> Form | None:
        """The form that was sent, if one was."""
        return self.request.body if isinstance(self.request.body, Form) else None

    def id(self, name: str) -> str:
        """A path parameter.

        Raises:
            Invalid: it is not an id of its kind.
        """
        return parse.identifier(_KINDS[name], self.ids[name], name)

    def body(self, schema: type[M]) -> M:
        """The JSON body.

        Raises:
            Invalid: it is a form, or does not fit the schema.
        """
        if isinstance(self.request.body, Form):
            raise Invalid("This endpoint expects a JSON body (application/json), not a form.", code=None)
        return parse.json_body(schema, self.request.body)

    def query(self, schema: type[M]) -> M:
        """The query string.

        Raises:
            Invalid: it does not fit the schema.
        """
        return parse.query_string(schema, self.request.query)

    def no_query(self) -> None:
        """Refuses any query string."""
        self.query(NoParameters)
