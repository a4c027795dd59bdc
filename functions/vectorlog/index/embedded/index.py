"""The embedded chunk index: vector search and BM25 over stores in one folder, stored in SQLite."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from sqlite3 import Connection
from threading import Lock

from vectorlog.domain.vectors import Space
from vectorlog.index.analyser.matched import matched_words
from vectorlog.index.chunk_index import FileChunks, Query, SearchResult
from vectorlog.index.embedded import sealed
from vectorlog.index.embedded import store as local_store
from vectorlog.index.embedded.entry import Entry, entry
from vectorlog.index.embedded.files import listed
from vectorlog.index.embedded.open_stores import MEMORY, OpenStores, Store
from vectorlog.index.embedded.removal import remove_some, take_name
from vectorlog.index.embedded.schema import OLDER, SCHEMA, OlderTerms, has_other_terms, owned, upgrade
from vectorlog.index.embedded.search import IndexDamaged, search
from vectorlog.index.embedded.snapshot import Snapshot
from vectorlog.index.embedded.store_state import Place, load, sealed_files
from vectorlog.index.embedded.tending import Sizes, Tender, to_compact, to_seal
from vectorlog.index.embedded.ties import TextsRemoved
from vectorlog.index.embedded.upkeep import Upkeep
from vectorlog.sqlite.database import Database
from vectorlog.sqlite.free_pages import give_back
from vectorlog.sqlite.one_state import one_state

_MAPPED = 256 << 20
"""Bytes of the file that are mapped: searches read texts at random."""
_LOCKS = 64
"""Number of locks that the stores share, so that locks need not be created and removed with stores."""
_STEPS = 30
"""Transactions in which a call removes chunks of a store: about a second."""


class LocalIndex:
    """Implements ChunkIndex in a folder that only one process may use, with any number of threads.

    A search uses the latest snapshot of its store and takes no lock, unless the store has to be read from disk first.
    Cosines are computed from float16 vectors. The least recently used stores are dropped from memory first.
    Most of a large store is in sealed segments, whose files are derived from the database. They are made in the
    background, and one that is missing or damaged when its store is opened is made anew there and then.

    Args:
        folder: created if missing, unless `read_only`.
        memory: maximum bytes of stores in memory; a single store may exceed it, which is logged.
        read_only: opens a folder that another process may have locked. Nothing may be added or removed, and a store
            stays as it was when first read. If an older version's tables lack something, methods raise OlderDatabase.

    Raises:
        FolderInUse: another process has the folder open.
        OlderTerms: an earlier version made the terms, and it is not `read_only`.
    """

    def __init__(self, folder: Path, memory: int = MEMORY, *, read_only: bool = False, sizes: Sizes = Sizes()) -> None:
        path, self._owner = folder / "chunks.db", None if read_only else owned(folder)
        self._database = Database(path, SCHEMA, "FULL", mapped=_MAPPED, read_only=read_only)
        self._is_current = not (read_only and has_other_terms(folder))
        self._sizes = sizes
        writer = None if read_only else self._database.write
        self._place = Place(self._database.read, writer, folder / "sealed", sizes.full)
        self._upkeep = Upkeep(self._newest, self._change, self._place, sizes)
        self._tender = None if read_only else Tender(self._upkeep.tend)
        self._open = OpenStores(memory)
        self._locks = tuple(Lock() for _ in range(_LOCKS))
        try:
            if not read_only:
                upgrade(self._database)
                sealed.drop_others(self._place.sealed, sealed_files(self._database.read()))
        except OlderTerms:
            self.close()
            raise

    def add(self, space: Space, files: Sequence[FileChunks]) -> None:
        """See ChunkIndex. Uses one transaction.

        Raises:
            ValueError: a vector does not fit the space.
        """
        parts: defaultdict[str, list[tuple[FileChunks, Sequence[Entry]]]] = defaultdict(list)
        for file in files:
            parts[file.store].append((file, [entry(chunk, space.dimensions) for chunk in file.chunks]))
        stores = [(space, name) for name in parts]
        self._change(
            stores,
            lambda connection, store, state: local_store.add(connection, self._place, *store, state, parts[store[1]]),
        )

    def retag(self, space: Space, tagged: FileChunks) -> bool:
        """See ChunkIndex."""
        self._change(
            [(space, tagged.store)],
            lambda connection, store, state: local_store.retag(connection, *store, state, tagged),
        )
        return True

    def remove(self, space: Space, store: str, file: str, generation: int | None = None) -> None:
        """See ChunkIndex."""
        self._change(
            [(space, store)], lambda connection, _, state: local_store.remove(connection, state, file, generation)
        )
        give_back(self._database)

    def remove_store(self, space: Space, store: str) -> bool:
        """See ChunkIndex. After the first call, no search finds any of them."""

        def begin(connection: Connection) -> tuple[list[str], bool]:
            return take_name(connection, space, store), remove_some(connection, space, store)

        with self._lock((space, store)):
            files, more = self._database.write(begin)
            self._open.forget((space, store))
        sealed.unlink(self._place.sealed, files)
        for _ in range(_STEPS):
            if not more:
                break
            more = self._database.write(lambda connection: remove_some(connection, space, store))
        give_back(self._database)
        return more

    def expunge(self, space: Space, store: str) -> None:
        """Removes what a store's removed chunks have left: rows, vectors, terms. `scrub` overwrites it on the disk."""
        self._upkeep.expunge((space, store))
        give_back(self._database)

    def scrub(self) -> None:
        """See Database."""
        self._database.scrub()

    def search(self, space: Space, queries: Sequence[Query]) -> list[SearchResult]:
        """See ChunkIndex."""
        if not self._is_current and any(query.text is not None for query in queries):
            raise OlderTerms(OLDER)
        return [self._search((space, query.store), query) for query in queries]

    def matched_words(self, queries: Sequence[str], text: str) -> tuple[str, ...]:
        """See ChunkIndex."""
        return matched_words(queries, text)

    def count(self, space: Space, store: str) -> dict[tuple[str, int], int]:
        """See ChunkIndex."""
        with self._lock((space, store)), one_state(self._database.read()) as connection:
            if self._tender is None:  # what was read before may be older than the names
                self._open.forget((space, store))
            snapshot = self._opened((space, store))
            files = listed(connection, snapshot.key)
        return {files[number]: count for number, count in snapshot.count().items() if number in files}

    def settle(self) -> None:
        """Waits until nothing is left to do in the background."""
        if self._tender is not None:
            self._tender.settle()

    @property
    def nbytes(self) -> int:
        """Approximate bytes of stores in memory."""
        return self._open.nbytes

    def close(self) -> None:
        """Closes the database and frees the memory."""
        if self._tender is not None:
            self._tender.close()
        self._database.close()
        if self._owner is not None:
            self._owner.close()
        self._open.clear()

    def _search(self, store: Store, query: Query) -> SearchResult:
        snapshot = self._newest(store)
        while True:
            try:
                return search(snapshot, query, self._database.read())
            except TextsRemoved:
                with self._lock(store):  # a writer has deleted a text since; wait for its new snapshot
                    newer = self._opened(store)
                if newer is snapshot:
                    raise IndexDamaged(f"A text of store {store[1]} is missing; rebuild the index.") from None
                snapshot = newer

    def _change(self, stores: Sequence[Store], step: Callable[[Connection, Store, Snapshot], Snapshot]) -> None:
        """Changes stores in one durable transaction; searches see the new state once it is on disk."""
        with ExitStack() as locks:
            for place in sorted({hash(store) % _LOCKS for store in stores}):
                locks.enter_context(self._locks[place])
            states = {store: self._opened(store) for store in stores}
            try:
                states = self._database.write(
                    lambda connection: {store: step(connection, store, states[store]) for store in stores}
                )
            except BaseException:
                for store in stores:  # the copy in memory may be ahead of the disk
                    self._open.forget(store)
                raise
            for store, state in states.items():
                self._publish(store, state)

    def _lock(self, store: Store) -> Lock:
        return self._locks[hash(store) % _LOCKS]

    def _newest(self, store: Store) -> Snapshot:
        if snapshot := self._open.get(store):
            return snapshot
        with self._lock(store):
            return self._opened(store)

    def _opened(self, store: Store) -> Snapshot:
        """Returns the store's state, reading it from disk if necessary; the caller holds the store's lock."""
        snapshot = self._open.get(store)
        if snapshot is None:
            with one_state(self._database.read()) as connection:
                snapshot = load(connection, self._place, *store)
            self._publish(store, snapshot)
        return snapshot

    def _publish(self, store: Store, snapshot: Snapshot) -> None:
        self._open.put(store, snapshot)
        if self._tender and (to_seal(snapshot, self._sizes) or to_compact(snapshot, self._sizes)):
            self._tender.wake(store)
