"""Remembers the vectors of texts, so that equal texts are embedded once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import blake2b
from threading import Lock

from vectorlog.domain.vectors import Vector

MEMORY = 16 << 20
"""Bytes of vectors that are remembered for a space: of about 10,000 windows of 384 dimensions."""
_ENTRY = 256
"""Approximate bytes of an entry without its numbers."""

Windows = tuple[Vector, ...]
"""The vectors of a text."""


class Remembered:
    """The vectors of the texts that were embedded last, in one space. Safe to use from several threads.

    What one owner had embedded is not remembered for another, who could otherwise find out, by the time that it takes,
    which texts others have.

    Args:
        memory: bytes, above which the vectors that were not used for longest are forgotten.
    """

    def __init__(self, memory: int = MEMORY) -> None:
        self._memory = memory
        self._lock = Lock()
        self._vectors: OrderedDict[bytes, Windows] = OrderedDict()
        self._nbytes = 0

    def vectors(
        self, owned: Sequence[tuple[str, str]], embed: Callable[[Sequence[str]], Sequence[Windows]]
    ) -> list[Windows]:
        """Returns the vectors of texts, each given with its owner. `embed` is called at most once, with each unknown
        text once; its errors are passed on, and nothing is remembered then.
        """
        keys = [_key(owner, text) for owner, text in owned]
        known = self._known(keys)
        unknown = {key: text for key, (_, text) in zip(keys, owned, strict=True) if key not in known}
        if unknown:
            made = dict(zip(unknown, embed(list(unknown.values())), strict=True))
            self._remember(made)
            known |= made
        return [known[key] for key in keys]

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, Windows]:
        with self._lock:
            found = {key: self._vectors[key] for key in keys if key in self._vectors}
            for key in found:
                self._vectors.move_to_end(key)
            return found

    def _remember(self, made: dict[bytes, Windows]) -> None:
        with self._lock:
            for key, vectors in made.items():
                if key not in self._vectors:
                    self._vectors[key] = vectors
                    self._nbytes += _nbytes(vectors)
            while self._nbytes > self._memory:
                _, oldest = self._vectors.popitem(last=False)
                self._nbytes -= _nbytes(oldest)


def _key(owner: str, text: str) -> bytes:
    hashed = blake2b(f"{len(owner)}:{owner}".encode("utf-8", "surrogatepass"), digest_size=16)
    hashed.update(text.encode("utf-8", "surrogatepass"))
    return hashed.digest()


def _nbytes(vectors: Windows) -> int:
    return sum(_ENTRY + vector.itemsize * len(vector) for vector in vectors)
