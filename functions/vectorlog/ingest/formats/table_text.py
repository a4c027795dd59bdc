"""Tables that are text: rows of values between commas, semicolons or tabs (CSV, TSV). The text is kept unchanged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from vectorlog.ingest.blocks import Blocks, Kind, Table
from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.encoding.decoding import decoded
from vectorlog.ingest.formats.embedded import LeftOut, without_addresses
from vectorlog.ingest.formats.encodings import tell
from vectorlog.ingest.formats.format import Format

_SEPARATORS = "\t;,|"
_LONGEST_ROW = 100_000
"""Characters of a row with line breaks in quotes; with more, a quote is missing, and its lines are rows."""
_LONGEST_HEADER = 2000
_VALUE = re.compile(r"[\"']?\s*[-+]?[\d.,:/ -]*\d[\d.,:/ %€$£-]*[\"']?\s*\Z")
"""A number, a date or a time: no name of a column."""


def read(path: Path) -> Text:
    """Reads the rows. The first one names the columns if there is no number and no empty value in it."""
    found = decoded(path.read_bytes())
    document, left = DocumentBuilder(), LeftOut()
    tell(document, found)
    document.verbatim(without_addresses(found.text, left), table)
    left.tell(document)
    return document.build()


def table(text: str) -> tuple[Blocks, tuple[Table, ...]]:
    """Returns the rows of a text, and the table that they make."""
    blocks = Blocks()
    for start, end in _rows(text):
        named = not len(blocks) and _names_columns(text[start : min(end, start + _LONGEST_HEADER + 1)])
        blocks.add(Kind.HEADER if named else Kind.ROW, start, end)
    if not len(blocks):
        return blocks, ()
    start, header = blocks.starts[0], blocks.ends[0] if blocks.kinds[0] == Kind.HEADER else blocks.starts[0]
    return blocks, (Table(start, blocks.ends[-1], header),)


def _rows(text: str) -> Iterator[tuple[int, int]]:
    """Yields where rows begin and end. A line break between quotes does not end a row."""
    begun = start = 0
    open_quote = False
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        open_quote ^= text.count('"', start, end) % 2 == 1
        if open_quote and end - begun > _LONGEST_ROW:
            open_quote = False
        if not open_quote or end == len(text):
            if not text[begun:end].isspace() and begun < end:
                yield begun, end
            begun = end + 1
        start = end + 1


def _names_columns(row: str) -> bool:
    if len(row) > _LONGEST_HEADER:
        return False
    cells = row.split(max(_SEPARATORS, key=row.count))
    return len(cells) > 1 and not any(not cell.strip(" \"'") or _VALUE.match(cell) for cell in cells)


FORMAT = Format("a table", (".csv", ".tsv", ".tab"), read, by_name=True)
