"""Scales vectors to unit length and checks their dimensions; without numpy, because it runs in Lambda too."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.embedder import EmbeddingError

_TOLERANCE = 1e-6  # a unit vector in float32 has a length of 1 up to this


def unit(vector: Vector, space: Space) -> Vector:
    """Returns a vector scaled to unit length, or the vector itself if it has unit length already.

    Raises:
        EmbeddingError: it does not have the space's dimensions (the deployment's fault), or its length is zero or not
            finite.
    """
    if len(vector) != space.dimensions:
        raise EmbeddingError(f"{space.name} gave {len(vector)} dimensions, not {space.dimensions}.", fault="deployment")
    length = math.hypot(*vector)
    if not math.isfinite(length) or length == 0:
        raise EmbeddingError(f"{space.name} gave a vector of length {length}.")
    return vector if abs(length - 1) < _TOLERANCE else array("f", (x / length for x in vector))


def mean(vectors: Sequence[Vector], space: Space) -> Vector:
    """Returns the mean of unit vectors, scaled to unit length.

    Raises:
        EmbeddingError: as for `unit`.
    """
    return vectors[0] if len(vectors) == 1 else unit(array("f", map(sum, zip(*vectors, strict=True))), space)
