"""The manifest of a batch: the distinct files that it names, each with its settings. It is stored once.

Up to 6 KB compressed, it is part of the event that creates the batch. A larger one is an object that is written before
the event, and the event holds its address (ARCHITECTURE.md, "Streams"). No state contains it.
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
"""These are 8 KB as text, which cost as much to write in DynamoDB as an object costs in S3 (`tools/prices.toml`)."""


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One file of a batch, and the settings with which to attach it. It is `known` if, when the batch was created, the
    file was in the store, or named by another batch that had yet to reach it: the store counts the file already.
    """

    file: str
    attributes: Mapping[str, Scalar] = field(default_factory=dict)
    chunking: Chunking = AUTO
    known: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where a batch's list of `count` files is: in `inline`, or in the object that `object` names. `known` of the files
    are known.
    """

    count: int
    inline: str | None = None
    object: str | None = None
    known: int = 0


@dataclass(frozen=True, slots=True)
class FirstBatch:
    """The batch with which a store was created."""

    id: str
    manifest: Manifest


def pack(listed: Sequence[BatchItem]) -> bytes:
    """Returns the list as compressed JSON, in which settings that several files share are written once."""
    settings: list[list[object]] = []
    positions: dict[tuple[Chunking, str], int] = {}
    files: list[list[object]] = []
    for each in listed:
        key = each.chunking, json.dumps(dict(each.attributes), sort_keys=True) if each.attributes else ""
        if key not in positions:
            positions[key] = len(settings)
            settings.append(
                [dict(each.attributes), each.chunking.type, each.chunking.max_tokens, each.chunking.overlap]
            )
        files.append([each.file, positions[key], *([1] if each.known else [])])
    return zlib.compress(json.dumps({"settings": settings, "files": files}, separators=(",", ":")).encode(), 6)


def unpack(packed: bytes) -> tuple[BatchItem, ...]:
    """Returns the list that was packed, in the same order."""
    content = json.loads(zlib.decompress(packed))
    settings = [(attributes, Chunking(kind, size, overlap)) for attributes, kind, size, overlap in content["settings"]]
    listed = []
    for file, position, *known in content["files"]:
        attributes, chunking = settings[position]
        listed.append(BatchItem(file, attributes, chunking, bool(known)))
    return tuple(listed)


def inline(listed: Sequence[BatchItem], packed: bytes) -> Manifest | None:
    """Returns a manifest that contains the list itself, or None if the list is too large for an event."""
    if len(packed) > INLINE_BYTES:
        return None
    return Manifest(len(listed), inline=base64.b64encode(packed).decode(), known=count_known(listed))


def count_known(listed: Sequence[BatchItem]) -> int:
    """Returns the number of known files."""
    return sum(each.known for each in listed)


def read_inline(text: str) -> tuple[BatchItem, ...]:
    """Returns the list from a manifest's `inline`."""
    return unpack(base64.b64decode(text))
