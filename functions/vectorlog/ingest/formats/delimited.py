"""Tables as text (CSV, TSV), which are kept unchanged."""

from __future__ import annotations

import re
from array import array
from pathlib import Path

from vectorlog.ingest.blocks import Blocks, Kind, Table
from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.embedded import LeftOut, without_addresses
from vectorlog.ingest.formats.encodings import text_document
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.text_form import clean

_DELIMITERS = ",;\t|"
_ROW = re.compile(r'(?:[^"\n]++|"[^"]*+"|")++')
"""Line ends inside of quotes do not end a row."""
_LINE = re.compile(r"[^\n]+")
_QUOTED = re.compile(r'"[^"]*+"')
_VALUE = re.compile(r"[\s\"]*(?:[-+€$£]*\d[\d.,:/ %€$£-]*)?[\s\"]*")
"""A cell that names no column: a number, a date, or nothing."""
_LONGEST_HEADER = 10_000


def read(path: Path) -> Text:
    """Reads the file's text, and finds its rows."""
    return text_document(path.read_bytes(), _write)


def _write(document: DocumentBuilder, found: str, left: LeftOut) -> None:
    text = clean(without_addresses(found, left))
    document.written(text, *parse(text))


def parse(text: str) -> tuple[Blocks, tuple[Table, ...]]:
    """Returns the rows of a text as blocks of one table. Its first row is the header, if each of its two or more cells
    may be a name. Works in linear time.
    """
    starts, ends = array("q"), array("q")
    for match in (_ROW if '"' in text else _LINE).finditer(text):
        starts.append(match.start())
        ends.append(match.end())
    if not starts:
        return Blocks(), ()
    kinds = bytearray([Kind.ROW]) * len(starts)
    named = len(starts) > 1 and _names(text[starts[0] : ends[0]])
    if named:
        kinds[0] = Kind.HEADER
    table = Table(starts[0], ends[-1], ends[0] if named else starts[0])
    return Blocks(kinds, starts, ends, bytearray(len(starts))), (table,)


def _names(row: str) -> bool:
    """Whether a row names columns."""
    if len(row) > _LONGEST_HEADER:
        return False
    outside = _QUOTED.sub(lambda match: "_" * len(match[0]), row)
    delimiter = max(_DELIMITERS, key=outside.count)
    cuts = [place for place, letter in enumerate(outside) if letter == delimiter]
    cells = [row[start:end] for start, end in zip([0, *(cut + 1 for cut in cuts)], [*cuts, len(row)], strict=True)]
    return len(cells) > 1 and sum(_VALUE.fullmatch(cell) is None for cell in cells) > len(cells) / 2


FORMAT = Format(
    "a table",
    (".csv", ".tsv"),
    read,
    by_name=True,
    keeps="The text as it is, with its rows as structure and the first row as the header if it may be one.",
    leaves_out="`data:` addresses; a warning tells it.",
)
