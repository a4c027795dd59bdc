"""The format of an export: its table of contents and its commits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from pydantic import TypeAdapter

from vectorlog.event_log.event_log import Commit

T = TypeVar("T")

FORMAT = 1
CONTENTS = "vectorlog-export.json"
"""The table of contents. It is written last, so an export without it is incomplete."""
COMMITS = "commits.jsonl"
"""One commit per line; those of one stream are in order."""
DELETIONS = "deletions.jsonl"
"""Further commits of stores and files that were deleted while the objects were copied. Older exports have none."""
OBJECTS = "objects/"


class NotAnExport(Exception):
    """There is no complete export that this version can read, or none can be written there. The message says why."""


@dataclass(frozen=True, slots=True)
class ModelInUse:
    """A model (`provider:name`), and the number of stores that use it and are neither expired nor deleted."""

    model: str
    dimensions: int
    stores: int


@dataclass(frozen=True, slots=True)
class Contents:
    """The table of contents: what an export holds, and which models it needs.

    Attributes:
        commits: the number of commits in `COMMITS`.
        objects: the number of objects.
        size: their bytes.
        models: the models in use.
        format: of the export.
        deletions: the number of commits in `DELETIONS`.
        missing: keys of objects that the commits need and that were not there, and folders of incomplete artefacts.
    """

    commits: int
    objects: int
    size: int
    models: tuple[ModelInUse, ...]
    format: int = FORMAT
    deletions: int = 0
    missing: tuple[str, ...] = ()


_CONTENTS = TypeAdapter(Contents)
_COMMIT = TypeAdapter(Commit)


def encode(contents: Contents) -> bytes:
    """Encodes a table of contents as JSON."""
    return _CONTENTS.dump_json(contents, indent=2) + b"\n"


def decode(text: bytes) -> Contents:
    """Decodes a table of contents from JSON.

    Raises:
        NotAnExport: this version does not know its format.
    """
    contents = _CONTENTS.validate_json(text)
    if contents.format != FORMAT:
        raise NotAnExport(f"The export has format {contents.format}; this version of Vectorlog knows format {FORMAT}.")
    return contents


def line_of(commit: Commit) -> bytes:
    """Encodes a commit as a line."""
    return _COMMIT.dump_json(commit) + b"\n"


def commit_of(line: bytes) -> Commit:
    """Decodes a commit from a line."""
    return _COMMIT.validate_json(line)
