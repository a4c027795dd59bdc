"""The lines of a PDF's page: their text, and where they stand."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pypdfium2  # type: ignore[import-untyped]

HYPHENS = "\ufffe\x02"
"""What PDFium writes for a hyphen at the end of a line."""
_LINE = re.compile(r"[^\r\n]*\S[^\r\n]*")
_WIDE = 1.8
"""A gap between two words that is wider than this many times the line's height lies between two cells."""
_EDGE = 2
"""Lines at the top and at the bottom of a page that may be its header and footer."""
_LEAST_PAGES = 3
_NUMBER = re.compile(r"\d{1,4}")
_MOST_NUMBERS = 4


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its text, its edges in points from the page's lower left corner, and its cells, if gaps separate some.

    Attributes:
        height: of its smaller end, so that a large initial does not count.
    """

    text: str
    left: float
    right: float
    bottom: float
    height: float
    cells: tuple[str, ...] = ()


def lines(layer: pypdfium2.PdfTextPage, text: str) -> list[Line] | None:
    """Returns the lines of a page's text; None if its characters cannot be found on the page."""
    if text and max(text) > "\uffff":  # counted twice by PDFium
        return None
    boxes = _Boxes(layer, text)
    found = []
    for match in _LINE.finditer(text):
        line = _line(boxes, text, match.start(), match.end())
        if line is None:
            return None
        found.append(line)
    return found


class _Boxes:
    """Where the characters of a page's text stand."""

    def __init__(self, layer: pypdfium2.PdfTextPage, text: str) -> None:
        import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

        self._layer = layer.raw
        self._text = text
        self._as_counted = layer.count_chars() == len(text)
        self._index = pdfium.FPDFText_GetCharIndexFromTextIndex
        self._unicode = pdfium.FPDFText_GetUnicode
        self._find = pdfium.FPDFText_GetLooseCharBox
        self._box = pdfium.FS_RECTF()
        self._reference = ctypes.byref(self._box)

    def checked(self, place: int) -> tuple[float, float, float, float] | None:
        """Returns a character's left, right, bottom and top; None if PDFium has another character at this place."""
        index = place if self._as_counted else self._index(self._layer, place)
        if index < 0 or self._unicode(self._layer, index) != ord(self._text[place]):
            return None
        if not self._find(self._layer, index, self._reference):
            return None
        return self._box.left, self._box.right, self._box.bottom, self._box.top

    def gap(self, space: int) -> float:
        """Returns how far the characters beside a space are apart; 0 if that is not known."""
        index = space if self._as_counted else self._index(self._layer, space)
        if not self._find(self._layer, index - 1, self._reference):
            return 0
        right: float = self._box.right
        if not self._find(self._layer, index + 1, self._reference):
            return 0
        left: float = self._box.left
        return left - right


def _line(boxes: _Boxes, text: str, start: int, end: int) -> Line | None:
    shown = text[start:end]
    first = start + len(shown) - len(shown.lstrip(" " + HYPHENS))
    last = start + len(shown.rstrip(" " + HYPHENS)) - 1
    if last < first:
        return None
    begin, finish = boxes.checked(first), boxes.checked(last)
    if begin is None or finish is None:
        return None
    height = min(begin[3] - begin[2], finish[3] - finish[2])
    cells, at = [], start
    space = text.find(" ", first, last)
    while space >= 0:
        if boxes.gap(space) > _WIDE * height:
            cells.append(text[at:space].strip())
            at = space + 1
        space = text.find(" ", space + 1, last)
    if cells:
        cells.append(text[at:end].strip())
    return Line(shown, begin[0], finish[1], finish[2], height, tuple(cells))


def once(pages: Sequence[list[Line] | None]) -> Iterator[list[Line] | None]:
    """Yields pages without the headers and footers that stand on an earlier one, but for the page's own number.

    These are lines at the top or the bottom of at least half of the pages, at the same height.
    """
    counts = Counter(
        key for number, page in enumerate(pages) for line in _edges(page or []) for key in _keys(line, number)
    )
    least = max(_LEAST_PAGES, len(pages) / 2)
    seen: set[tuple[str, int]] = set()
    for number, page in enumerate(pages):
        repeated = set()
        for line in _edges(page or []):
            keys = {key for key in _keys(line, number) if counts[key] >= least}
            if keys & seen:
                repeated.add(id(line))
            seen |= keys
        yield None if page is None else [line for line in page if id(line) not in repeated]


def _edges(page: list[Line]) -> list[Line]:
    return page if len(page) <= 2 * _EDGE else page[:_EDGE] + page[-_EDGE:]


def _keys(line: Line, number: int) -> set[tuple[str, int]]:
    """Returns the line's text as it is, and with each of its first numbers counted from the page's, with its height."""
    text = line.text.strip()
    keys = {text}
    for match, _ in zip(_NUMBER.finditer(text), range(_MOST_NUMBERS), strict=False):
        keys.add(f"{text[: match.start()]}\0{int(match[0]) - number}{text[match.end() :]}")
    return {(each, round(line.bottom / 4)) for each in keys}
