"""Chunks as the embedded index stores them, prepared outside of any lock."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from vectorlog.domain.vectors import Chunk
from vectorlog.index.analyser.terms import terms
from vectorlog.index.embedded.postings import Terms, key


@dataclass(frozen=True, slots=True)
class Entry:
    """A chunk prepared outside any lock: what is shown of it, the terms that find it, and its vectors in float16, as
    used for all scores.
    """

    n: int
    text: str
    vectors: NDArray[np.float16]
    digest: int
    terms: Terms
    location: str | None


def entry(chunk: Chunk, dimensions: int) -> Entry:
    """Prepares a chunk for the index.

    Raises:
        ValueError: the chunk has no vector, or a vector is not finite or has other dimensions.
    """
    if not chunk.vectors or any(len(vector) != dimensions for vector in chunk.vectors):
        raise ValueError(f"Chunk {chunk.n} needs vectors of {dimensions} dimensions, at least one.")
    vectors = np.asarray(chunk.vectors, np.float32).astype(np.float16)
    if not np.isfinite(vectors).all():
        raise ValueError(f"Chunk {chunk.n} has a vector that is not finite.")
    digest = blake2b(chunk.shown.encode(), digest_size=8)
    if chunk.searched != chunk.shown:
        digest.update(chunk.searched.encode())
    digest.update(vectors.tobytes())
    location = None
    if chunk.location is not None:
        location = json.dumps(chunk.location.code, ensure_ascii=False, separators=(",", ":"))
        digest.update(location.encode())
    number = int.from_bytes(digest.digest(), "little")
    return Entry(chunk.n, chunk.shown, vectors, number, counted(chunk.searched), location)


def counted(text: str) -> Terms:
    """Returns the terms of a text."""
    return Terms.of({key(term): count for term, count in terms(text).items()})
