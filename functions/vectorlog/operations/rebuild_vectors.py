"""Moves stores to another model, or to the newest revision of their own: begins the moves, which the deployment's
workers then make (`reactions/moving.py`), and tells how far they have come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from vectorlog.domain import store_file, store_move, vector_store, vectors_move
from vectorlog.domain.ids import StoreId, parse_stream, store_file_stream
from vectorlog.domain.vectors import Space
from vectorlog.embedding.catalogue import Models
from vectorlog.event_log.codec import STORE_FILE, VECTOR_STORE
from vectorlog.event_log.provenance import meta_of
from vectorlog.event_log.streams import Plan, Streams
from vectorlog.operations.progress import Watch, pages
from vectorlog.views import keys, move_progress
from vectorlog.views.move_progress import MoveProgress
from vectorlog.views.views import Views

_META = meta_of("rebuild vectors")
_ROWS = 256


class NothingToMove(Exception):
    """The stores that are named are not there. The message says so."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which stores to move, and to which model: a store, a project's stores, or all; the stores' own model if None."""

    store: str | None = None
    project: str | None = None
    model: str | None = None
    dimensions: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A store that can be moved to `target`, and what serves of it."""

    store: str
    space: Space
    target: Space
    files: int
    chunks: int
    under_way: bool


@dataclass(slots=True)
class Survey:
    """What was found.

    Attributes:
        candidates: the stores to move.
        current: how many stores are in the wanted space already.
        refused: stores that cannot be moved now, with a sentence that says why.
    """

    candidates: list[Candidate] = field(default_factory=list)
    current: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a move has come: `ended` with or without a switch, or under way, with what was last recorded of it."""

    ended: bool
    switched: bool
    progress: MoveProgress | None


class Moves:
    """Surveys, begins, follows and cancels moves in a deployment."""

    def __init__(self, streams: Streams, views: Views, clock: Callable[[], int]) -> None:
        self._streams = streams
        self._views = views
        self._clock = clock

    def survey(self, wanted: Wanted, models: Models, watch: Watch) -> Survey:
        """Finds the stores to move, and counts what has to be embedded.

        Raises:
            NothingToMove: the store does not exist, or has ended.
            ModelError: the deployment does not offer the model, or not with these dimensions.
            EmbeddingError: the provider had to be asked for the dimensions, and that failed.
            UnknownSchema: newer code wrote a commit.
        """
        found, target = Survey(), models.resolve(wanted.model, wanted.dimensions) if wanted.model else None
        for store, state in self._stores(wanted, watch):
            move, own = state.moves.under_way, state.space
            if not models.offers(own):
                advice = "offer it until the move is done, or export the store and import it with --model"
                found.refused.append((store, f"its own model {own.name} is not offered here: {advice}."))
                continue
            to = target or models.resolve(own.name, wanted.dimensions or own.dimensions)
            if move is None and to == own:
                found.current += 1
            elif move is not None and move.space != to:
                found.refused.append(
                    (store, f"it is being moved to {move.space.name}: cancel that with --cancel first.")
                )
            elif move is None and not vectors_move.may_begin(state.moves, self._clock()):
                found.refused.append((store, "its last move ended a moment ago: repeat this in ten minutes."))
            else:
                found.candidates.append(Candidate(store, own, to, *self._sizes(store), move is not None))
        return found

    def begin(self, candidates: Sequence[Candidate]) -> dict[str, vectors_move.Move]:
        """Begins the moves, or has those that are under way go through all files again, and returns them by store.

        A store that has changed meanwhile, so that it cannot be moved, is left out.
        """
        at = self._clock()

        def plan(each: Candidate) -> Plan[vector_store.State, vector_store.Event]:
            return Plan(VECTOR_STORE, each.store, lambda state: store_move.begin(state, each.target, at))

        outcomes = self._streams.decide_all([plan(each) for each in candidates], meta=_META)
        self._views.show(outcomes)
        begun = ((each.loaded.stream, each.state.moves.under_way) for each in outcomes if each.decision)
        return {store: move for store, move in begun if move is not None}

    def arrived(self, candidate: Candidate) -> bool:
        """Whether a store serves from its target: a move that was under way may end before `begin` comes to it."""
        return self._streams.load(VECTOR_STORE, candidate.store).state.space == candidate.target

    def standing(self, store: str, move: vectors_move.Move) -> Standing:
        """Returns how far a move has come."""
        state = self._streams.load(VECTOR_STORE, store).state
        noted = move_progress.noted(self._views.table, store)
        if noted is not None and (noted.number, noted.attempt) != (move.number, move.attempt):
            noted = None
        current = state.moves.under_way
        ended = current is None or (current.number, current.attempt) != (move.number, move.attempt)
        return Standing(ended, state.moves.current == move.number, noted)

    def reasons(self, store: str, files: Sequence[str]) -> list[tuple[str, str]]:
        """Returns why files could not be embedded for a move of their store, as far as that is known."""
        loaded = self._streams.load_many(STORE_FILE, [store_file_stream(store, file) for file in files])
        states = ((file, loaded[store_file_stream(store, file)].state) for file in files)
        return [(file, _reason(state)) for file, state in states]

    def cancel(self, wanted: Wanted, watch: Watch) -> list[str]:
        """Ends the moves of these stores that are under way, without a switch; returns the stores.

        Raises:
            NothingToMove: as for `survey`.
        """
        at = self._clock()
        stores = [store for store, state in self._stores(wanted, watch) if state.moves.under_way is not None]
        plans = [Plan(VECTOR_STORE, store, lambda state: store_move.cancel(state, at)) for store in stores]
        outcomes = self._streams.decide_all(plans, meta=_META)
        self._views.show(outcomes)
        return [each.loaded.stream for each in outcomes if each.decision]

    def _stores(self, wanted: Wanted, watch: Watch) -> Iterator[tuple[str, vector_store.State]]:
        """Yields the stores that are wanted and have neither ended nor expired."""
        if wanted.store is not None:
            state = self._streams.load(VECTOR_STORE, wanted.store).state
            if not state.exists or state.expired(self._clock()):
                raise NothingToMove(f"There is no store {wanted.store} that serves.")
            yield wanted.store, state
            return
        named = {commit.stream for commit in watch("commits", self._streams.log.scan(), None)}
        for page in pages(store for store in sorted(named) if isinstance(parse_stream(store), StoreId)):
            for store, loaded in self._streams.load_many(VECTOR_STORE, page).items():
                state, now = loaded.state, self._clock()
                owned = wanted.project is None or (state.owner is not None and state.owner.project == wanted.project)
                if owned and state.exists and not state.expired(now):
                    yield store, state

    def _sizes(self, store: str) -> tuple[int, int]:
        """Returns how many files and chunks of a store serve."""
        files = chunks = 0
        after: str | None = None
        while True:
            rows = self._views.table.query(keys.store(store).pk, prefix=keys.FILES, after=after, limit=_ROWS)
            streams = [store_file_stream(store, keys.thing_of(row.key.sk)) for row in rows]
            for loaded in self._streams.load_many(STORE_FILE, streams).values():
                if loaded.state.serving is not None:
                    files, chunks = files + 1, chunks + loaded.state.serving.chunks
            if len(rows) < _ROWS:
                return files, chunks
            after = rows[-1].key.sk


def _reason(state: store_file.State) -> str:
    if state.failure is not None:
        return state.failure.message
    return "It has no vectors for the move, because a batch was cancelled meanwhile."
