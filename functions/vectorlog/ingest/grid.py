"""Cuts the chunks of a text into windows, at the same places in all chunks, so that what chunks share is embedded once.

The windows of a text lie in a row, and each chunk is a run of them: every beginning and end of a chunk is one of a
window. Each window has a lead-in of its own, which depends on its place only.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from vectorlog.ingest.cuts import cuts
from vectorlog.ingest.document import Span, Text, Window
from vectorlog.ingest.lead_ins import LeadIns

SIZE = 224
"""About how many cl100k_base tokens a window has at most, without its lead-in."""
LEAD_IN = 32
"""The most tokens of a window's lead-in."""
_REACH = 0.25
"""How far from equal lengths a window may end, at a better place: a share of its length."""


def windows(text: Text, spans: Sequence[Span], size: int = SIZE) -> tuple[Window, ...]:
    """Returns the windows of all chunks, in order. A window is not white space only, unless its chunk is."""
    grid = _Grid(text, spans, size)
    return tuple(window for start, end in _pieces(spans) for window in grid.windows(start, end))


def _pieces(spans: Sequence[Span]) -> Iterator[tuple[int, int]]:
    """Yields the parts of the text between the beginnings and ends of all chunks, without those outside of chunks."""
    borders = sorted({border for span in spans for border in (span.start, span.end)})
    starts, covered = [span.start for span in spans], 0
    for start, end in pairwise(borders):
        number = bisect_right(starts, start) - 1
        covered = max(covered, spans[number].end)
        if end <= covered:
            yield start, end


class _Grid:
    def __init__(self, text: Text, spans: Sequence[Span], size: int) -> None:
        self._text = text.text
        self._cuts = cuts(text)
        self._lead_ins = LeadIns(text, LEAD_IN)
        self._spans = spans
        self._starts = [span.start for span in spans]
        self._size = size

    def windows(self, start: int, end: int) -> Iterator[Window]:
        """Yields the windows of a part of the text, of about equal lengths."""
        span = self._spans[bisect_right(self._starts, start) - 1]
        count = -(-(end - start) * span.tokens // ((span.end - span.start) * self._size))
        for left in range(count, 0, -1):
            cut = end if left == 1 else self._cut(start, start + (end - start) // left, (end - start) // left)
            yield Window(start, cut, self._lead_ins.before(start, cut).text)
            start = cut

    def _cut(self, start: int, target: int, length: int) -> int:
        """Returns the best place near `target`, after `start`, at which to end a window of about `length`."""
        for find, share in self._cuts:
            reach = max(1, int(length * _REACH * share))
            for cut in sorted(find(target - reach, target + reach + 1), key=lambda offset: abs(offset - target)):
                if start < cut <= target + reach:
                    return cut
        return target
