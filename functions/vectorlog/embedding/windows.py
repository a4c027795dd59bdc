"""Which tokens of a long text go into which window of a model."""

from __future__ import annotations


def windows(tokens: int, size: int, overlap: int) -> list[range]:
    """Equally long ranges that cover `tokens`, as few as fit: each at most `size`, neighbours sharing at least
    `overlap`.

    Every text has at least one, if it is empty too.
    """
    if tokens <= size:
        return [range(tokens)]
    count = -(-(tokens - overlap) // (size - overlap))
    length = -(-(tokens + (count - 1) * overlap) // count)
    starts = (n * (tokens - length) // (count - 1) for n in range(count))
    return [range(start, start + length) for start in starts]
