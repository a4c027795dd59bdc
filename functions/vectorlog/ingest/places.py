"""Says where chunks are in their document: pages, sheets and headings."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from vectorlog.domain.location import Location
from vectorlog.ingest.document import Span, Text
from vectorlog.ingest.outline import Outline


def locations(text: Text, spans: Sequence[Span]) -> tuple[Location, ...]:
    """Returns the location of each chunk. Its headings are those of the first text in it that is no heading."""
    outline = Outline(text)
    return tuple(_location(text, span, outline) for span in spans)


def _location(text: Text, span: Span, outline: Outline) -> Location:
    first = last = sheet = label = None
    if text.pages:
        first = max(1, bisect_right(text.pages, span.start))
        last = max(first, bisect_right(text.pages, span.end - 1))
        sheet = text.sheets[first - 1] if text.sheets else None
        label = text.labels[first - 1] if text.labels else None
    headings = tuple(each.title for each in outline.over(span.start, span.end) if each.title)
    return Location(span.start, span.end, first, last, sheet, headings, label)
