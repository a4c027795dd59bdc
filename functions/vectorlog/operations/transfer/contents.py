"""What an export says of itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pydantic import TypeAdapter

from vectorlog.event_log.event_log import Commit

T = TypeVar("T")

FORMAT = 1
CONTENTS = "vectorlog-export.json"
"""Written last: an export without it is not whole."""
COMMITS = "commits.jsonl"
"""A commit a line; those of one stream in order."""
OBJECTS = "objects/"


class NotAnExport(Exception):
    """There is no whole export that this version can read; the message says why."""


class Watch(Protocol):
    """Hands items on, and shows how far that is; `total` is None where nobody knows."""

    def __call__(self, label: str, items: Iterable[T], total: int | None) -> Iterator[T]:
        """The same items, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class ModelInUse:
    """A model (`provider:name`) and how many stores that live were made with it."""

    model: str
    dimensions: int
    stores: int


@dataclass(frozen=True, slots=True)
class Contents:
    """How much there is, and what searching it takes; `size` is of the objects, in bytes."""

    commits: int
    objects: int
    size: int
    models: tuple[ModelInUse, ...]
    format: int = FORMAT


_CONTENTS = TypeAdapter(Contents)
_COMMIT = TypeAdapter(Commit)


def encode(contents: Contents) -> bytes:
    """As JSON text."""
    return _CONTENTS.dump_json(contents, indent=2) + b"\n"


def decode(text: bytes) -> Contents:
    """Of JSON text.

    Raises:
        NotAnExport: a newer version wrote it.
    """
    found = _CONTENTS.validate_json(text)
    if found.format != FORMAT:
        raise NotAnExport(f"The export has format {found.format}; this version of Vectorlog knows format {FORMAT}.")
    return found


def line_of(commit: Commit) -> bytes:
    """A commit as a line."""
    return _COMMIT.dump_json(commit) + b"\n"


def commit_of(line: bytes) -> Commit:
    """The commit of a line."""
    return _COMMIT.validate_json(line)
