"""The lines of a PDF's page: their text, and where they stand."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from vectorlog.ingest.formats import pdf_rivers
from vectorlog.ingest.formats.pdf_boxes import PageBoxes

if TYPE_CHECKING:
    import pypdfium2  # type: ignore[import-untyped]

HYPHENS = "\ufffe\x02"
"""What PDFium writes for a hyphen at the end of a line."""
_AROUND = " " + HYPHENS
_LINE = re.compile(r"[^\r\n]*\S[^\r\n]*")
WIDE = 1.8
"""A gap between two words that is wider than this many times the line's height lies between two cells."""
_NARROW = (0.3, 0.42)
"""The average width of a line's characters, as a share of its height: what it is at least, and in most fonts."""
_CERTAIN = 0.8
_LONG = 30
"""A piece of a line is not narrower than this share of what lines with as many characters are on average."""
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
        gaps: the right and left edges beside each gap between two cells.
    """

    text: str
    left: float
    right: float
    bottom: float
    height: float
    cells: tuple[str, ...] = ()
    gaps: tuple[tuple[float, float], ...] = ()


def lines(layer: pypdfium2.PdfTextPage, text: str) -> list[Line] | None:
    """Returns the lines of a page's text; None if its characters cannot be found on the page."""
    units = _units(text)
    boxes = PageBoxes(layer, units)
    found = []
    for match in _LINE.finditer(units):
        edges = _edges_of(boxes, units, match.start(), match.end())
        if edges is None:
            return None
        found.append(edges)
    narrow = _narrow(found)
    page = [_line(boxes, units, edges, narrow) for edges in found]
    page = pdf_rivers.divided(page, [(each[0], each[1]) for each in found], lambda number: _close(boxes, found[number]))
    return page if units is text else list(map(_whole, page))


_Edges = tuple[int, int, int, int, float, float, float, float, float]
"""A line: where it begins and ends in the text, its first and last character there, and on the page its left edge, the
left edge of its last character, its right edge, bottom and height. A tuple, because a file has ten thousands.
"""


def _edges_of(boxes: PageBoxes, text: str, start: int, end: int) -> _Edges | None:
    shown = text[start:end]
    first = start + len(shown) - len(shown.lstrip(_AROUND))
    last = start + len(shown.rstrip(_AROUND)) - 1
    if last < first:
        return None
    begin = boxes.checked(first)
    finish = boxes.checked(last)
    if begin is None or finish is None:
        return None
    height = min(begin[3] - begin[2], finish[3] - finish[2])
    return start, end, first, last, begin[0], finish[0], finish[1], finish[2], height


def _narrow(page: Sequence[_Edges]) -> dict[int, float]:
    """Returns how wide a character is at least on average, in a line of prose, by the line's rounded height."""
    widths: defaultdict[int, list[float]] = defaultdict(list)
    for _, _, first, last, left, _, right, _, height in page:
        if last - first >= _LONG:
            widths[round(height)].append((right - left) / (last - first + 1))
    return {
        height: min(max(_CERTAIN * sorted(each)[len(each) // 4], _NARROW[0] * height), _NARROW[1] * height)
        for height, each in widths.items()
    }


def _line(boxes: PageBoxes, text: str, edges: _Edges, narrow: Mapping[int, float]) -> Line:
    start, end, first, last, left, last_left, right, bottom, height = edges
    least = narrow.get(round(height), _NARROW[0] * height)
    gaps = boxes.gaps(first, last, left, last_left, WIDE * height, least)
    if not gaps:
        return Line(text[start:end], left, right, bottom, height)
    places = [start, *(space for space, _, _ in gaps), end]
    cells = tuple(text[at:to].strip() for at, to in pairwise(places))
    beside = tuple((before, after) for _, before, after in gaps)
    return Line(text[start:end], left, right, bottom, height, cells, beside)


def _close(boxes: PageBoxes, edges: _Edges) -> list[tuple[int, float, float]]:
    """Returns also the narrow gaps of a line."""
    _, _, first, last, left, last_left, _, _, height = edges
    return boxes.gaps(first, last, left, last_left, pdf_rivers.NARROW * height, 0.0)


def _units(text: str) -> str:
    """Returns a text as PDFium counts it: characters above U+FFFF are two."""
    if not text or max(text) <= "\uffff":
        return text
    return "".join(map(chr, memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")))


def _whole(line: Line) -> Line:
    return replace(line, text=_composed(line.text), cells=tuple(map(_composed, line.cells)))


def _composed(units: str) -> str:
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


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
