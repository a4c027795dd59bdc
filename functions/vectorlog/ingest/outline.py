"""The outline of a text: which headings stand over a place."""

from __future__ import annotations

from bisect import bisect_right

from vectorlog.ingest.blocks import Block, Kind
from vectorlog.ingest.document import Text


class Outline:
    """The headings of a text, each with the one above it."""

    def __init__(self, text: Text) -> None:
        self._text = text.text
        self._headings = tuple(text.blocks.of(Kind.HEADING))
        self._begins = [heading.start for heading in self._headings]
        self._parents: list[int | None] = []
        open_: list[int] = []
        for number, heading in enumerate(self._headings):
            while open_ and self._headings[open_[-1]].level >= heading.level:
                open_.pop()
            self._parents.append(open_[-1] if open_ else None)
            open_.append(number)

    def over(self, start: int, end: int) -> tuple[Block, ...]:
        """Returns the headings, outermost first, over the first text from `start` to `end` that is no heading; or the
        last ones in there, if there is no other text.
        """
        number = bisect_right(self._begins, start)
        while number < len(self._begins) and self._begins[number] < end and not self._body(number, start):
            number += 1
        path: list[Block] = []
        above = number - 1 if number else None
        while above is not None:
            path.append(self._headings[above])
            above = self._parents[above]
        return tuple(reversed(path))

    def _body(self, number: int, start: int) -> bool:
        """Whether there is text that is no heading between `start` and heading `number`."""
        after = self._headings[number - 1].end if number else 0
        return bool(self._text[max(start, after) : self._headings[number].start].strip())
