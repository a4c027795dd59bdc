"""Whether the hyphen at the end of a line belongs to the word that goes on in the next one.

`infor-` / `mation` is one word that a program cut; `well-` / `known` is written with its hyphen wherever it stands. No
dictionary decides, because there would have to be one for each language, but the document's other words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

MARK = "\ufffe"
"""Stands where a line ended with a hyphen and the next one follows."""
_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_BEFORE = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*\Z")
_AFTER = re.compile(r"[^\W\d_]+")
_LONGEST_WORD = 60
_CUT = re.compile(r"(?<=[^\W\d_])[-\u2010]\r?\n[ \t]*(?=[^\W\d_])")
_LEAST_LINE = 30
"""A shorter line of plain text was not cut because it was full."""
_LEAST_PART = 2
_MOST_TEXT = 4_000_000
"""Longer plain texts are logs and tables, and are left as they are."""


class Hyphens:
    """Decides for each place of a document where a line ended with a hyphen.

    Args:
        texts: the document's texts, with `MARK` at these places.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        kept = list(texts)
        pairs = [_around(text, place) for text in kept for place in _places(text)]
        asked: set[str] = set()
        for left, right in pairs:
            asked |= {left + right, f"{left}-{right}", _tail(left), right}
        lower = {each.lower() for each in asked}
        self._lower: Counter[str] = Counter()
        self._right: Counter[str] = Counter()
        if not pairs:
            return
        words: Counter[str] = Counter()
        for text in kept:
            words.update(_WORD.findall(_uncut(text)))
        for word, count in words.items():
            if (low := word.lower()) in lower:
                self._lower[low] += count
                self._right[word] += count

    def resolved(self, text: str) -> str:
        """Returns the text with a hyphen or nothing in place of each `MARK`."""
        if MARK not in text:
            return text
        parts, begun = [], 0
        for place in _places(text):
            parts += [text[begun:place], "" if self.joins(*_around(text, place)) else "-"]
            begun = place + 1
        return "".join([*parts, text[begun:]])

    def joins(self, left: str, right: str) -> bool:
        """Whether these two halves are one word without a hyphen.

        They are if the document has that word elsewhere. They are not if it has them with a hyphen, if the second half
        begins with a capital, or if both halves are words of their own: of 3,883 hyphens in a manual in thirteen
        languages, that decides 98.6 % as the manual has the words elsewhere, and joining all of them 92.6 %.
        """
        if not left or not right:
            return False
        joined, hyphenated = self.counts(left, right)
        if joined or hyphenated:
            return joined >= hyphenated
        tail = _tail(left)
        if right[0].isupper() and not tail.isupper():
            return False
        return not (self._right[right] and self._lower[tail.lower()])

    def counts(self, left: str, right: str) -> tuple[int, int]:
        """Returns how often the document has these two halves as one word elsewhere, and how often with a hyphen."""
        return self._lower[(left + right).lower()], self._lower[f"{left}-{right}".lower()]


def _uncut(text: str) -> str:
    """Returns a text without the words at its marks."""
    if MARK not in text:
        return text
    parts, begun = [], 0
    for place in _places(text):
        left, right = _around(text, place)
        parts.append(text[begun : max(begun, place - len(left))])
        begun = place + 1 + len(right)
    return " ".join([*parts, text[begun:]])


def unwrapped(text: str) -> str:
    """Returns a plain text in which words that a line's end cut stand in one piece at the end of their first line.

    That is done only where the whole word occurs elsewhere in the text and, with a hyphen, nowhere: what looks like a
    cut word may be a name or an option.
    """
    if len(text) > _MOST_TEXT:
        return text
    cuts = [cut for cut in _CUT.finditer(text) if _is_full(text, cut.start())]
    if not cuts:
        return text
    hyphens = Hyphens([_CUT.sub(MARK, text)])
    parts, begun = [], 0
    for cut in cuts:
        left, right = _halves(text, cut.start(), cut.end())
        joined, hyphenated = hyphens.counts(left, right)
        if min(len(left), len(right)) < _LEAST_PART or not right.islower() or not joined or hyphenated:
            continue
        end = cut.end() + len(right)
        punctuation = re.compile(r"[^\w\s]*").match(text, end)
        end = punctuation.end() if punctuation else end
        line_end = cut[0].lstrip("-\u2010")
        parts += [text[begun : cut.start()], text[cut.end() : end], line_end]
        begun = end + 1 if text[end : end + 1] == " " else end
    return "".join([*parts, text[begun:]])


def _is_full(text: str, hyphen: int) -> bool:
    return hyphen - text.rfind("\n", max(0, hyphen - 2 * _LEAST_LINE), hyphen) > _LEAST_LINE


def _places(text: str) -> Iterable[int]:
    place = text.find(MARK)
    while place >= 0:
        yield place
        place = text.find(MARK, place + 1)


def _around(text: str, place: int) -> tuple[str, str]:
    return _halves(text, place, place + 1)


def _halves(text: str, end: int, start: int) -> tuple[str, str]:
    """Returns the word that ends at `end`, and the one that begins at `start`; empty if none does."""
    before = _BEFORE.search(text[max(0, end - _LONGEST_WORD) : end])
    after = _AFTER.match(text[start : start + _LONGEST_WORD].lstrip())
    return before[0] if before else "", after[0] if after else ""


def _tail(left: str) -> str:
    """Returns the last part of a word that has hyphens already."""
    return left.rpartition("-")[2]
