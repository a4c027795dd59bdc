"""Seals, splits and compacts the segments of large stores, while they are searched and changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from sqlite3 import Connection
from threading import Lock

from vectorlog.index.embedded import sealed
from vectorlog.index.embedded.compaction import live_rows, without_dead_rows
from vectorlog.index.embedded.open_stores import Store
from vectorlog.index.embedded.segment import Segment
from vectorlog.index.embedded.snapshot import Snapshot
from vectorlog.index.embedded.splitting import Cut, cut_of, newest_rows, split
from vectorlog.index.embedded.store_state import Place, seal
from vectorlog.index.embedded.tending import Sizes, to_compact, to_seal

Step = Callable[[Connection, Store, Snapshot], Snapshot]


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The upkeep of the stores of an index. One thread at a time does any of it.

    Attributes:
        newest: returns the newest state of a store.
        change: changes stores in one transaction.
    """

    newest: Callable[[Store], Snapshot]
    change: Callable[[Sequence[Store], Step], None]
    place: Place
    sizes: Sizes
    lock: Lock = field(default_factory=Lock)

    def tend(self, store: Store) -> bool:
        """Does one thing for a large store; returns whether there may be more."""
        with self.lock:
            return self._seal(store) or self._compact(store, lambda state: to_compact(state, self.sizes))

    def expunge(self, store: Store) -> None:
        """Removes what a store's removed chunks have left: rows, vectors, terms."""
        with self.lock:
            while self._seal(store) or self._compact(
                store, lambda state: [each for each in state.segments if each.dead][:1]
            ):
                continue

    def _seal(self, store: Store) -> bool:
        """Seals a full segment, if there is one; of one that is much larger, it splits some rows off. Only the switch
        takes the store's lock.
        """
        snapshot = self.newest(store)
        segment = to_seal(snapshot, self.sizes)
        if segment is None or snapshot.key is None:
            return False
        if (cut := cut_of(segment, self.sizes.full)) is not None:
            self._split(store, segment, cut)
            return True
        centre = segment.vectors(slice(None)).mean(axis=0) if snapshot.centre is None else snapshot.centre
        name = sealed.write(self.place.sealed, snapshot.key, segment, centre)
        self.change(
            [store],
            lambda connection, _, state: seal(connection, self.place, state, segment, name, centre),
        )
        return True

    def _split(self, store: Store, segment: Segment, cut: Cut) -> None:
        newest = newest_rows(segment, cut)

        def step(connection: Connection, _: Store, state: Snapshot) -> Snapshot:
            now = next((each for each in state.segments if each.columns is segment.columns), None)
            if now is None:
                return state
            return split(connection, state, now, cut, newest if now is segment else newest_rows(now, cut))

        self.change([store], step)

    def _compact(self, store: Store, choose: Callable[[Snapshot], Sequence[Segment]]) -> bool:
        """Compacts neighbouring segments, if any are chosen. They are merged before the store's lock is taken, and once
        more with it if they have changed meanwhile.
        """
        chosen = choose(self.newest(store))
        if not chosen:
            return False
        merged, gone = live_rows(chosen), list[str]()

        def step(connection: Connection, _: Store, state: Snapshot) -> Snapshot:
            same = all(segment in state.segments for segment in chosen)
            run = chosen if same else choose(state)
            gone.extend(segment.sealed.name for segment in run if segment.sealed)
            return without_dead_rows(connection, state, run, merged if same else live_rows(run)) if run else state

        self.change([store], step)
        sealed.unlink(self.place.sealed, gone)
        return True
