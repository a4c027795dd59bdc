"""Finds headings, paragraphs and tables in the lines of a PDF, in the order in which the PDF has them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from types import MappingProxyType

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.formats.pdf_lines import HYPHENS, Line
from vectorlog.ingest.hyphenation import MARK, Hyphens

_LARGER = 1.2
"""How much higher than most lines one is that is a heading."""
_LONGEST_HEADING = 150
_MOST_HEADING_LINES = 3
_MOST_HEADINGS = 0.3
"""If more of a document's characters look like headings, size does not tell."""
_DEEPEST = 4
_NEAR = 2.0
"""Lines of a paragraph are at most so many times their height apart."""
_FULL = 0.8
"""A line that is shorter than this share of its paragraph's width ends where its writer ended it."""
_LEAST_WIDTH = 12
"""Lines that are shorter than this many times their height are not joined."""
_MARKED = re.compile(r"\s*(?:[-–—•▪◦‣*]|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s")
_MARKS = re.compile(f"[{HYPHENS}]")
_CUT = ("-", "\u2010")
_ENDS = tuple(HYPHENS)
_LAST = " " + HYPHENS


class Sizes:
    """Which lines of a document are headings: those that a bookmark names, and larger ones.

    Args:
        pages: the lines.
        named: the levels of lines that a bookmark names, by their `id`.
    """

    def __init__(self, pages: Iterable[Sequence[Line] | None], named: Mapping[int, int] = MappingProxyType({})) -> None:
        self._named = named
        heights: Counter[float] = Counter()
        lines = [line for page in pages for line in page or ()]
        for line in lines:
            heights[_rounded(line.height)] += len(line.text)
        self._body = heights.most_common(1)[0][0] if heights else 0.0
        larger = [line for line in lines if self._is_larger(line)]
        useful = self._body > 0 and sum(len(line.text) for line in larger) <= _MOST_HEADINGS * heights.total()
        self._levels = {
            height: min(level, _DEEPEST)
            for level, height in enumerate(
                sorted({_rounded(line.height) for line in larger if useful}, reverse=True), 1
            )
        }

        if named and useful:
            self._levels = _beside(lines, named, self._levels)

    def level(self, line: Line) -> int:
        """Returns the level of a heading; 0 for any other line."""
        if id(line) in self._named:
            return self._named[id(line)]
        return self._levels.get(_rounded(line.height), 0) if self._is_larger(line) else 0

    def kind(self, line: Line) -> tuple[int, int, int]:
        """Returns what neighbouring lines have in common that are one heading, or rows of one table: the level, the
        number of cells, and which line a bookmark names.
        """
        return self.level(line), len(line.cells), id(line) if id(line) in self._named else 0

    def _is_larger(self, line: Line) -> bool:
        return (
            line.height >= _LARGER * self._body
            and len(line.text) <= _LONGEST_HEADING
            and any(char.isalpha() for char in line.text)
        )


def _beside(lines: Iterable[Line], named: Mapping[int, int], heights: Iterable[float]) -> dict[float, int]:
    """Returns levels for heights that go with those of the lines that bookmarks name: a line that is as high as these
    has the same level, a higher one the first, and a lower one stands under all of them.
    """
    known: dict[float, int] = {}
    for line in lines:
        if level := named.get(id(line), 0):
            height = _rounded(line.height)
            known[height] = min(level, known.get(height, level))
    highest, below = max(known), max(known.values()) + 1
    return {height: known.get(height, 1 if height > highest else below) for height in heights}


def write(doc: DocumentBuilder, page: Sequence[Line], sizes: Sizes, hyphens: Hyphens) -> None:
    """Writes a page: headings, tables of lines with as many cells, and paragraphs. Every word is written, in order."""
    paragraph: list[Line] = []
    for (level, cells, _), group in groupby(page, sizes.kind):
        run = list(group)
        hyphenated = any(_hyphen(line) for line in (*paragraph[-1:], *run))
        is_heading = level and len(run) <= _MOST_HEADING_LINES
        is_table = cells > 1 and len(run) > 1
        if hyphenated or not (is_heading or is_table):
            paragraph += run
            continue
        _paragraphs(doc, paragraph, hyphens)
        paragraph = []
        if is_heading:
            doc.heading(level, _MARKS.sub("", " ".join(line.text.strip() for line in run)), marked=False)
        else:
            doc.table([[_MARKS.sub("", cell) for cell in line.cells] for line in run], header=int(_has_header(run)))
    _paragraphs(doc, paragraph, hyphens)


def marked(page: Sequence[Line]) -> str:
    """Returns the text of a page with `MARK` at each hyphen that `write` may ask about, its own and PDFium's."""
    parts = []
    for before, line in pairwise((*page, None)):
        text = before.text.strip(" ") if before else ""
        if before and line and not _hyphen(before):
            text = text[:-1] + MARK if _cut(before, line) else f"{text}\n"
        parts.append(text)
    return _MARKS.sub(MARK, "".join(parts))


def _has_header(rows: Sequence[Line]) -> bool:
    """Whether the first row has no number, and another one has."""
    return not _has_digit(rows[0].text) and any(_has_digit(row.text) for row in rows[1:])


def _has_digit(text: str) -> bool:
    return any(char.isdigit() for char in text)


def _paragraphs(doc: DocumentBuilder, lines: Sequence[Line], hyphens: Hyphens) -> None:
    run: list[Line] = []
    for line in lines:
        if run and not _hyphen(run[-1]) and not 0 < run[-1].bottom - line.bottom < _NEAR * max(line.height, 1):
            doc.paragraph(hyphens.resolved(_joined(run)))
            run = []
        run.append(line)
    if run:
        doc.paragraph(hyphens.resolved(_joined(run)))


def _joined(lines: Sequence[Line]) -> str:
    """Joins lines with a space where the text goes on, and with a line's end after a short one or before an item."""
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    full = max(left + _FULL * (right - left), left + _LEAST_WIDTH * min(line.height for line in lines))
    parts = [lines[0].text.strip(" ")]
    for before, line in pairwise(lines):
        goes_on = not before.cells and not line.cells and before.right >= full and not _MARKED.match(line.text)
        if goes_on and not _hyphen(before) and _cut(before, line):
            parts[-1] = parts[-1].rstrip(" ")[:-1] + MARK
        else:
            parts.append("" if _hyphen(before) else " " if goes_on else "\n")
        parts.append(line.text.strip(" "))
    return _MARKS.sub(MARK, "".join(parts))


def _cut(before: Line, line: Line) -> bool:
    """Whether a word was cut at the end of a line where PDFium does not mark it."""
    text = before.text.rstrip(" ")
    return text.endswith(_CUT) and text[-2:-1].isalpha() and line.text.lstrip(" ")[:1].islower()


def _hyphen(line: Line) -> bool:
    text = line.text
    return text[-1:] in _LAST and text.rstrip(" ").endswith(_ENDS)  # most lines end with neither


def _rounded(height: float) -> float:
    return round(2 * height) / 2
