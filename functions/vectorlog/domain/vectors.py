"""Vectors, the space that they can be compared in, and the chunks that carry them."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TypeAlias

Vector: TypeAlias = "array[float]"
"""Typecode `f` (float32), unit length; its buffer is what numpy and struct read without a copy."""


@dataclass(frozen=True, slots=True)
class Space:
    """The vectors that can be compared with each other: one model at one number of dimensions."""

    model: str
    dimensions: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Chunk `n` of a file: its text, and one vector for each window of the model that it fills (at least one)."""

    n: int
    text: str
    vectors: tuple[Vector, ...]
