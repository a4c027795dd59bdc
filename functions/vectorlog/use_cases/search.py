"""Search: asks the index for hits, and checks them against the generations that serve now."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vectorlog.deployment import Deployment
from vectorlog.domain import vector_store
from vectorlog.domain.errors import NoSpace, Unavailable
from vectorlog.domain.filters import Filter, Scalar, matches
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.store_file import State
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.embedder import Embedder, EmbeddingError
from vectorlog.event_log import codec
from vectorlog.event_log.codec import STORE_FILE
from vectorlog.event_log.streams import Loaded
from vectorlog.index.chunk_index import Hit, Query, SearchResult
from vectorlog.index.fusion import DEFAULT_WEIGHTS, RankedHit, Weights, fuse
from vectorlog.use_cases import access, vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.views import keys

log = logging.getLogger(__name__)

ROUNDS = 3
"""How often the index is asked at most. If the check drops hits, it is asked again without the files of those hits."""


@dataclass(frozen=True, slots=True)
class Search:
    """What to search for.

    Attributes:
        weights: of the vector score and the text score; None for the default.
        threshold: results with a lower score (0 to 1) are left out.
    """

    queries: tuple[str, ...]
    limit: int = 10
    filter: Filter | None = None
    weights: Weights | None = None
    threshold: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """A chunk that was found. `score` is absolute, from 0 to 1, and 0.5 means unrelated."""

    file: str
    filename: str
    score: float
    attributes: Mapping[str, Scalar]
    text: str


def search(deployment: Deployment, actor: Actor, store: str, asked: Search) -> list[Result]:
    """Returns the best chunks of a store, by descending score. Nothing that was deleted or changed before the search
    began is returned.

    Raises:
        NotFound: the store does not exist, or the caller may not see it.
        Expired: the store has expired.
        Invalid: the deployment no longer offers the store's model.
        Unavailable: the embedding provider does not answer.
    """
    loaded = access.store(deployment, actor, store)
    state = loaded.state
    space, weights = state.space, asked.weights or DEFAULT_WEIGHTS
    vectors = _vectors(vector_stores.require_model(deployment, state), asked.queries) if weights.embedding else None
    results, _ = deployment.together(
        lambda: _confirmed_results(deployment, store, space, asked, weights, vectors),
        lambda: _note_use(deployment, actor, loaded),
    )
    return results


def _note_use(deployment: Deployment, actor: Actor, loaded: Loaded[vector_store.State]) -> None:
    """Appends that the store was used. A full disk only postpones that: it must not fail a search."""
    try:
        deployment.streams.decide_all(vector_stores.used(loaded, deployment.clock(), search=True), meta=actor.meta)
    except NoSpace as error:
        log.warning("the use of a store was not noted: %s", error, extra={"request_id": actor.request})


def _vectors(embedder: Embedder, queries: Sequence[str]) -> list[Vector]:
    try:
        return [embedder.query(query) for query in queries]
    except EmbeddingError as error:
        wait = int(error.retry_after or 1) + 1
        raise Unavailable(f"The query could not be embedded: {error}", retry_after=min(wait, 60)) from error


def _confirmed_results(
    deployment: Deployment, store: str, space: Space, asked: Search, weights: Weights, vectors: Sequence[Vector] | None
) -> list[Result]:
    known: dict[str, State | None] = {}
    dropped: frozenset[str] = frozenset()
    results: list[Result] = []
    for _ in range(ROUNDS):
        queries = [
            Query(
                store=store,
                vector=vectors[number] if vectors else None,
                text=query if weights.text else None,
                limit=2 * asked.limit,
                filter=asked.filter,
                without=dropped,
            )
            for number, query in enumerate(asked.queries)
        ]
        found = deployment.index.search(space, queries)
        ranked = [each for each in fuse(found, weights, 2 * asked.limit) if each.score >= asked.threshold]
        _confirm(deployment, store, [each.hit for each in ranked], known)
        checked = [(each.hit.file, _result(each, known, asked.filter)) for each in ranked]
        results = [result for _, result in checked if result]
        refused = {file for file, result in checked if not result}
        if len(results) >= asked.limit or not refused or not _may_have_more(found, queries):
            break
        dropped |= refused
    return results[: asked.limit]


def _may_have_more(found: Sequence[SearchResult], queries: Sequence[Query]) -> bool:
    """Whether the index returned as many hits as it was asked for."""
    pairs = zip(found, queries, strict=True)
    return any(len(hits) >= query.limit for each, query in pairs for hits in (each.by_vector, each.by_text))


def _confirm(deployment: Deployment, store: str, hits: Sequence[Hit], known: dict[str, State | None]) -> None:
    """Adds to `known` the state of each file that has hits; None if nothing of the file may be returned. States come
    from the rows, and if these do not confirm all hits of a file, from its stream, which is always up to date.
    """
    new: dict[str, list[Hit]] = {}
    for hit in hits:
        if hit.file not in known:
            new.setdefault(hit.file, []).append(hit)
    wanted = [keys.store_file_row(store, file_hits[0].row) for file_hits in new.values()] + [
        keys.file(file) for file in new
    ]
    rows, now = deployment.views.rows([*wanted, keys.store(store)]), deployment.clock()
    if keys.store(store) not in rows:  # the store was deleted since the search began
        known.update(dict.fromkeys(new))
        return
    unconfirmed = []
    for file, file_hits in new.items():
        row, uploaded = rows.get(keys.store_file_row(store, file_hits[0].row)), rows.get(keys.file(file))
        state = codec.decode_state(STORE_FILE, row.data) if row else None
        deleted = uploaded is None or (uploaded.deadline is not None and uploaded.deadline <= now)
        known[file] = None if deleted else state
        # If the row says that a generation is open, that one may serve already: workers do not wait for the projection.
        if not deleted and (
            state is None or state.open is not None or not all(_serves(hit, state) for hit in file_hits)
        ):
            unconfirmed.append(file)
    if unconfirmed:
        loaded = deployment.streams.load_many(STORE_FILE, [store_file_stream(store, file) for file in unconfirmed])
        for file in unconfirmed:
            known[file] = loaded[store_file_stream(store, file)].state


def _serves(hit: Hit, state: State) -> bool:
    serving = state.serving
    return serving is not None and hit.generation == serving.generation and hit.n < serving.chunks


def _result(ranked: RankedHit, known: Mapping[str, State | None], condition: Filter | None) -> Result | None:
    state = known[ranked.hit.file]
    if state is None or not _serves(ranked.hit, state) or state.serving is None:
        return None
    attributes = state.serving.attributes
    if condition is not None and not matches(condition, attributes):
        return None
    return Result(ranked.hit.file, state.filename, ranked.score, attributes, ranked.hit.text)
