"""The manifest of a batch: the distinct files that it names, each with its settings, stored once.

Up to 6 KB compressed it lives in the event that opens the batch; above that as an object, written before that event,
and the event keeps its address (ARCHITECTURE.md, "Streams"). No state holds it.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vectorlog.domain.chunking import AUTO, Chunking
from vectorlog.domain.filters import Scalar

INLINE_BYTES = 6144
"""8 KB as text: what DynamoDB takes to write those is what S3 takes for an object (`tools/prices.toml`)."""


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One file of a batch and how to attach it."""

    file: str
    attributes: Mapping[str, Scalar] = field(default_factory=dict)
    chunking: Chunking = AUTO


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where the list is: `inline` holds it, or `object` names the object that does. `count` files are in it."""

    count: int
    inline: str | None = None
    object: str | None = None


def pack(listed: Sequence[BatchItem]) -> bytes:
    """The list as compressed JSON, settings shared by many files written once."""
    settings: list[list[object]] = []
    known: dict[str, int] = {}
    files: list[list[object]] = []
    for each in listed:
        entry: list[object] = [
            dict(each.attributes),
            each.chunking.type,
            each.chunking.max_tokens,
            each.chunking.overlap,
        ]
        key = json.dumps(entry, sort_keys=True)
        if key not in known:
            known[key] = len(settings)
            settings.append(entry)
        files.append([each.file, known[key]])
    return zlib.compress(json.dumps({"settings": settings, "files": files}, separators=(",", ":")).encode(), 6)


def unpack(packed: bytes) -> tuple[BatchItem, ...]:
    """The list that `pack` was given, in its order."""
    content = json.loads(zlib.decompress(packed))
    settings = [(attributes, Chunking(kind, size, overlap)) for attributes, kind, size, overlap in content["settings"]]
    return tuple(BatchItem(file, *settings[place]) for file, place in content["files"])


def inline(listed: Sequence[BatchItem], packed: bytes) -> Manifest | None:
    """A manifest that holds the list itself, or None where it is too large for an event."""
    return Manifest(len(listed), inline=base64.b64encode(packed).decode()) if len(packed) <= INLINE_BYTES else None


def read_inline(text: str) -> tuple[BatchItem, ...]:
    """The list that a manifest's `inline` holds."""
    return unpack(base64.b64decode(text))
