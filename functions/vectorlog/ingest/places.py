"""Says where chunks are in their document: pages, sheets and headings."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from vectorlog.domain.location import Location
from vectorlog.ingest.blocks import Block, Kind
from vectorlog.ingest.document import Span, Text


def locations(text: Text, spans: Sequence[Span]) -> tuple[Location, ...]:
    """Returns the location of each chunk. Its headings are those of the first text in it that is no heading."""
    headings = tuple(text.blocks.of(Kind.HEADING))
    begins = [heading.start for heading in headings]
    paths = _paths(headings)
    return tuple(_location(text, span, headings, begins, paths) for span in spans)


def _location(
    text: Text, span: Span, headings: Sequence[Block], begins: Sequence[int], paths: Sequence[tuple[str, ...]]
) -> Location:
    first = last = sheet = label = None
    if text.pages:
        first = max(1, bisect_right(text.pages, span.start))
        last = max(first, bisect_right(text.pages, span.end - 1))
        sheet = text.sheets[first - 1] if text.sheets else None
        label = text.labels[first - 1] if text.labels else None
    over = bisect_right(begins, span.start)
    while over < len(begins) and begins[over] < span.end and not _body(text, headings, over, span.start):
        over += 1
    return Location(span.start, span.end, first, last, sheet, paths[over - 1] if over else (), label)


def _body(text: Text, headings: Sequence[Block], over: int, start: int) -> bool:
    """Whether there is text that is no heading between `start` and heading number `over`, the next one."""
    after = headings[over - 1].end if over else 0
    return bool(text.text[max(start, after) : headings[over].start].strip())


def _paths(headings: Sequence[Block]) -> list[tuple[str, ...]]:
    """Returns the titles over each heading, outermost first, and its own."""
    open_: list[Block] = []
    paths: list[tuple[str, ...]] = []
    for heading in headings:
        while open_ and open_[-1].level >= heading.level:
            open_.pop()
        open_.append(heading)
        paths.append(tuple(each.title for each in open_ if each.title))
    return paths
