"""Search: embeds the queries, and returns the best of what serves now in one store or several."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar, cast

from vectorlog.deployment import Deployment
from vectorlog.domain import vector_store
from vectorlog.domain.errors import NoSpace, NotFound
from vectorlog.domain.filters import Filter, Scalar
from vectorlog.domain.location import Location
from vectorlog.domain.vectors import Space, Vector
from vectorlog.event_log.streams import Loaded
from vectorlog.index.chunk_index import Query
from vectorlog.index.fusion import DEFAULT_WEIGHTS, Weights
from vectorlog.use_cases import access, query_vectors, reranked, vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.confirmed import Confirmed, Wanted, best
from vectorlog.use_cases.explanation import UNKNOWN, Explanation, explanation, with_words
from vectorlog.use_cases.reranked import NOT_RERANKED, SearchWarning
from vectorlog.use_cases.skipping import Skipped, Skipping

log = logging.getLogger(__name__)

T = TypeVar("T")

TOGETHER = 4
"""How many stores are read or searched in parallel: as many as `Deployment.together` takes."""


@dataclass(frozen=True, slots=True)
class Search:
    """What to search for.

    Attributes:
        weights: of the vector score and the text score; None for the default.
        threshold: results with a lower score (0 to 1) are left out.
        per_file: maximum number of results of one file; None for any number.
        impact: ranks by reciprocal rank fusion with this constant; None ranks by the scores.
        rewrite: whether the queries are rewritten first.
        rerank: whether the deployment's reranker ranks the best, and gives the scores.
        explain: whether each result says why it was found.
    """

    queries: tuple[str, ...]
    limit: int = 10
    filter: Filter | None = None
    weights: Weights | None = None
    threshold: float = 0.0
    per_file: int | None = None
    impact: float | None = None
    rewrite: bool = False
    rerank: bool = False
    explain: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """A chunk that was found: its number in the file's generation, and where it is, if that is known. `score` is
    absolute, from 0 to 1, and 0.5 means unrelated. Two results are equal if users cannot tell them apart. `why`
    has words only if the search is to explain.
    """

    store: str
    file: str
    filename: str
    score: float
    attributes: Mapping[str, Scalar]
    text: str
    n: int
    location: Location | None
    generation: int = field(default=0, compare=False)
    why: Explanation = field(default=UNKNOWN, compare=False)


@dataclass(frozen=True, slots=True)
class Found:
    """The results of a search by descending score, and the queries that were searched, which may be rewritten.

    Attributes:
        warnings: what could not be done as asked.
    """

    queries: tuple[str, ...]
    results: tuple[Result, ...]
    warnings: tuple[SearchWarning, ...] = ()


def search(deployment: Deployment, actor: Actor, store: str, asked: Search) -> Found:
    """Returns the best chunks of a store, by descending score. Nothing that was deleted or changed before the search
    began is returned, and nothing that serves is missed.

    Raises:
        NotFound: the store does not exist, or the caller may not see it.
        Expired: the store has expired.
        Invalid: the deployment no longer offers the store's model, or has no reranker that was asked for, or the
            provider refuses the text of the query.
        Unavailable: the embedding provider does not answer, or the index holds too much that was removed.
    """
    loaded = access.store(deployment, actor, store, "read")
    asked = _prepared(deployment, actor, asked)
    vectors = _vectors(deployment, loaded, asked)
    found, _ = deployment.together(
        _search_one(deployment, loaded, asked, vectors),
        lambda: _note_use(deployment, actor, [loaded]),
    )
    return _found(deployment, actor, asked, found)


def search_several(
    deployment: Deployment, actor: Actor, stores: Sequence[str], asked: Search, skipped: Skipped | None = None
) -> Found:
    """Returns the best chunks of several stores, by descending score, as `search` does for one. A query is embedded
    once for each embedding space of the stores.

    A store that cannot be searched ends the search, unless there is `skipped`, which is told of it: then the others are
    searched, if there are any that can be.

    Raises:
        NotFound: a store does not exist, or the caller may not see it; nothing is searched then.
        Expired, Invalid, Unavailable: as for `search`, for any of the stores.
    """
    skipping = Skipping(skipped)
    try:
        reads = [skipping.guarded([store], _load(deployment, actor, store)) for store in stores]
        loaded = [each for each in _in_parallel(deployment, reads) if each is not None]
    except NotFound as error:
        raise NotFound(error.message, param="vector_store_ids") from error
    asked = _prepared(deployment, actor, asked)
    vectors: dict[Space, list[Vector]] = {}
    for space in dict.fromkeys(each.state.space for each in loaded):
        same = [each for each in loaded if each.state.space == space]
        embed = partial(_vectors, deployment, same[0], asked)
        vectors |= skipping.guarded([each.stream for each in same], embed)() or {}
    left = [each for each in loaded if each.stream not in skipping.refused]
    searches = [skipping.guarded([each.stream], _search_one(deployment, each, asked, vectors)) for each in left]
    found = [part for part in _in_parallel(deployment, searches) if part is not None]
    skipping.tell(stores, searched=bool(found))
    _note_use(deployment, actor, [each for each in left if each.stream not in skipping.refused])
    ranked = sorted((each for part in found for each in part), key=lambda each: -each.score)
    return _found(deployment, actor, asked, ranked)


def _vectors(deployment: Deployment, store: Loaded[vector_store.State], asked: Search) -> dict[Space, list[Vector]]:
    """Returns the vectors of the queries, by the space of the store; none if only words count."""
    if not (asked.weights or DEFAULT_WEIGHTS).embedding:
        return {}
    return {store.state.space: query_vectors.of_store(deployment, store.state, asked.queries)}


def _load(deployment: Deployment, actor: Actor, store: str) -> Callable[[], Loaded[vector_store.State]]:
    return lambda: access.store(deployment, actor, store, "read")


def _search_one(
    deployment: Deployment, loaded: Loaded[vector_store.State], asked: Search, vectors: Mapping[Space, list[Vector]]
) -> Callable[[], list[Result]]:
    wanted = reranked.candidates(asked) if asked.rerank else asked
    return lambda: _best(deployment, loaded, wanted, vectors)


def _in_parallel(deployment: Deployment, reads: Sequence[Callable[[], T]]) -> list[T]:
    """Returns the results of any number of reads, in order."""
    together = cast("Callable[..., tuple[T, ...]]", deployment.together)
    groups: list[Any] = [reads[first : first + TOGETHER] for first in range(0, len(reads), TOGETHER)]
    return [result for group in groups for result in (together(*group) if len(group) > 1 else (group[0](),))]


def _found(deployment: Deployment, actor: Actor, asked: Search, ranked: Sequence[Result]) -> Found:
    """Returns the results of a search from the best of each store, by descending score."""
    warnings: tuple[SearchWarning, ...] = ()
    if asked.rerank:
        ranked = _limited(ranked, reranked.candidates(asked))
        by_relevance = reranked.by_relevance(deployment, actor, asked.queries, ranked)
        warnings = (NOT_RERANKED,) if by_relevance is None else ()
        ranked = [each for each in by_relevance or ranked if each.score >= asked.threshold]
    best = _limited(ranked, asked)
    return Found(asked.queries, tuple(_explained(deployment, asked, best) if asked.explain else best), warnings)


def _explained(deployment: Deployment, asked: Search, results: Sequence[Result]) -> list[Result]:
    """Returns the results with the words that matched."""
    explained = (with_words(deployment.index, asked.queries, each.why, each.filename, each.text) for each in results)
    return [replace(each, why=why) for each, why in zip(results, explained, strict=True)]


def _limited(ranked: Sequence[Result], asked: Search) -> list[Result]:
    """Returns the best results; a file that is in several stores counts once. Each store has given its own best within
    the limits, so none is missing.
    """
    counts: dict[str, int] = {}
    kept: list[Result] = []
    for each in ranked:
        counts[each.file] = counts.get(each.file, 0) + 1
        if asked.per_file is None or counts[each.file] <= asked.per_file:
            kept.append(each)
    return kept[: asked.limit]


def _prepared(deployment: Deployment, actor: Actor, asked: Search) -> Search:
    """Returns the search with its queries rewritten, if that is asked for, once it is known that it can be ranked."""
    if asked.rerank:
        reranked.require_reranker(deployment)
    if not asked.rewrite:
        return asked
    return replace(asked, queries=tuple(deployment.rewriter.rewrite(asked.queries, actor.request)))


def _best(
    deployment: Deployment, loaded: Loaded[vector_store.State], asked: Search, vectors: Mapping[Space, list[Vector]]
) -> list[Result]:
    space, weights = loaded.state.space, asked.weights or DEFAULT_WEIGHTS
    queries = [
        Query(
            store=loaded.stream,
            vector=vectors[space][number] if weights.embedding else None,
            text=query if weights.text else None,
            limit=asked.limit,
            filter=asked.filter,
        )
        for number, query in enumerate(asked.queries)
    ]
    wanted = Wanted(asked.limit, weights, asked.threshold, asked.per_file, asked.impact)
    return [_result(loaded.stream, each) for each in best(deployment, space, queries, wanted)]


def _result(store: str, found: Confirmed) -> Result:
    hit, state = found.ranked.hit, found.state
    attributes, generation = (state.serving.attributes, state.serving.generation) if state.serving else ({}, 0)
    score, why = found.ranked.score, explanation(found.ranked)
    return Result(store, hit.file, state.filename, score, attributes, hit.text, hit.n, hit.location, generation, why)


def _note_use(deployment: Deployment, actor: Actor, loaded: Sequence[Loaded[vector_store.State]]) -> None:
    """Appends that stores were used. A full disk only postpones that: it must not fail a search."""
    plans = [plan for each in loaded for plan in vector_stores.used(each, deployment.clock(), search=True)]
    try:
        deployment.streams.decide_all(plans, meta=actor.meta)
    except NoSpace as error:
        log.warning("the use of a store was not noted: %s", error, extra={"request_id": actor.request})
