"""The embedded chunk index: exact vector search and BM25 over stores in one folder, stored in SQLite."""

from __future__ import annotations

import json
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from sqlite3 import Connection
from threading import Lock

from vectorlog.defaults import INDEX_MEMORY_MB
from vectorlog.domain.location import decoded
from vectorlog.domain.vectors import Space
from vectorlog.index.analyser.matched import matched_words
from vectorlog.index.chunk_index import FileChunks, Hit, Query, SearchResult
from vectorlog.index.embedded import store as local_store
from vectorlog.index.embedded.compaction import without_dead_rows
from vectorlog.index.embedded.schema import OLDER, SCHEMA, OlderTerms, has_other_terms, lock_folder, upgrade
from vectorlog.index.embedded.search import ScoredRow, search
from vectorlog.index.embedded.snapshot import Snapshot
from vectorlog.index.embedded.store import Entry
from vectorlog.sqlite.database import Database
from vectorlog.sqlite.free_pages import give_back, prepare

MEMORY = INDEX_MEMORY_MB << 20
"""Bytes of stores that are kept in memory: about 400,000 chunks of 384 dimensions."""

_MAPPED = 256 << 20
"""Bytes of the file that are mapped: searches read texts at random."""
_LOCKS = 64
"""Number of locks that the stores share, so that locks need not be created and removed with stores."""

_Store = tuple[Space, str]
_Text = tuple[str, str | None]
"""A chunk's text and its location, as stored."""


class IndexDamaged(Exception):
    """A row refers to a text that does not exist."""


class LocalIndex:
    """Implements ChunkIndex in a folder that only one process may use, with any number of threads.

    A search uses the latest snapshot of its store and takes no lock, unless the store has to be read from disk first.
    Cosines are computed from float16 vectors. The least recently used stores are dropped from memory first.

    Args:
        folder: created if missing, unless `read_only`.
        memory: maximum bytes of stores in memory; a single store may exceed it.
        read_only: opens a folder that another process may have locked. Nothing may be added or removed, and a store
            stays as it was when it was first read. If an older version made the tables, and they lack something,
            every method raises OlderDatabase.

    Raises:
        FolderInUse: another process has the folder open.
        OlderTerms: an earlier version made the terms, and it is not `read_only`.
    """

    def __init__(self, folder: Path, memory: int = MEMORY, *, read_only: bool = False) -> None:
        path, self._owner = folder / "chunks.db", None if read_only else _owned(folder)
        self._database = Database(path, SCHEMA, "FULL", mapped=_MAPPED, read_only=read_only)
        self._is_current = not (read_only and has_other_terms(folder))
        self._memory = memory
        self._snapshots: OrderedDict[_Store, Snapshot] = OrderedDict()
        self._nbytes = 0
        self._guard = Lock()  # protects _snapshots and _nbytes; never held while waiting for anything else
        self._locks = tuple(Lock() for _ in range(_LOCKS))
        try:
            if not read_only:
                upgrade(self._database)
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
            parts[file.store].append((file, [local_store.entry(chunk, space.dimensions) for chunk in file.chunks]))
        stores = [(space, name) for name in parts]
        self._change(
            stores, lambda connection, store, state: local_store.add(connection, *store, state, parts[store[1]])
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
        """See ChunkIndex. Removes all of them."""
        with self._lock((space, store)):
            self._database.write(lambda connection: local_store.remove_store(connection, space, store))
            self._forget((space, store))
        give_back(self._database)
        return False

    def expunge(self, space: Space, store: str) -> None:
        """Removes what a store's removed chunks have left: rows, vectors, terms. `scrub` overwrites it on the disk."""
        self._change([(space, store)], lambda connection, _, state: without_dead_rows(connection, state))
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
        return self._newest((space, store)).count()

    @property
    def nbytes(self) -> int:
        """Approximate bytes of stores in memory."""
        return self._nbytes

    def close(self) -> None:
        """Closes the database and frees the memory."""
        self._database.close()
        if self._owner is not None:
            self._owner.close()
        with self._guard:
            self._snapshots.clear()
            self._nbytes = 0

    def _search(self, store: _Store, query: Query) -> SearchResult:
        snapshot = self._newest(store)
        while True:
            ranking = search(snapshot, query)
            texts = self._texts({each.text for each in (*ranking.by_vector, *ranking.by_text)})
            if texts is not None:
                hits = {each.row: _hit(each, texts) for each in (*ranking.by_vector, *ranking.by_text)}
                by_vector, by_text = (
                    tuple(hits[each.row] for each in part) for part in (ranking.by_vector, ranking.by_text)
                )
                return SearchResult(by_vector, by_text, ranking.bm25_bound, ranking.bm25_same)
            with self._lock(store):  # a writer has deleted a text since; wait for its new snapshot
                newer = self._opened(store)
            if newer is snapshot:
                raise IndexDamaged(f"A text of store {store[1]} is missing; rebuild the index.")
            snapshot = newer

    def _texts(self, ids: set[int]) -> dict[int, _Text] | None:
        """Returns the texts with these ids, or None if one has been deleted."""
        marks = ",".join("?" * len(ids))
        rows = self._database.read().execute(f"select id, body, location from text where id in ({marks})", tuple(ids))
        texts = {id_: (body, location) for id_, body, location in rows}
        return texts if len(texts) == len(ids) else None

    def _change(self, stores: Sequence[_Store], step: Callable[[Connection, _Store, Snapshot], Snapshot]) -> None:
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
                    self._forget(store)
                raise
            for store, state in states.items():
                self._publish(store, state)

    def _lock(self, store: _Store) -> Lock:
        return self._locks[hash(store) % _LOCKS]

    def _newest(self, store: _Store) -> Snapshot:
        with self._guard:
            snapshot = self._snapshots.get(store)
            if snapshot is not None:
                self._snapshots.move_to_end(store)
                return snapshot
        with self._lock(store):
            return self._opened(store)

    def _opened(self, store: _Store) -> Snapshot:
        """Returns the store's state, reading it from disk if necessary; the caller holds the store's lock."""
        with self._guard:
            snapshot = self._snapshots.get(store)
        if snapshot is None:
            snapshot = local_store.load(self._database.read(), *store)
            self._publish(store, snapshot)
        return snapshot

    def _publish(self, store: _Store, snapshot: Snapshot) -> None:
        self._forget(store)
        with self._guard:
            self._snapshots[store] = snapshot
            self._nbytes += snapshot.nbytes
            while self._nbytes > self._memory and len(self._snapshots) > 1:
                _, oldest = self._snapshots.popitem(last=False)
                self._nbytes -= oldest.nbytes

    def _forget(self, store: _Store) -> None:
        with self._guard:
            snapshot = self._snapshots.pop(store, None)
            self._nbytes -= snapshot.nbytes if snapshot else 0


def _owned(folder: Path) -> Connection:
    """Makes what is missing of the folder and of its database, and returns the lock on it.

    Raises:
        FolderInUse: another process has the folder open.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    owner = lock_folder(folder)
    prepare(folder / "chunks.db")
    return owner


def _hit(scored: ScoredRow, texts: Mapping[int, _Text]) -> Hit:
    file, (text, location) = scored.file, texts[scored.text]
    place = None if location is None else decoded(json.loads(location))
    return Hit(file.name, file.generation, file.row, scored.n, text, scored.cosine, scored.bm25, place)
