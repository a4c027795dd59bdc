"""Chunks of a file in a store, and where they are in the file."""

from __future__ import annotations

from typing import Literal

from vectorlog.api.openapi.answers.answer import Answer, Count


class Location(Answer):
    """Where a chunk is in its file."""

    chunk: Count
    """Its number in the file."""
    start: Count
    """The position of its first character in the file's text."""
    end: Count
    """The position after its last character."""
    first_page: int | None
    """Null for a file without pages."""
    last_page: int | None
    """Null for a file without pages."""
    sheet: str | None
    """The sheet of a workbook."""
    headings: list[str]
    """The headings above it, from the outermost."""
    page_label: str | None
    """What is printed on its first page as its number, if the document says so."""


class Chunk(Answer):
    """A chunk of a file in a store."""

    id: str
    object: Literal["vector_store.file.chunk"]
    vector_store_id: str
    """The store."""
    file_id: str
    """The uploaded file."""
    text: str
    """The passage, as it stands in the file's text."""
    lead_in: str
    """What a search result shows before the passage: headings, a sheet's name, a table's header; empty if nothing."""
    lead_out: str
    """What a search result shows after the passage: the end of code that was cut; empty otherwise."""
    tokens: Count
    """The passage's length in tokens of `cl100k_base`."""
    location: Location | None
    """Null for a file that was ingested by a version that did not keep it."""
