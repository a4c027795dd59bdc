"""Which of many names were seen, in 8 bytes each."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left


class Seen:
    """Remembers names by a hash of 64 bits: a set of two million names would take about 300 MB, and this takes 16 MB.

    A name that was not seen has the hash of one that was with a probability of n/2^64: about 10^-13 for two million.
    """

    def __init__(self) -> None:
        self._hashes = array("Q")
        self._sorted = True

    def add(self, name: str) -> None:
        """Notes a name."""
        self._hashes.append(_hash(name))
        self._sorted = False

    def __contains__(self, name: str) -> bool:
        """Whether the name was added."""
        if not self._sorted:
            self._hashes, self._sorted = array("Q", sorted(self._hashes)), True
        wanted = _hash(name)
        place = bisect_left(self._hashes, wanted)
        return place < len(self._hashes) and self._hashes[place] == wanted


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())
