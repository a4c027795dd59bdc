"""What tools answer: objects, which a result holds as they are and once more as a text."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vectorlog.api import present, viewer_page
from vectorlog.api.input.json_text import Json
from vectorlog.domain.errors import Invalid, Refused
from vectorlog.domain.ids import is_well_formed
from vectorlog.files.text_parts import TextPart
from vectorlog.use_cases.passages import Place
from vectorlog.use_cases.search import Found, Result
from vectorlog.use_cases.store_files import StoreFileView
from vectorlog.use_cases.vector_stores import StoreView

MOST_BYTES = 1_500_000
"""How large the results of one search may be, in bytes of JSON: see `arguments.MOST_CHARS`."""
LEFT_OUT = "Some results were left out, because the answer would be too large. Ask for fewer, or read the files."

Address = Callable[[str, str, Place | None], str]
"""Returns the address of a place in a file of a store."""


@dataclass(frozen=True, slots=True)
class Document:
    """What the id of a result names: a file in a store, and the passage that was found."""

    store: str
    file: str
    place: Place | None = None

    def __str__(self) -> str:
        """The id."""
        at = "" if self.place is None else f"#{self.place.generation}-{self.place.n}"
        return f"{self.store}/{self.file}{at}"

    @classmethod
    def parse(cls, id: str) -> Document:
        """Returns what an id names.

        Raises:
            Invalid: it is none.
        """
        name, _, at = id.partition("#")
        store, _, file = name.partition("/")
        numbers = at.split("-")
        placed = len(numbers) == 2 and all(each.isascii() and each.isdecimal() and len(each) < 10 for each in numbers)
        if not is_well_formed("vs", store) or not is_well_formed("file", file) or (at and not placed):
            raise Invalid("Invalid 'id': expected the id of a result of search, such as 'vs_…/file-…'.", param="id")
        return cls(store, file, Place(int(numbers[0]), int(numbers[1])) if placed else None)


def found(found: Found, address: Address, warnings: Sequence[str] = ()) -> Json:
    """The results of a search, as many as an answer has room for, and what is missing."""
    shown, size = [], 0
    for each in found.results:
        one = _result(each, address)
        size += len(json.dumps(one, ensure_ascii=False).encode(errors="replace"))
        if size > MOST_BYTES:
            break
        shown.append(one)
    missing = [LEFT_OUT] if len(shown) < len(found.results) else []
    return {"results": shown, "warnings": [*warnings, *(each.message for each in found.warnings), *missing]}


def store(view: StoreView) -> Json:
    """A vector store, with what helps to choose one."""
    shown = present.store(view)
    kept = "id", "name", "description", "status", "file_counts", "metadata", "created_at", "last_active_at"
    return {name: shown[name] for name in kept}


def about(view: StoreFileView, read: TextPart) -> Json:
    """What is known of a file in a store, besides its text."""
    state = view.state
    attributes = state.serving.attributes if state.serving else state.attributes
    return {
        "vector_store_id": view.store,
        "file_id": view.file,
        "filename": state.filename,
        "attributes": dict(attributes),
        "characters": read.characters,
    }


def part(read: TextPart) -> Json:
    """A part of a text, and where to go on."""
    end = read.first + len(read.text)
    return {"text": read.text, "offset": read.first, "next_offset": end if end < read.characters else None}


def title(filename: str, where: str) -> str:
    """The title of a passage: its file's name, and where it is."""
    return f"{filename} ({where})" if where else filename


def succeeded(content: Json) -> Json:
    """The result of a tool that did what it was asked."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return {"content": [{"type": "text", "text": text}], "structuredContent": content, "isError": False}


def refused(error: Refused) -> Json:
    """The result of a tool that refused, in words for the model, with the argument that is wrong."""
    named = not isinstance(error, Invalid) or error.param is None or error.param in error.message
    text = error.message if named else f"{error.message} This is about '{error.param}'."
    return {"content": [{"type": "text", "text": text}], "isError": True}


def _result(each: Result, address: Address) -> Json:
    place = Place(each.generation, each.n)
    return {
        "id": str(Document(each.store, each.file, place)),
        "title": title(each.filename, viewer_page.where(each.location)),
        "url": address(each.store, each.file, place),
        "text": each.text,
        "score": each.score,
        "vector_store_id": each.store,
        "file_id": each.file,
        "filename": each.filename,
        "attributes": dict(each.attributes),
        "location": present.location(each.n, each.location),
    }
