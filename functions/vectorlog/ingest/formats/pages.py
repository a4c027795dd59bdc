"""Cleans up the text of a reader and joins pages, keeping their offsets."""

from __future__ import annotations

import re
from collections.abc import Iterable

from vectorlog.ingest.document import Text

_LINE_END = re.compile(r"\r\n?")
_DROPPED = re.compile("[\0\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BETWEEN = "\n\n"


def clean(text: str) -> str:
    """Normalises line ends, drops NUL and byte order marks, and replaces lone surrogates, which UTF-8 cannot encode."""
    return _SURROGATE.sub("\ufffd", _DROPPED.sub("", _LINE_END.sub("\n", text)))


def whole(text: str) -> Text:
    """Returns a text without pages."""
    return Text(clean(text))


def paged(pages: Iterable[str]) -> Text:
    """Joins pages with a blank line between them."""
    parts: list[str] = []
    offsets: list[int] = []
    length = 0
    for page in pages:
        part = clean(page)
        offsets.append(length)
        parts.append(part)
        length += len(part) + len(_BETWEEN)
    return Text(_BETWEEN.join(parts), tuple(offsets))
