"""Lead-ins: what is shown before a passage because it would be misunderstood without, and does not stand in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from vectorlog.ingest.blocks import Kind, Table
from vectorlog.ingest.document import Text
from vectorlog.ingest.outline import Outline
from vectorlog.ingest.tokens import count

SHARE = 0.15
"""A lead-in takes at most this share of a chunk's limit."""
SEPARATOR = " › "
"""Between the sheet and the headings, which are one line."""

_FENCE = re.compile(r"[^\S\n]*(?P<fence>`{3,}|~{3,})[^\n]*\n")
_CUT = "…"
_LONGEST_TOKEN = 16
"""Characters of a long header that are looked at for each token that it may have."""


@dataclass(frozen=True, slots=True)
class LeadIn:
    """What stands before a passage: the text, which is empty or ends with a newline, and its cl100k_base tokens."""

    text: str
    tokens: int


NOTHING = LeadIn("", 0)


class LeadIns:
    """The lead-ins of a text's passages, of at most `most` tokens.

    A lead-in has up to three parts: a line with the sheet and the headings, the header of the table in whose rows the
    passage begins, and the line that opens the code in which it begins. What is too long is shortened: first the
    headings between the outermost and the innermost.
    """

    def __init__(self, text: Text, most: int) -> None:
        self._text = text
        self._most = most
        self._outline = Outline(text)
        self._tables = [table.start for table in text.tables]
        self._made: dict[tuple[object, ...], LeadIn] = {}

    @property
    def most(self) -> int:
        """The most tokens that a lead-in has."""
        return self._most

    def before(self, start: int, end: int) -> LeadIn:
        """Returns the lead-in of a passage that begins at `start` and ends at `end` or earlier."""
        if start == 0 and not self._text.sheets:
            return NOTHING
        titles = self._titles(start, end)
        table = self._table(start)
        code = self._code(start)
        key = titles, table, code
        if key not in self._made:  # only the last one is kept: most chunks have that of the one before
            self._made = {key: self._lead_in(titles, table, "" if code is None else self._opening(code))}
        return self._made[key]

    def after(self, end: int) -> str:
        """Returns what closes the code in which a passage ends, on a line of its own; empty elsewhere."""
        code = self._code(end)
        if code is None:
            return ""
        match = _FENCE.match(self._text.text, self._text.blocks.starts[code])
        assert match is not None
        return ("" if self._text.text[end - 1] == "\n" else "\n") + match["fence"]

    def _titles(self, start: int, end: int) -> tuple[str, ...]:
        path = self._outline.over(start, end)
        above = [each.title for each in path if each.start < start and each.title]
        if self._text.sheets and self._text.pages:
            sheet = self._text.sheets[max(1, bisect_right(self._text.pages, start)) - 1]
            if sheet and all(sheet != each.title for each in path):
                return (sheet, *above)
        return tuple(above)

    def _table(self, start: int) -> Table | None:
        """Returns the table in whose rows, after its header, `start` is."""
        number = bisect_right(self._tables, start) - 1
        if number < 0:
            return None
        table = self._text.tables[number]
        return table if table.start < table.header <= start < table.end else None

    def _code(self, offset: int) -> int | None:
        """Returns the number of the block of fenced code that `offset` is inside of, after its first line."""
        blocks = self._text.blocks
        number = bisect_right(blocks.starts, offset) - 1
        if number < 0 or blocks.kinds[number] != Kind.CODE or not blocks.starts[number] < offset < blocks.ends[number]:
            return None
        fence = _FENCE.match(self._text.text, blocks.starts[number], blocks.ends[number])
        return number if fence and fence.end() <= offset else None

    def _after_fence(self, code: int) -> int:
        match = _FENCE.match(self._text.text, self._text.blocks.starts[code])
        assert match is not None
        return match.end()

    def _opening(self, code: int) -> str:
        return self._text.text[self._text.blocks.starts[code] : self._after_fence(code)].lstrip()

    def _lead_in(self, titles: Sequence[str], table: Table | None, opening: str) -> LeadIn:
        below = ""
        if table is not None:
            below = shortened(self._text.text[table.start : table.header], self._most) + "\n"
        elif opening and count(opening) <= self._most:
            below = opening
        left = self._most - count(below)
        text = _line(titles, left) + below
        return LeadIn(text, count(text)) if text else NOTHING


def shortened(text: str, most: int) -> str:
    """Returns the text without its end if it, and a newline after it, has more than `most` tokens."""
    if len(text) <= _LONGEST_TOKEN * most and count(text + "\n") <= most:
        return text
    low, high = 0, min(len(text), _LONGEST_TOKEN * most)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count(text[:middle] + _CUT + "\n") <= most else (low, middle - 1)
    return text[:low].rstrip() + _CUT


def _line(titles: Sequence[str], most: int) -> str:
    """Returns the titles as a line with a blank line below, of at most `most` tokens; empty if nothing fits."""
    if not titles:
        return ""
    for kept in (titles, (titles[0], titles[-1]), titles[-1:]):
        line = SEPARATOR.join(each[: _LONGEST_TOKEN * max(most, 0)] for each in kept) + "\n\n"
        if all(len(each) <= _LONGEST_TOKEN * max(most, 0) for each in kept) and count(line) <= most:
            return line
    line = shortened(titles[-1], most - 2) if most > 8 else ""
    return line + "\n\n" if line else ""
