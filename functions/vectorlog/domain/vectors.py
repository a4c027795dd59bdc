"""Vectors, the space in which they can be compared, and the chunks that carry them."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TypeAlias

from vectorlog.domain.location import Location

Vector: TypeAlias = "array[float]"
"""Typecode `f` (float32), of unit length; numpy and struct read its buffer without a copy."""


@dataclass(frozen=True, slots=True)
class Space:
    """An embedding model and its number of dimensions. Only vectors of the same space can be compared."""

    model: str
    dimensions: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Chunk `n` of a file: its text, and one vector for each of its windows (at least one).

    Its location is None if it was ingested by a version that did not keep it.
    """

    n: int
    text: str
    vectors: tuple[Vector, ...]
    location: Location | None = None
