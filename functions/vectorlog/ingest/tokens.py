"""Counts the cl100k_base tokens of a text and finds the characters at which they end."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, compress, islice
from typing import Protocol

PIECE = 1 << 20
"""Characters that are tokenised at a time, so that memory use does not grow with the text."""

_SAFE = re.compile(
    r"\n(?=\S)|(?<=\S)(?= )|(?<=[\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3])(?=[、。，；：！？])"
)
"""Matches where a text can be cut without changing any token; `is_seam` applies the same rule to one offset, but for
Chinese, Japanese and Korean letters before punctuation, where a text that has no spaces is cut into pieces.
"""

_CONTINUING = bytes(range(0x80, 0xC0))
"""UTF-8 continuation bytes."""

NEWLINE_FOLLOWS = re.compile(r"[^\S\r\n]{0,1000}+(?:[\r\n]|[^\S\r\n])")
"""What must not follow a newline for a text to be cut there without changing any token. It also matches a lot of white
space, of which it is not found out, to save time, whether a newline follows.
"""


class _Tokenizer(Protocol):
    def count(self, text: str) -> int: ...

    def encode_ordinary(self, text: str) -> list[int]: ...

    def token_byte_values(self) -> list[bytes]: ...


@cache
def _cl100k() -> _Tokenizer:
    import toktok  # type: ignore[import-untyped]

    # A private function, because the public ones return no tokens (toktok-rs is pinned).
    tokenizer: _Tokenizer = toktok._encoding("cl100k_base")
    return tokenizer


@cache
def _characters() -> tuple[Sequence[int], Sequence[bool]]:
    """Returns, by token id, how many characters begin in the token, and whether the token begins inside a character."""
    values = _cl100k().token_byte_values()
    begin = [len(value.translate(None, _CONTINUING)) for value in values]
    return begin, [value[:1] != b"" and value[0] in _CONTINUING for value in values]


def count(text: str) -> int:
    """Returns the number of cl100k_base tokens in `text`; names of special tokens count as ordinary text.

    Raises:
        UnicodeEncodeError: `text` has half of a surrogate pair.
    """
    return _cl100k().count(text)


def text_of(ids: Sequence[int]) -> str:
    """Returns the text of cl100k_base tokens; bytes that are not UTF-8 become U+FFFD.

    Raises:
        ValueError: one of them is not the id of a token of text.
    """
    values = _cl100k().token_byte_values()
    for each in ids:
        if not 0 <= each < len(values):
            raise ValueError(f"{each} is not a token of cl100k_base")
    return b"".join(values[each] for each in ids).decode("utf-8", "replace")


def is_seam(text: str, offset: int) -> bool:
    """Whether tokenising the text before and after `offset` separately gives the same tokens as tokenising it whole.

    cl100k_base first cuts a text into words, with a pattern that never looks back. A word always ends after the last
    newline of a run of white space, and before a space that follows a character other than white space. If a lot of
    white space follows a newline, the answer is False.
    """
    if offset <= 0 or offset >= len(text):
        return True
    before, after = text[offset - 1], text[offset]
    return (before == "\n" and not NEWLINE_FOLLOWS.match(text, offset)) or (after == " " and not before.isspace())


class Boundaries:
    """The character offsets at which tokens of a text end, each with the number of tokens before it.

    Only a window of the text is kept in memory; `cover` moves it forward. Token ends inside a character are left out.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._read = 0
        self._offsets = array("q", [0])
        self._numbers = array("q", [0])

    def cover(self, start: int, tokens: int) -> None:
        """Extends the window to `tokens` tokens after `start`, or to the end of the text.

        `start` must be a boundary in the window. Boundaries before it may be dropped.
        """
        target = self.tokens_before(start) + tokens
        while self._numbers[-1] < target and self._read < len(self._text):
            kept = bisect_left(self._offsets, start)
            offsets, numbers = self._next_piece()
            self._offsets = self._offsets[kept:] + offsets
            self._numbers = self._numbers[kept:] + numbers

    def tokens_before(self, offset: int) -> int:
        """Returns the number of tokens from the beginning of the text to `offset`, a boundary in the window."""
        return self._numbers[bisect_left(self._offsets, offset)]

    def last(self, tokens: int) -> int:
        """Returns the last boundary with at most `tokens` tokens before it."""
        return self._offsets[max(0, bisect_right(self._numbers, tokens) - 1)]

    def first(self, tokens: int) -> int:
        """Returns the first boundary with at least `tokens` tokens before it, or else the end of the window."""
        return self._offsets[min(len(self._offsets) - 1, bisect_left(self._numbers, tokens))]

    def __contains__(self, offset: int) -> bool:
        index = bisect_left(self._offsets, offset)
        return index < len(self._offsets) and self._offsets[index] == offset

    def _next_piece(self) -> tuple[array[int], array[int]]:
        start, end = self._read, len(self._text)
        if end - start > PIECE + PIECE // 4 and (seam := _SAFE.search(self._text, start + PIECE)):
            end = seam.end()
        self._read = end
        begin, inside = _characters()
        ids = _cl100k().encode_ordinary(self._text[start:end])
        first = self._numbers[-1] + 1
        offsets = array("q", islice(accumulate(map(begin.__getitem__, ids), initial=start), 1, None))
        numbers = array("q", range(first, first + len(ids)))
        whole = [not inside[after] for after in ids[1:]] + [True]
        if all(whole):
            return offsets, numbers
        return array("q", compress(offsets, whole)), array("q", compress(numbers, whole))
