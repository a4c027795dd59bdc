"""Schemas of the requests about webhook endpoints: OpenAI's."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from vectorlog.api.input import refusals
from vectorlog.api.input.no_parameters import NoParameters
from vectorlog.api.input.parse import refused
from vectorlog.api.input.queries import WebhookCursor
from vectorlog.api.input.schemas import Body
from vectorlog.domain.outgoing_event import TYPES, OutgoingType
from vectorlog.use_cases.pages import PageRequest


def _not_blank(value: str) -> str:
    if not value.strip():
        raise refused(lambda path: refusals.string_too_short(path, 1))
    return value


def _in_order(types: list[OutgoingType]) -> list[OutgoingType]:
    """Returns the types once each, in the order in which they are listed everywhere."""
    return [each for each in TYPES if each in types]


Name = Annotated[str, AfterValidator(_not_blank), Field(max_length=256)]
Url = Annotated[str, Field(min_length=1, max_length=2048)]
Types = Annotated[list[OutgoingType], AfterValidator(_in_order), Field(min_length=1, max_length=100)]


class EndpointCreation(Body):
    """A new webhook endpoint."""

    name: Name
    """What it is for."""
    url: Url
    """Where events are sent: an https URL on the public internet."""
    event_types: Types
    """What is sent."""


class EndpointChange(Body):
    """What to change of a webhook endpoint. It is enabled too, if it was disabled."""

    name: Name | None = None
    """What it is for."""
    url: Url | None = None
    """Where events are sent: an https URL on the public internet."""
    event_types: Types | None = None
    """What is sent."""


class Rotation(Body):
    """How to give an endpoint another secret."""

    keep_old_secret_active_for_24_hours: bool | None = None
    """Whether the former secret signs too, for 24 hours."""


class EndpointTest(Body):
    """A sample event."""

    event_type: OutgoingType
    """Its type."""


class EndpointList(NoParameters):
    """Parameters of the list of webhook endpoints."""

    limit: int = Field(20, ge=1, le=100)
    """How many items at most."""
    order: Literal["asc", "desc"] = "desc"
    """By time of creation."""
    after: WebhookCursor | None = None
    """Only items after this one in the list."""

    @property
    def page(self) -> PageRequest:
        """The requested page."""
        return PageRequest(self.limit, self.order, self.after)
