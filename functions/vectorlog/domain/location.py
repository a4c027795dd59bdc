"""Where a chunk is in its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Code: TypeAlias = list[Any]
"""A location as JSON: start, end, first page, last page, sheet, headings, page label. What is missing at the end is
left out, so later versions can append fields; 0 means no page.
"""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a chunk is in the extracted text of its file, and what the document says about that place.

    Attributes:
        start: offset of its first character in the text.
        end: offset of the character after its last one.
        first_page: number of the page, slide or sheet on which it begins, counted from 1; None without pages.
        last_page: number of the page on which it ends.
        sheet: name of the sheet on which it begins.
        headings: titles of the headings over the place at which it begins, outermost first.
        page_label: what is printed on the page on which it begins as its number, if the document says so.
    """

    start: int
    end: int
    first_page: int | None = None
    last_page: int | None = None
    sheet: str | None = None
    headings: tuple[str, ...] = ()
    page_label: str | None = None

    @property
    def code(self) -> Code:
        """The location in its short form, which artefacts and indexes keep."""
        code: Code = [
            self.start,
            self.end,
            self.first_page or 0,
            self.last_page or 0,
            self.sheet or "",
            list(self.headings),
            self.page_label or "",
        ]
        while not code[-1] and len(code) > 2:
            code.pop()
        return code


def decoded(code: Sequence[Any]) -> Location:
    """Returns the location with a short form; fields that a later version appended are ignored."""
    start, end, first, last, sheet, headings, label = (*code, *_NOTHING[len(code) :])[: len(_NOTHING)]
    return Location(start, end, first or None, last or None, sheet or None, tuple(headings), label or None)


_NOTHING = (0, 0, 0, 0, "", (), "")
