"""Looks up what serves of files that have hits: in their rows, and in their streams if the rows do not confirm it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from vectorlog.deployment import Deployment
from vectorlog.domain.filters import Attributes, Filter, predicate
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.store_file import State
from vectorlog.event_log import codec
from vectorlog.event_log.codec import STORE_FILE
from vectorlog.index.chunk_index import Hit, Part
from vectorlog.views import keys


class ServingParts:
    """What serves of the files of a store, as last looked up. A file that does not match the filter does not serve.

    Attributes:
        states: of each file; None if it was deleted.
        parts: what serves of each file; None if nothing does.
        store_is_gone: whether the store has been deleted.
    """

    def __init__(self, deployment: Deployment, store: str, condition: Filter | None) -> None:
        self.states: dict[str, State | None] = {}
        self.parts: dict[str, Part | None] = {}
        self.store_is_gone = False
        self._deployment = deployment
        self._store = store
        self._matches: Callable[[Attributes], bool] = predicate(condition) if condition else lambda _: True

    def look_up(self, hits: Sequence[Hit], also: Sequence[str] = ()) -> None:
        """Looks up the files of these hits, and `also` other files, in their streams."""
        by_file: dict[str, list[Hit]] = {file: [] for file in also}
        for hit in hits:
            by_file.setdefault(hit.file, []).append(hit)
        self.states.update(self._states(by_file))
        self.parts.update({file: self._part(self.states[file]) for file in by_file})

    def serves(self, hit: Hit) -> bool:
        """Whether a hit of a file that was looked up may be returned."""
        part = self.parts[hit.file]
        return part is not None and part.generation == hit.generation and hit.n < part.chunks

    def is_replaced(self, hit: Hit) -> bool:
        """Whether a newer generation than that of a hit serves."""
        part = self.parts[hit.file]
        return part is not None and part.generation > hit.generation

    def may_change(self, file: str) -> bool:
        """Whether another generation of a file may begin to serve without the file being attached first."""
        state = self.states[file]
        return state is not None and (state.open is not None or state.serving is not None)

    def _states(self, by_file: Mapping[str, Sequence[Hit]]) -> dict[str, State | None]:
        listed = [keys.store_file_row(self._store, hits[0].row) for hits in by_file.values() if hits]
        store = keys.store(self._store)
        wanted = [*listed, *(keys.file(file) for file in by_file), store]
        rows = self._deployment.views.rows(wanted, counts=False)
        self.store_is_gone = store not in rows
        if self.store_is_gone:
            return dict.fromkeys(by_file)
        now, states, unconfirmed = self._deployment.clock(), dict[str, State | None](), list[str]()
        for file, hits in by_file.items():
            row = rows.get(keys.store_file_row(self._store, hits[0].row)) if hits else None
            state = codec.decode_state(STORE_FILE, row.data) if row else None
            uploaded = rows.get(keys.file(file))
            deleted = uploaded is None or (uploaded.deadline is not None and uploaded.deadline <= now)
            states[file] = None if deleted else state
            if not deleted and (state is None or not _confirms(state, hits)):
                unconfirmed.append(file)
        streams = {store_file_stream(self._store, file): file for file in unconfirmed}
        if streams:
            loaded = self._deployment.streams.load_many(STORE_FILE, list(streams))
            states.update({file: loaded[stream].state for stream, file in streams.items()})
        return states

    def _part(self, state: State | None) -> Part | None:
        if state is None or state.serving is None or not self._matches(state.serving.attributes):
            return None
        return Part(state.serving.generation, state.serving.chunks)


def _confirms(state: State, hits: Sequence[Hit]) -> bool:
    """Whether a row's state shows that all of these hits serve. If it says that a generation is open, that one may
    serve already: workers do not wait for the projection.
    """
    serving = state.serving
    return (
        state.open is None
        and serving is not None
        and all(hit.generation == serving.generation and hit.n < serving.chunks for hit in hits)
    )
