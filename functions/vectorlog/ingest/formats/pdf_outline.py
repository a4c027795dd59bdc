"""The bookmarks of a PDF, and which lines of its pages are the headings that they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from itertools import islice
from typing import TYPE_CHECKING

from vectorlog.ingest.formats.pdf_lines import Line

if TYPE_CHECKING:
    import pypdfium2  # type: ignore[import-untyped]

_MOST = 10_000
"""Bookmarks that are looked at."""
_DEEPEST = 6
_LONGEST_NUMBER = 12
"""Characters of a number, such as `Chapter 12`, that a heading may have before what its bookmark says."""

Bookmarks = Mapping[int, Mapping[str, int]]
"""By the number of the page, from 0: titles in the form of `_plain`, with their levels from 1."""


def bookmarks(document: pypdfium2.PdfDocument) -> Bookmarks:
    """Returns a document's bookmarks; those that lead to no page are left out."""
    found: dict[int, dict[str, int]] = {}
    for bookmark in islice(document.get_toc(max_depth=_DEEPEST), _MOST):
        destination = bookmark.get_dest()
        page = destination.get_index() if destination else None
        if page is not None and (title := _plain(bookmark.get_title())):
            found.setdefault(page, {}).setdefault(title, bookmark.level + 1)
    return found


def levels(pages: Sequence[Sequence[Line] | None], named: Bookmarks) -> dict[int, int]:
    """Returns the levels of the lines that a bookmark of their page names, by the lines' `id`."""
    found: dict[int, int] = {}
    for number, titles in named.items():
        lengths = set(map(len, titles))
        for line in (pages[number] if 0 <= number < len(pages) else None) or ():
            if level := _level(line, titles, lengths):
                found[id(line)] = level
    return found


def _level(line: Line, titles: Mapping[str, int], lengths: Set[int]) -> int:
    text = _plain(line.text)
    if text in titles:
        return titles[text]
    for length in range(1, _LONGEST_NUMBER + 1):
        if len(text) - length not in lengths:
            continue
        number, title = text[:length], text[length:]
        if title in titles and any(map(str.isdigit, number)):
            return titles[title]
    return 0


def _plain(title: str) -> str:
    return "".join(filter(str.isalnum, title.casefold()))
