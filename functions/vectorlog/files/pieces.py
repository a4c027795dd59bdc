"""The chunks of an artefact without their vectors."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from vectorlog.domain.location import Location
from vectorlog.domain.vectors import NO_FRAME, Frame
from vectorlog.files import artefact
from vectorlog.files.blobs import Blobs
from vectorlog.files.part_line import frames, locations


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk without its vectors: its passage, with its frame. Tokens and location are None in a part of version 1."""

    n: int
    text: str
    tokens: int | None
    location: Location | None
    frame: Frame = NO_FRAME


def read_pieces(blobs: Blobs, store: str, file: str, generation: int, start: int, limit: int) -> Iterator[Piece]:
    """Yields up to `limit` chunks from number `start` on, in order. Reads no more of the text than they need, unless
    they are in a part of version 1.

    Raises:
        NoSuchBlob: this generation has no text.
    """
    starts = artefact.part_starts(blobs, store, file, generation)
    end = start + limit
    for place in range(max(0, bisect_right(starts, start) - 1), len(starts)):
        first, following = starts[place], starts[place + 1] if place + 1 < len(starts) else end
        if first >= end:
            return
        for piece in _pieces(blobs, artefact.folder(store, file, generation), first):
            if start <= piece.n < min(end, following):
                yield piece


def _pieces(blobs: Blobs, within: str, first: int) -> Iterator[Piece]:
    """Yields the chunks of a part."""
    header = artefact.header_of(blobs, within, first)
    spans, offset = header["spans"], 0
    if "bytes" in header:
        text, offset = blobs.slice(within + artefact.TEXT, *header["bytes"]).decode(), spans[0][0]
    else:
        text = blobs.read(within + artefact.TEXT).decode()
    tokens = header.get("tokens", [None] * len(spans))
    each = zip(spans, tokens, locations(header), frames(header), strict=True)
    for n, ((start, end), count, location, frame) in enumerate(each, first):
        yield Piece(n, text[start - offset : end - offset], count, location, frame)
