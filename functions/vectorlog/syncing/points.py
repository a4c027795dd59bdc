"""Points of another vector database: texts with metadata, and which of them are parts of one document."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

LONGEST_KEY = 64
LONGEST_VALUE = 512
"""Characters of an attribute's key and value (docs/contract.md, section 5.1)."""
_TEXTS = ("page_content", "document", "text", "content", "chunk", "body")
"""Where LangChain, the client of Qdrant, LlamaIndex, Haystack and others keep the text."""
_DOCUMENTS = (
    "source",
    "file_path",
    "file_name",
    "filename",
    "path",
    "url",
    "document_id",
    "ref_doc_id",
    "doc_id",
    "source_id",
)
"""Where the same keep which document a text is of, the most telling first."""
_PAGES = ("page", "page_number")
_PLACES = ("chunk_index", "chunk", "chunk_id", "split_id", "start_index", "index")
_NODE = "_node_content"
"""Where LlamaIndex keeps a node as JSON."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection: its id, which is like no other's, its name, and its metadata."""

    id: str
    name: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """A point: its id, its text, which is empty if it has none, and all else that is kept of it, flat."""

    id: str
    text: str
    values: Mapping[str, Any]


class PointSource(Protocol):
    """Another vector database, which is only read."""

    def collections(self) -> Sequence[Collection]:
        """Its collections.

        Raises:
            SourceUnusable: it cannot be read.
            Refused: it cannot be reached, or refused the key.
        """

    def points(self, collection: Collection) -> Iterator[Point]:
        """The points of a collection; raises as `collections`."""

    def unread(self, collection: Collection) -> str:
        """What of a collection cannot be read, in a sentence; empty if all can."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which key has what.

    Attributes:
        text: the key of the text; empty if it is to be found out.
        document: the key of the document that a point is a part of; empty if it is to be found out.
        apart: every point is a document of its own.
    """

    text: str = ""
    document: str = ""
    apart: bool = False

    def point(self, id: str, payload: Mapping[str, Any]) -> Point:
        """A point as databases keep it that know no text, only a payload."""
        flat = flattened(payload)
        node = _node_text(flat.get(_NODE))
        for key in (self.text,) if self.text else _TEXTS:
            if isinstance(flat.get(key), str) and flat[key].strip():
                return Point(id, flat[key], _without(flat, key))
        return Point(id, "" if self.text else node, _without(flat, _NODE))

    def document_of(self, point: Point) -> str | None:
        """The name of the document that a point is a part of, or None if it is one by itself."""
        if self.apart:
            return None
        for key in (self.document,) if self.document else _DOCUMENTS:
            value = point.values.get(key)
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
                return str(value)
        return None


def place_of(point: Point) -> tuple[float, float]:
    """What the points of a document are ordered by: the page, and the place on it; 0 where nothing says it."""
    return _first_number(point.values, _PAGES), _first_number(point.values, _PLACES)


def flattened(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A payload whose `metadata` (LangChain, LlamaIndex) or `meta` (Haystack) is no object of its own."""
    flat = dict(payload)
    for key in ("metadata", "meta"):
        if isinstance(flat.get(key), dict):
            flat = flat.pop(key) | flat
    return flat


def unfit(key: str, value: Any) -> str:  # noqa: ANN401  # JSON
    """Why something cannot be an attribute, or empty if it can."""
    match value:
        case bool():
            fits = True
        case int() | float():
            fits = math.isfinite(value)
        case str() if len(value) > LONGEST_VALUE:
            return f"it is longer than {LONGEST_VALUE} characters"
        case str():
            fits = True
        case _:
            fits = False
    if not fits:
        return "it is no text, number or boolean"
    return "" if 0 < len(key) <= LONGEST_KEY else f"its name is longer than {LONGEST_KEY} characters"


def _without(flat: Mapping[str, Any], text: str) -> dict[str, Any]:
    return {key: value for key, value in flat.items() if key != text and not key.startswith("_node_")}


def _node_text(node: object) -> str:
    if not isinstance(node, str):
        return ""
    try:
        text = json.loads(node)["text"]
    except (ValueError, KeyError, TypeError):
        return ""
    return text if isinstance(text, str) else ""


def _first_number(values: Mapping[str, Any], keys: Sequence[str]) -> float:
    for key in keys:
        value = values.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    return 0.0
