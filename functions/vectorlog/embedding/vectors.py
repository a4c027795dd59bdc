"""Vectors as an index wants them: of the space's dimensions, at unit length. Standard library only: it runs in Lambda
too.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.embedder import EmbeddingError

_UNIT = 1e-6  # what float32 leaves of an exact 1


def unit(vector: Vector, space: Space) -> Vector:
    """A provider's vector at unit length, the same one where it has it already.

    Raises:
        EmbeddingError: it has other dimensions than the space (not temporary), or no direction.
    """
    if len(vector) != space.dimensions:
        raise EmbeddingError(f"{space.model} gave {len(vector)} dimensions, not {space.dimensions}.", temporary=False)
    length = math.hypot(*vector)
    if not math.isfinite(length) or length == 0:
        raise EmbeddingError(f"{space.model} gave a vector of length {length}.")
    return vector if abs(length - 1) < _UNIT else array("f", (x / length for x in vector))


def mean(vectors: Sequence[Vector], space: Space) -> Vector:
    """The direction between unit vectors; one alone is its own.

    Raises:
        EmbeddingError: as `unit`.
    """
    return vectors[0] if len(vectors) == 1 else unit(array("f", map(sum, zip(*vectors, strict=True))), space)
