"""The stores of the embedded index that are in memory."""

from __future__ import annotations

import logging
from collections import OrderedDict
from threading import Lock

from vectorlog.defaults import INDEX_MEMORY_MB
from vectorlog.domain.vectors import Space
from vectorlog.index.embedded.snapshot import Snapshot

log = logging.getLogger(__name__)

MEMORY = INDEX_MEMORY_MB << 20
"""Bytes of stores that are kept in memory: about 400,000 chunks of 384 dimensions in small stores, or ten times as many
in large ones.
"""

Store = tuple[Space, str]


class OpenStores:
    """The newest snapshots of stores. The least recently used ones are dropped once all take more than `memory` bytes,
    but for one.
    """

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._snapshots: OrderedDict[Store, tuple[Snapshot, int]] = OrderedDict()
        self._nbytes = 0
        self._too_large: set[Store] = set()
        self._guard = Lock()  # never held while waiting for anything else

    @property
    def nbytes(self) -> int:
        """Approximate bytes in memory."""
        return self._nbytes

    def get(self, store: Store) -> Snapshot | None:
        """Returns the snapshot of a store, if it is in memory."""
        with self._guard:
            found = self._snapshots.get(store)
            if found is None:
                return None
            self._snapshots.move_to_end(store)
            return found[0]

    def put(self, store: Store, snapshot: Snapshot) -> None:
        """Replaces the snapshot of a store."""
        nbytes = snapshot.nbytes
        with self._guard:
            self._drop(store)
            self._snapshots[store] = snapshot, nbytes
            self._nbytes += nbytes
            while self._nbytes > self._memory and len(self._snapshots) > 1:
                self._drop(next(iter(self._snapshots)))
            tell = nbytes > self._memory and store not in self._too_large
            if tell:
                self._too_large.add(store)
        if tell:
            log.warning(
                "Store %s needs %s MB of memory, and --index-memory-mb is %s. It works, but every use of it drops all"
                " other stores from memory, and a store is read from the disk again when it is next used.",
                store[1],
                nbytes >> 20,
                self._memory >> 20,
            )

    def forget(self, store: Store) -> None:
        """Drops a store."""
        with self._guard:
            self._drop(store)

    def clear(self) -> None:
        """Drops all stores."""
        with self._guard:
            self._snapshots.clear()
            self._nbytes = 0

    def _drop(self, store: Store) -> None:
        _, nbytes = self._snapshots.pop(store, (None, 0))
        self._nbytes -= nbytes
