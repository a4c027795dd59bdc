"""cl100k_base tokens: how many a text has, and at which characters they end."""

from __future__ import annotations

import re
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

PIECE = 1 << 20
"""Characters that are tokenised at a time, so that memory grows with the piece and not with the text."""

_SAFE = re.compile(r"\n(?=\S)|(?<=\S)(?= )")
"""Where a text may be cut without changing any token; `is_seam` is the same rule for one place."""

_NEWLINE_FOLLOWS = re.compile(r"\s*[\r\n]")


class _Tokenizer(Protocol):
    def count(self, text: str) -> int: ...

    def encode_batch_to_numpy(self, texts: list[str], _threads: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]: ...

    def token_byte_values(self) -> list[bytes]: ...


@cache
def _cl100k() -> _Tokenizer:
    import toktok  # type: ignore[import-untyped]

    tokenizer: _Tokenizer = toktok._encoding("cl100k_base")  # private: the public functions give no tokens (toktok-rs is pinned)
    return tokenizer


@cache
def _token_lengths() -> NDArray[np.int64]:
    """Bytes of each token, by its id."""
    return np.fromiter((len(value) for value in _cl100k().token_byte_values()), dtype=np.int64)


def count(text: str) -> int:
    """Number of cl100k_base tokens of `text`; names of special tokens count as ordinary text.

    Raises:
        UnicodeEncodeError: `text` holds half of a surrogate pair.
    """
    return _cl100k().count(text)


def is_seam(text: str, offset: int) -> bool:
    """Whether both sides of `offset`, tokenised alone, give the tokens of the whole.

    cl100k_base first cuts a text into words by a pattern that never looks back. A word surely ends after the last newline of a run of
    white space, and before a space that follows something else.
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
        self._offsets: NDArray[np.int64] = np.zeros(1, dtype=np.int64)
        self._numbers: NDArray[np.int64] = np.zeros(1, dtype=np.int64)

    def cover(self, start: int, tokens: int) -> None:
        """Hold what lies from `start`, a boundary, to `tokens` tokens after it or to the end; forget what lies before `start`."""
        wanted = self.tokens_before(start) + tokens
        while self._numbers[-1] < wanted and self._read < len(self._text):
            kept = int(self._offsets.searchsorted(start))
            offsets, numbers = self._next_piece()
            self._offsets = np.concatenate((self._offsets[kept:], offsets))
            self._numbers = np.concatenate((self._numbers[kept:], numbers + self._numbers[-1]))

    def tokens_before(self, offset: int) -> int:
        """Tokens between the beginning of the text and `offset`, a boundary of the window."""
        return int(self._numbers[self._offsets.searchsorted(offset)])

    def last(self, tokens: int) -> int:
        """The last boundary with at most `tokens` tokens before it."""
        return int(self._offsets[max(0, int(self._numbers.searchsorted(tokens, "right")) - 1)])

    def first(self, tokens: int) -> int:
        """The first boundary with at least `tokens` tokens before it, or the window's end."""
        return int(self._offsets[min(len(self._offsets) - 1, int(self._numbers.searchsorted(tokens)))])

    def __contains__(self, offset: int) -> bool:
        index = int(self._offsets.searchsorted(offset))
        return index < len(self._offsets) and int(self._offsets[index]) == offset

    def _next_piece(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        start, end = self._read, len(self._text)
        if end - start > PIECE + PIECE // 4 and (seam := _SAFE.search(self._text, start + PIECE)):
            end = seam.end()
        self._read = end
        piece = self._text[start:end]
        ids, _ = _cl100k().encode_batch_to_numpy([piece], 1)
        offsets = np.cumsum(_token_lengths()[ids])
        numbers = np.arange(1, len(offsets) + 1, dtype=np.int64)
        if not piece.isascii():
            begins_character = (np.frombuffer(piece.encode(), dtype=np.uint8) & 0xC0) != 0x80
            whole = np.append(begins_character, True)[offsets]
            offsets, numbers = np.cumsum(begins_character, dtype=np.int64)[offsets[whole] - 1], numbers[whole]
        return offsets + start, numbers
