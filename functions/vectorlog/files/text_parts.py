"""Parts of the text of an artefact, by characters, without reading the whole of a long one."""

from __future__ import annotations

from bisect import bisect_right
from codecs import getincrementaldecoder
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from vectorlog.files import artefact
from vectorlog.files.blobs import Blobs, NoSuchBlob

WHOLE = 262_144
"""Bytes up to which a text is read whole, because finding a part would take more calls."""
_LONGEST = 4
"""Bytes of a character, at most."""


@dataclass(frozen=True, slots=True)
class TextPart:
    """Some characters of a text: `first` is the number of the first one, and `characters` how many the text has."""

    text: str
    first: int
    characters: int


@dataclass(frozen=True, slots=True)
class _Mark:
    """A place in a text: so many characters, and so many bytes, come before it."""

    characters: int
    bytes: int


def read(blobs: Blobs, store: str, file: str, generation: int, first: int, limit: int) -> TextPart:
    """Returns `limit` characters of a generation's text from number `first` on, or fewer at its end.

    Raises:
        NoSuchBlob: this generation has no text.
    """
    within = artefact.folder(store, file, generation)
    size = blobs.size(within + artefact.TEXT)
    if size is None:
        raise NoSuchBlob(within + artefact.TEXT)
    if size > WHOLE and (found := _of_long(blobs, within, size, first, limit)) is not None:
        return found
    text = blobs.read(within + artefact.TEXT).decode()
    return TextPart(text[first : first + limit], first, len(text))


def _of_long(blobs: Blobs, within: str, size: int, first: int, limit: int) -> TextPart | None:
    """Returns a part of a long text; None if its chunks do not say at which bytes they are, as those of version 1."""
    parts = artefact.starts_in(blobs, within)
    header = cache(partial(artefact.header_of, blobs, within))
    end = _mark(header(parts[-1]), end=True) if parts else None
    if end is None:
        return None
    rest = blobs.slice(within + artefact.TEXT, end.bytes, size).decode()
    total = end.characters + len(rest)

    def begin(part: int) -> int:
        mark = _mark(header(part))
        return mark.characters if mark is not None else 0

    before = bisect_right(parts, first, key=begin)
    mark = (_mark(header(parts[before - 1])) if before else None) or _Mark(0, 0)
    until = mark.bytes + _LONGEST * (first - mark.characters + limit)
    data = blobs.slice(within + artefact.TEXT, mark.bytes, min(until, size))
    text = getincrementaldecoder("utf-8")().decode(data)  # the last character may be cut off
    start = first - mark.characters
    return TextPart(text[start : start + limit], first, total)


def _mark(header: Mapping[str, Any], *, end: bool = False) -> _Mark | None:
    """Returns where the part with this header begins in the text, or ends; None if it does not say."""
    if "bytes" not in header:
        return None
    return _Mark(header["spans"][-1 if end else 0][1 if end else 0], header["bytes"][1 if end else 0])
