"""Divides a long text into windows that fit a model."""

from __future__ import annotations


def windows(tokens: int, size: int, overlap: int) -> list[range]:
    """Covers `tokens` with the fewest ranges of equal length, each of at most `size` tokens.

    Neighbouring ranges share at least `overlap` tokens. Even an empty text has one window.
    """
    if tokens <= size:
        return [range(tokens)]
    count = -(-(tokens - overlap) // (size - overlap))
    length = -(-(tokens + (count - 1) * overlap) // count)
    starts = (n * (tokens - length) // (count - 1) for n in range(count))
    return [range(start, start + length) for start in starts]
