"""Schemas of query strings (docs/contract.md, section 1.1)."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from vectorlog.api.input import refusals
from vectorlog.api.input.no_parameters import NoParameters
from vectorlog.api.input.parse import id_schema, refused
from vectorlog.domain import ids
from vectorlog.use_cases.chunk_list import ChunkId, ChunkPage
from vectorlog.use_cases.history import HistoryRequest
from vectorlog.use_cases.pages import PageRequest

LATEST = 253_402_300_799
"""The end of the year 9999, in seconds since 1970."""


def _cursor(kind: ids.Kind) -> AfterValidator:
    def check(value: str) -> str:
        if not ids.is_well_formed(kind, value):
            raise refused(lambda path: refusals.wrong_id(path, value, ids.PREFIX[kind]))
        return value

    return AfterValidator(check)


StoreCursor = Annotated[str, _cursor("vs"), WithJsonSchema(id_schema("vs"))]
WebhookCursor = Annotated[str, _cursor("we"), WithJsonSchema(id_schema("we"))]
KeyCursor = Annotated[str, _cursor("key"), WithJsonSchema(id_schema("key"))]
FileCursor = Annotated[str, _cursor("file"), WithJsonSchema(id_schema("file"))]


class Deletion(NoParameters):
    """Parameters of a DELETE that may also erase the history."""

    erase: bool = False
    """Whether the history is erased too. It needs a key of scope `admin`."""


class Moment(NoParameters):
    """Parameters of a GET that may show a thing as it was: `at` is in seconds since 1970."""

    at: int | None = Field(None, ge=0, le=LATEST)
    """Show it as it was at the end of this second, since 1970."""

    @property
    def at_ms(self) -> int | None:
        """The end of that second, in ms, so that what is shown with a time is in the state of that time."""
        return None if self.at is None else self.at * 1000 + 999


class EventList(NoParameters):
    """Parameters of a list of events; `after` is the id of an event, which is the number of its commit."""

    limit: int = Field(20, ge=1, le=100)
    """How many items at most."""
    order: Literal["asc", "desc"] = "desc"
    """By time."""
    after: int | None = Field(None, ge=0)
    """Only items after this one in the list."""

    @property
    def page(self) -> HistoryRequest:
        """The requested page."""
        return HistoryRequest(self.limit, self.order, self.after)


_CHUNK = re.compile(r"chunk-(\d{1,12})-(\d{1,12})", re.ASCII)
_CHUNK_SCHEMA = {"type": "string", "pattern": "^chunk-[0-9]{1,12}-[0-9]{1,12}$"}


def _chunk(value: object) -> object:
    if not isinstance(value, str):
        return value
    match = _CHUNK.fullmatch(value)
    if match is None:
        raise refused(lambda path: refusals.wrong_id(path, value, "chunk-"))
    return ChunkId(int(match[1]), int(match[2]))


class ChunkList(NoParameters):
    """Parameters of the list of a file's chunks."""

    limit: int = Field(20, ge=1, le=100)
    """How many items at most."""
    order: Literal["asc", "desc"] = "asc"
    """By their place in the file."""
    after: Annotated[ChunkId, BeforeValidator(_chunk), WithJsonSchema(_CHUNK_SCHEMA)] | None = None
    """Only items after this one in the list."""

    @property
    def page(self) -> ChunkPage:
        """The requested page."""
        return ChunkPage(self.limit, self.order, self.after)


class FileList(NoParameters):
    """Parameters of the list of files. Any purpose is valid, even one that no file has."""

    limit: int = Field(10_000, ge=1, le=10_000)
    """How many items at most."""
    order: Literal["asc", "desc"] = "desc"
    """By time of creation."""
    after: FileCursor | None = None
    """Only items after this one in the list."""
    purpose: str | None = None
    """Only files of this purpose."""
    sha256: str | None = None
    """Only files with these bytes; MKA1's parameter."""

    @property
    def page(self) -> PageRequest:
        """The requested page."""
        return PageRequest(self.limit, self.order, self.after)


class StoreList(NoParameters):
    """Parameters of the list of stores."""

    limit: int = Field(20, ge=1, le=100)
    """How many items at most."""
    order: Literal["asc", "desc"] = "desc"
    """By time of creation."""
    after: StoreCursor | None = None
    """Only items after this one in the list."""
    before: StoreCursor | None = None
    """Only items before this one in the list."""

    @property
    def page(self) -> PageRequest:
        """The requested page."""
        return PageRequest(self.limit, self.order, self.after, self.before)


class StoreFileList(NoParameters):
    """Parameters of the list of a store's or a batch's files; `filter` is their status."""

    limit: int = Field(20, ge=1, le=100)
    """How many items at most."""
    order: Literal["asc", "desc"] = "desc"
    """By time of creation."""
    after: FileCursor | None = None
    """Only items after this one in the list."""
    before: FileCursor | None = None
    """Only items before this one in the list."""
    filter: Literal["in_progress", "completed", "failed", "cancelled"] | None = None
    """Only files with this status."""

    @property
    def page(self) -> PageRequest:
        """The requested page."""
        return PageRequest(self.limit, self.order, self.after, self.before)


class StoreFileListThen(StoreFileList, Moment):
    """Parameters of the list of a store's files, which may be shown as it was."""
