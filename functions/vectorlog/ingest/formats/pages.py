"""Cleans up the text of a reader and joins pages, keeping their offsets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.headings import headings

_LINE_END = re.compile(r"\r\n?")
_DROPPED = re.compile("[\0\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BETWEEN = "\n\n"


def clean(text: str) -> str:
    """Normalises line ends, drops NUL and byte order marks, and replaces lone surrogates, which UTF-8 cannot encode."""
    return _SURROGATE.sub("\ufffd", _DROPPED.sub("", _LINE_END.sub("\n", text)))


def whole(text: str, *, markdown: bool = False) -> Text:
    """Returns a text without pages; one in Markdown has headings."""
    cleaned = clean(text)
    return Text(cleaned, headings=headings(cleaned) if markdown else ())


def paged(pages: Iterable[str], *, markdown: bool = False) -> Text:
    """Joins pages with a blank line between them; those in Markdown have headings."""
    parts: list[str] = []
    offsets: list[int] = []
    length = 0
    for page in pages:
        part = clean(page)
        offsets.append(length)
        parts.append(part)
        length += len(part) + len(_BETWEEN)
    text = _BETWEEN.join(parts)
    return Text(text, tuple(offsets), headings=headings(text) if markdown else ())


def sheets(named: Iterable[tuple[str, str]]) -> Text:
    """Joins sheets, each a name and a text, as pages."""
    names: list[str] = []

    def texts() -> Iterator[str]:
        for name, text in named:
            names.append(clean(name))
            yield text

    text = paged(texts())
    return replace(text, sheets=tuple(names))
