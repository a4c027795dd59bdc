"""One request as a route gets it, and its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel

from vectorlog.api import parse
from vectorlog.api.dialect import Dialect, Json
from vectorlog.api.form import Form
from vectorlog.api.queries import NoParameters
from vectorlog.api.transport import Transport
from vectorlog.deployment import Deployment
from vectorlog.domain import ids
from vectorlog.domain.errors import Invalid
from vectorlog.use_cases.actor import Actor

M = TypeVar("M", bound=BaseModel)

_KINDS: Mapping[str, ids.Kind] = {"vector_store_id": "vs", "file_id": "file", "batch_id": "vsfb"}


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request as it came in.

    Attributes:
        headers: names in lower case.
        ids: path parameters, decoded.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    ids: Mapping[str, str]
    body: bytes
    request_id: str

    @property
    def content_type(self) -> str:
        """Of the body, with its parameters; empty if not said."""
        return self.headers.get("content-type", "")


@dataclass(frozen=True, slots=True)
class Request:
    """A request of a known caller."""

    deployment: Deployment
    transport: Transport
    dialect: Dialect
    actor: Actor
    arrived: Arrived
    form: Form | None = None

    def id(self, name: str) -> str:
        """A path parameter.

        Raises:
            Invalid: it is no id of its kind.
        """
        return parse.identifier(_KINDS[name], self.arrived.ids[name], name)

    def body(self, schema: type[M]) -> M:
        """The JSON body.

        Raises:
            Invalid: it is a form, or not what the schema reads.
        """
        if self.form is not None:
            raise Invalid("This endpoint expects a JSON body (application/json), not a form.", code=None)
        return parse.json_body(schema, self.arrived.body)

    def query(self, schema: type[M]) -> M:
        """The query string.

        Raises:
            Invalid: it is not what the schema reads.
        """
        return parse.query_string(schema, self.arrived.query)

    def no_query(self) -> None:
        """Refuses any query string."""
        self.query(NoParameters)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answers. A body of bytes needs a `content-type` among the headers."""

    body: Json | bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
