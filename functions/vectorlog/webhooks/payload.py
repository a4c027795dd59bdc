"""An event as others receive it: OpenAI's event object. `docs/events.md` has its schema."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from vectorlog.domain.outgoing_event import OutgoingEvent, OutgoingType


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCounts:
    """How the files of a batch ended."""

    in_progress: Annotated[int, Field(description="Always 0.")] = 0
    completed: int
    failed: int
    cancelled: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventError:
    """Why a file failed."""

    code: Annotated[str, Field(description="As `last_error.code` of the file in the store, which has a sentence too.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventData:
    """The thing to which it happened. A field that does not apply is left out."""

    id: Annotated[str, Field(description="Of the file, the batch or the store.")]
    vector_store_id: Annotated[str | None, Field(description="The store of the file or batch.")] = None
    last_error: Annotated[EventError | None, Field(description="Only of a file that failed.")] = None
    file_counts: Annotated[FileCounts | None, Field(description="Only of a batch.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event, in OpenAI's form."""

    __pydantic_config__ = ConfigDict(title="Event")

    id: Annotated[
        str,
        Field(description="The same each time that this event is sent. Leave out events whose id you have handled."),
    ]
    object: Literal["event"] = "event"
    created_at: Annotated[int, Field(description="When it happened, in seconds since 1970.")]
    type: OutgoingType
    data: EventData
    project: Annotated[
        str | None, Field(description="Whose event it is. Only on an event bus, which gets those of all projects.")
    ] = None


def encode(event: OutgoingEvent, project: str | None = None) -> str:
    """Returns an event as JSON text, for an event bus with its project."""
    counts = FileCounts(**event.counts) if event.counts else None
    about = EventData(
        id=event.subject,
        vector_store_id=event.store if event.store and event.store != event.subject else None,
        last_error=EventError(code=event.code) if event.code else None,
        file_counts=counts,
    )
    shown = Event(id=event.id, created_at=event.at // 1000, type=event.type, data=about, project=project)
    return _adapter().dump_json(shown, exclude_none=True).decode()


def schema() -> dict[str, object]:
    """Returns the JSON schema of an event."""
    return _adapter().json_schema(mode="serialization")


@cache
def _adapter() -> TypeAdapter[Event]:
    return TypeAdapter(Event)
