"""The lines of a PDF's page: their text, and where they stand."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    found = []
    for match in _LINE.finditer(text):
        line = _line(layer.raw, text, match.start(), match.end())
        if line is None:
            return None
        found.append(line)
    return found


def _line(layer: Any, text: str, start: int, end: int) -> Line | None:  # noqa: ANN401 (ctypes pointers)
    shown = text[start:end]
    first = start + len(shown) - len(shown.lstrip(" " + HYPHENS))
    last = start + len(shown.rstrip(" " + HYPHENS)) - 1
    if last < first:
        return None
    left, right = _box(layer, text, first), _box(layer, text, last)
    if left is None or right is None:
        return None
    height = min(left[3] - left[2], right[3] - right[2])
    cells, at = [], start
    for place in range(first, last):
        if text[place] == " ":
            before, after = _box(layer, text, place - 1), _box(layer, text, place + 1)
            if before is not None and after is not None and after[0] - before[1] > _WIDE * height:
                cells.append(text[at:place].strip())
                at = place + 1
    if cells:
        cells.append(text[at:end].strip())
    return Line(shown, left[0], right[1], right[2], height, tuple(cells))


def _box(layer: Any, text: str, place: int) -> tuple[float, float, float, float] | None:  # noqa: ANN401
    """Returns a character's left, right, bottom and top; None if PDFium has another one at this place."""
    import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

    index = pdfium.FPDFText_GetCharIndexFromTextIndex(layer, place)
    if index < 0 or pdfium.FPDFText_GetUnicode(layer, index) != ord(text[place]):
        return None
    box = pdfium.FS_RECTF()
    if not pdfium.FPDFText_GetLooseCharBox(layer, index, ctypes.byref(box)):
        return None
    return box.left, box.right, box.bottom, box.top


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
