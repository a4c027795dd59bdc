"""What a chunk is embedded and searched by words with, beside its passage: names of its file and document."""

from __future__ import annotations

import re
from bisect import bisect_left

from vectorlog.ingest.document import Document

LONGEST = 200
"""Characters of a title or a filename that are used."""

_EXTENSION = re.compile(r"\.\w{1,8}\Z")
_JOINTS = re.compile(r"[\W_]+")


def words(filename: str, title: str) -> str:
    """Returns what finds every chunk of a file by words: the filename, as it is and in words, and the title."""
    name = filename[-LONGEST:]
    parts = [name, _in_words(name), title[:LONGEST]]
    return "\n".join(dict.fromkeys(part for part in parts if part.strip()))


def embedded(document: Document, n: int) -> str:
    """Returns the text of chunk `n` that is embedded: the lead-in and the passage.

    The title is left to words: it makes the chunks of a long document alike, and adds nothing where a heading says it.
    """
    span = document.spans[n]
    return span.before + document.text[span.start : span.end]


def windows(document: Document, n: int) -> list[str]:
    """Returns the texts of the windows of chunk `n`, in order, each with its own lead-in."""
    span, texts = document.spans[n], []
    for number in range(bisect_left(document.windows, span.start, key=lambda each: each.start), len(document.windows)):
        window = document.windows[number]
        if window.end > span.end:
            break
        texts.append(window.before + document.text[window.start : window.end])
    return texts


def _in_words(filename: str) -> str:
    return _JOINTS.sub(" ", _EXTENSION.sub("", filename)).strip()
