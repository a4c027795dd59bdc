"""Lines of recognized text, from the pieces that a recognizer finds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.formats import pdf_layout
from vectorlog.ingest.formats.pdf_lines import WIDE, Line
from vectorlog.ingest.hyphenation import MARK, Hyphens
from vectorlog.ingest.ocr import Recognized

_CUT = re.compile(r"(?<=[^\W\d_])[-\u2010]\n")

_SAME_LINE = 0.5
"""Pieces stand in one line if the middle of one is within this share of the other's height from the other's middle."""


def write(doc: DocumentBuilder, pieces: Sequence[Recognized]) -> None:
    """Writes recognized text: paragraphs, and rows of aligned pieces as tables. Heights of letters are too uncertain
    for headings.
    """
    found = lines(pieces)
    text = _CUT.sub(MARK, "\n".join(line.text for line in found))
    pdf_layout.write(doc, found, pdf_layout.Sizes([]), Hyphens([text]))


def lines(pieces: Sequence[Recognized]) -> list[Line]:
    """Returns the lines of a picture, from its top, with edges in pixels from its lower left corner as if it had no
    height: what is lower is negative.
    """
    rows: list[list[Recognized]] = []
    for piece in sorted(pieces, key=lambda each: each.top + each.bottom):
        if rows and _beside(rows[-1][-1], piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [_line(sorted(row, key=lambda each: each.left)) for row in rows]


def _beside(one: Recognized, other: Recognized) -> bool:
    apart = abs((one.top + one.bottom) - (other.top + other.bottom)) / 2
    return apart < _SAME_LINE * min(one.bottom - one.top, other.bottom - other.top)


def _line(row: Sequence[Recognized]) -> Line:
    height = min(each.bottom - each.top for each in row)
    cells = [row[0].text]
    for before, piece in pairwise(row):
        if piece.left - before.right > WIDE * height:
            cells.append(piece.text)
        else:
            cells[-1] = f"{cells[-1]} {piece.text}"
    return Line(
        " ".join(each.text for each in row),
        row[0].left,
        max(each.right for each in row),
        -max(each.bottom for each in row),
        height,
        tuple(cells) if len(cells) > 1 else (),
    )
