"""What stands behind the cells in an xlsx sheet, but has to be known before they are read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO
from xml.sax.saxutils import unescape

from vectorlog.ingest.document import Unreadable
from vectorlog.ingest.formats.office.cells import column_of
from vectorlog.ingest.formats.office.sheet_table import Merged

_PIECE = 1 << 20
_CELLS_END = re.compile(rb"</(?:\w{1,20}:)?sheetData\s{0,20}>|<(?:\w{1,20}:)?sheetData\s{0,20}/>")
_LONGEST_END = 64
_MOST_TAIL = 1 << 24
MOST_MERGED = 200_000
_AFTER = re.compile(r"<(?:\w{1,20}:)?(mergeCell|hyperlink|(?:odd|even|first)(?:Header|Footer))(\s[^<>]*)?>([^<]*)")
_ATTRIBUTE = re.compile(r"""([\w:]{1,40})="([^"]*)"|([\w:]{1,40})='([^']*)'""")
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")
_FURNITURE_CODE = re.compile(r'&(?:"[^"]{0,100}"|[0-9]{1,3}|K[0-9A-Fa-f+-]{5,6}|.)', re.DOTALL)


@dataclass(slots=True)
class Edges:
    """A sheet's merged cells by the row in which they begin, the ids of links by their cell (`B2`), and the texts of
    its printed headers and footers.
    """

    merged: dict[int, list[Merged]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    furniture: dict[str, None] = field(default_factory=dict)


def edges(part: IO[bytes], most_tags: int) -> Edges:
    """Reads a sheet's part up to its end.

    Raises:
        Unreadable: it has more than `most_tags` tags.
    """
    found = Edges()
    tail = _tail(part, most_tags)
    merged = 0
    for match in _AFTER.finditer(tail):
        kind, attributes = match[1], dict(_attributes(match[2] or ""))
        if kind == "mergeCell" or kind == "hyperlink":
            place = _REFERENCE.fullmatch(attributes.get("ref", "").replace("$", ""))
            if place is None:
                continue
            if kind == "hyperlink":
                found.links[place[1] + place[2]] = attributes.get("id", "")
            elif place[3] and merged < MOST_MERGED:
                merged += 1
                cells = Merged(column_of(place[1]), column_of(place[3]), int(place[4]))
                found.merged.setdefault(int(place[2]), []).append(cells)
        else:
            codes = unescape(match[3], {"&quot;": '"', "&apos;": "'"})
            text = " ".join(_FURNITURE_CODE.sub(" ", codes).split())
            if any(each.isalpha() for each in text):
                found.furniture[text] = None
    return found


def _tail(part: IO[bytes], most_tags: int) -> str:
    """Returns what follows the cells, up to a limit."""
    tail: list[bytes] = []
    rest, size, tags = b"", -1, 0
    while piece := part.read(_PIECE):
        tags += piece.count(b"<")
        if tags > most_tags:
            raise Unreadable(
                "invalid_file",
                "The file is small but unpacks to millions of cells, which are too many to read. Split it into "
                "smaller files, or export the sheets as CSV.",
            )
        if size < 0:
            piece = rest + piece
            end = _CELLS_END.search(piece)
            if end is None:
                rest = piece[-_LONGEST_END:]
                continue
            piece, size = piece[end.end() :], 0
        if size < _MOST_TAIL:
            tail.append(piece)
            size += len(piece)
    return b"".join(tail).decode("utf-8", "replace")


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    for match in _ATTRIBUTE.finditer(text):
        name = match[1] or match[3]
        yield name.rpartition(":")[2], match[2] if match[1] else match[4]
