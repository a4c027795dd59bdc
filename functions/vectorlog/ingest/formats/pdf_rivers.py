"""Finds columns of tables whose cells stand close together: the same narrow gaps in lines that follow each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vectorlog.ingest.formats.pdf_lines import Line

NARROW = 0.75
"""A gap that is wider than this many times a line's height may lie between two cells; spaces have a third of it."""
_LONGEST = 45
"""Characters of a line that is looked at, if no such gaps are in the line before. Lines of prose have more, and each
look is a call of PDFium.
"""
_LIKE = 1.25
_NEAR = 4.0
"""Lines of one table have about the same height, and are not farther apart than so many times it."""
_ALIGNED = 2.0
"""Edges or middles of a column's cells differ by so many points at most."""
_MARK = re.compile(r"[•▪◦‣*–—-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]")

Gap = tuple[int, float, float]
"""The place of a space, and the edges of what stands before and after it."""


@dataclass(slots=True)
class _Run:
    """Lines that have the same gaps: the number of the first one, and the gaps of each."""

    first: int
    gaps: list[list[Gap]]


def divided(page: Sequence[Line], places: Sequence[tuple[int, int]], find: Callable[[int], list[Gap]]) -> list[Line]:
    """Returns the lines of a page, those of tables with their cells.

    Args:
        page: the lines.
        places: where the text of each begins and ends.
        find: returns the gaps of a line, by its number, that are wider than `NARROW`.
    """
    divided_ = list(page)
    for run in _runs(page, find):
        lines = page[run.first : run.first + len(run.gaps)]
        cells = [
            line.text[: gaps[0][0] - start].strip()
            for line, gaps, (start, _) in zip(lines, run.gaps, places[run.first :], strict=False)
        ]
        if (
            len(lines) < 2
            or not _is_aligned(lines, run.gaps)
            or (len(run.gaps[0]) == 1 and all(map(_MARK.fullmatch, cells)))
        ):
            continue  # prose, or a list, whose first column is only its marks
        for number, gaps in enumerate(run.gaps, run.first):
            if len(gaps) >= len(page[number].gaps):
                divided_[number] = _with_cells(page[number], places[number], gaps)
    return divided_


def _runs(page: Sequence[Line], find: Callable[[int], list[Gap]]) -> Iterator[_Run]:
    run: _Run | None = None
    for number, line in enumerate(page):
        gaps = find(number) if run or line.cells or len(line.text) <= _LONGEST else []
        if not gaps:
            if run:
                yield run
            run = None
            continue
        if run and _follows(page[number - 1], line) and (shared := _shared(run.gaps[-1], gaps)):
            before, here = shared
            if len(here) == len(run.gaps[-1]):
                run.gaps.append(here)
                continue
            if len(run.gaps) == 1:
                run.gaps = [before, here]
                continue
        if run:
            yield run
        run = _Run(number, [gaps])
    if run:
        yield run


def _follows(before: Line, line: Line) -> bool:
    lower, higher = sorted((before.height, line.height))
    return higher <= _LIKE * lower and 0 < before.bottom - line.bottom <= _NEAR * higher


def _shared(before: list[Gap], here: list[Gap]) -> tuple[list[Gap], list[Gap]]:
    """Returns the gaps of two lines that lie over each other; empty lists if there are none."""
    pairs = [(one, other) for one in before for other in here if min(one[2], other[2]) > max(one[1], other[1])]
    alone = [
        (one, other)
        for one, other in pairs
        if sum(one is each for each, _ in pairs) == 1 and sum(other is each for _, each in pairs) == 1
    ]
    return [one for one, _ in alone], [other for _, other in alone]


def _is_aligned(lines: Sequence[Line], gaps: Sequence[Sequence[Gap]]) -> bool:
    """Whether the cells of each column after the first begin, end or have their middle at the same place."""
    for column in range(len(gaps[0])):
        lefts = [each[column][2] for each in gaps]
        rights = [
            each[column + 1][1] if column + 1 < len(each) else line.right
            for line, each in zip(lines, gaps, strict=True)
        ]
        middles = [(left + right) / 2 for left, right in zip(lefts, rights, strict=True)]
        if min(max(edges) - min(edges) for edges in (lefts, rights, middles)) > _ALIGNED:
            return False
    return True


def _with_cells(line: Line, place: tuple[int, int], gaps: Sequence[Gap]) -> Line:
    start, end = place
    cuts = [start, *(space for space, _, _ in gaps), end]
    cells = tuple(line.text[at - start : to - start].strip() for at, to in pairwise(cuts))
    return replace(line, cells=cells, gaps=tuple((before, after) for _, before, after in gaps))
