"""The order of a page's lines, where it has two columns of prose and the PDF mixes them.

Most programs write one column after the other, and that order is kept. Some write line by line across both, and then
PDFium takes what stands side by side for one line with a gap.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from statistics import median

from vectorlog.ingest.formats.pdf_lines import Line

_LEAST_LINES = 8
"""Lines that a column has at least."""
_MOST_ACROSS = 0.3
"""The share of lines, such as titles, that may stand across both columns."""
_MIXED = 0.25
"""How often the text goes from one column to the other, as a share of its lines. Figures and footers do so too."""
_MIDDLE = (0.35, 0.65)
"""Between which shares of the text's width the columns are divided."""
_STEPS = 60
"""Places between these that are looked at."""
_LEAST_TEXT = 25
_LEAST_WIDTH = 0.6
"""Lines of prose: half of a column's have as many characters at least, and such a share of its width."""


def in_order(page: list[Line]) -> list[Line]:
    """Returns the lines of a page column by column, if it has two columns of prose that are mixed; else as they are.

    Lines across both stay between what is above and below them. Takes time `n log n` of the number of lines.
    """
    if len(page) < _LEAST_LINES:
        return page
    left, right = min(line.left for line in page), max(line.right for line in page)
    gutter = _gutter(page, left, right)
    if gutter is None:
        return page
    pieces = [piece for line in page for piece in _split(line, gutter)]
    sides = [_side(piece, gutter) for piece in pieces]
    if _changes(sides) < max(_LEAST_LINES, _MIXED * len(pieces)):
        return page
    across = sorted(-piece.bottom for piece, side in zip(pieces, sides, strict=True) if not side)
    if len(across) > _MOST_ACROSS * len(pieces):
        return page
    if not (_is_prose(pieces, sides, -1, gutter - left) and _is_prose(pieces, sides, 1, right - gutter)):
        return page

    def key(number: int) -> tuple[int, int, float]:
        below = -pieces[number].bottom
        return bisect_left(across, below), sides[number] or 2, below

    return [pieces[number] for number in sorted(range(len(pieces)), key=key)]


def _gutter(page: Sequence[Line], left: float, right: float) -> float | None:
    """Returns the place in the middle of the text where fewest lines stand; None if many do."""
    begin, step = left + _MIDDLE[0] * (right - left), (_MIDDLE[1] - _MIDDLE[0]) * (right - left) / _STEPS
    if step <= 0:
        return None
    steps = [0] * (_STEPS + 1)
    for line in page:
        first = line.left
        for last, following in (*line.gaps, (line.right, 0.0)):
            at, to = int((first - begin) / step) + 1, int((last - begin) / step) + 1
            steps[0 if at < 0 else min(at, _STEPS)] += 1
            steps[0 if to < 0 else min(to, _STEPS)] -= 1
            first = following
    covered = list(accumulate(steps))[:_STEPS]
    least = min(covered)
    if least > _MOST_ACROSS * len(page):
        return None
    free = [number for number, count in enumerate(covered) if count == least]
    return begin + step * free[len(free) // 2]


def _split(line: Line, gutter: float) -> list[Line]:
    """Cuts a line where a gap between two cells lies over the gutter."""
    for number, (before, after) in enumerate(line.gaps, 1):
        if before <= gutter <= after:
            return [
                _part(line, line.left, before, line.cells[:number], line.gaps[: number - 1]),
                _part(line, after, line.right, line.cells[number:], line.gaps[number:]),
            ]
    return [line]


def _part(line: Line, left: float, right: float, cells: tuple[str, ...], gaps: tuple[tuple[float, float], ...]) -> Line:
    return replace(line, text=" ".join(cells), left=left, right=right, cells=cells if len(cells) > 1 else (), gaps=gaps)


def _side(line: Line, gutter: float) -> int:
    """-1 for the left column, 1 for the right one, 0 for both."""
    return -1 if line.right <= gutter else 1 if line.left >= gutter else 0


def _is_prose(pieces: Sequence[Line], sides: Sequence[int], wanted: int, width: float) -> bool:
    column = [piece for piece, side in zip(pieces, sides, strict=True) if side == wanted]
    return (
        len(column) >= _LEAST_LINES
        and median(len(piece.text) for piece in column) >= _LEAST_TEXT
        and median(piece.right - piece.left for piece in column) >= _LEAST_WIDTH * width
    )


def _changes(sides: Sequence[int]) -> int:
    """How often the text goes from one column to the other."""
    return sum(one != other for one, other in pairwise([side for side in sides if side]))
