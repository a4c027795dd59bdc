"""cl100k_base tokens: how many a text has, and at which characters they end."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, compress, islice
from typing import Protocol

PIECE = 1 << 20
"""Characters that are tokenised at a time, so that memory grows with the piece and not with the text."""

_SAFE = re.compile(r"\n(?=\S)|(?<=\S)(?= )")
"""Where a text may be cut without changing any token; `is_seam` is the same rule for one place."""

_CONTINUING = bytes(range(0x80, 0xC0))
"""What UTF-8 goes on with inside a character."""

_NEWLINE_FOLLOWS = re.compile(r"\s*[\r\n]")


class _Tokenizer(Protocol):
    def count(self, text: str) -> int: ...

    def encode_ordinary(self, text: str) -> list[int]: ...

    def token_byte_values(self) -> list[bytes]: ...


@cache
def _cl100k() -> _Tokenizer:
    import toktok  # type: ignore[import-untyped]

    tokenizer: _Tokenizer = toktok._encoding(
        "cl100k_base"
    )  # private: the public functions give no tokens (toktok-rs is pinned)
    return tokenizer


@cache
def _characters() -> tuple[Sequence[int], Sequence[bool]]:
    """Of each token, by its id: how many characters begin in it, and whether it begins inside of one."""
    values = _cl100k().token_byte_values()
    begin = [len(value.translate(None, _CONTINUING)) for value in values]
    return begin, [value[:1] != b"" and value[0] in _CONTINUING for value in values]


def count(text: str) -> int:
    """Number of cl100k_base tokens of `text`; names of special tokens count as ordinary text.

    Raises:
        UnicodeEncodeError: `text` holds half of a surrogate pair.
    """
    return _cl100k().count(text)


def is_seam(text: str, offset: int) -> bool:
    """Whether both sides of `offset`, tokenised alone, give the tokens of the whole.

    cl100k_base first cuts a text into words by a pattern that never looks back. A word surely ends after the last
    newline of a run of white space, and before a space that follows something else.
    """
    if offset <= 0 or offset >= len(text):
        return True
    before, after = text[offset - 1], text[offset]
    return (before == "\n" and not _NEWLINE_FOLLOWS.match(text, offset)) or (after == " " and not before.isspace())


class Boundaries:
    """The places of a text where a token ends, each with the number of tokens before it.

    A window: `cover` moves it forward. A token may end inside a character; such places are left out.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._read = 0
        self._offsets = array("q", [0])
        self._numbers = array("q", [0])

    def cover(self, start: int, tokens: int) -> None:
        """Hold what lies from `start`, a boundary, to `tokens` tokens after it or to the end; forget what lies before
        `start`.
        """
        wanted = self.tokens_before(start) + tokens
        while self._numbers[-1] < wanted and self._read < len(self._text):
            kept = bisect_left(self._offsets, start)
            offsets, numbers = self._next_piece()
            self._offsets = self._offsets[kept:] + offsets
            self._numbers = self._numbers[kept:] + numbers

    def tokens_before(self, offset: int) -> int:
        """Tokens between the beginning of the text and `offset`, a boundary of the window."""
        return self._numbers[bisect_left(self._offsets, offset)]

    def last(self, tokens: int) -> int:
        """The last boundary with at most `tokens` tokens before it."""
        return self._offsets[max(0, bisect_right(self._numbers, tokens) - 1)]

    def first(self, tokens: int) -> int:
        """The first boundary with at least `tokens` tokens before it, or the window's end."""
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
