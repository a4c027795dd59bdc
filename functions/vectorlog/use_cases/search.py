"""Search: embeds the queries, and returns the best of what serves now."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vectorlog.deployment import Deployment
from vectorlog.domain import vector_store
from vectorlog.domain.errors import Invalid, NoSpace, Unavailable
from vectorlog.domain.filters import Filter, Scalar
from vectorlog.domain.vectors import Vector
from vectorlog.embedding.embedder import Embedder, EmbeddingError
from vectorlog.event_log.streams import Loaded
from vectorlog.index.chunk_index import Query
from vectorlog.index.fusion import DEFAULT_WEIGHTS, Weights
from vectorlog.use_cases import access, vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.confirmed import Confirmed, Wanted, best

log = logging.getLogger(__name__)


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
    began is returned, and nothing that serves is missed.

    Raises:
        NotFound: the store does not exist, or the caller may not see it.
        Expired: the store has expired.
        Invalid: the deployment no longer offers the store's model, or the provider refuses the text of the query.
        Unavailable: the embedding provider does not answer, or the index holds too much that was removed.
    """
    loaded = access.store(deployment, actor, store)
    state = loaded.state
    space, weights = state.space, asked.weights or DEFAULT_WEIGHTS
    vectors = _vectors(vector_stores.require_model(deployment, state), asked.queries) if weights.embedding else None
    queries = [
        Query(
            store=store,
            vector=vectors[number] if vectors else None,
            text=query if weights.text else None,
            limit=asked.limit,
            filter=asked.filter,
        )
        for number, query in enumerate(asked.queries)
    ]
    found, _ = deployment.together(
        lambda: best(deployment, space, queries, Wanted(asked.limit, weights, asked.threshold)),
        lambda: _note_use(deployment, actor, loaded),
    )
    return [_result(each) for each in found]


def _result(found: Confirmed) -> Result:
    hit, state = found.ranked.hit, found.state
    attributes = state.serving.attributes if state.serving else {}
    return Result(hit.file, state.filename, found.ranked.score, attributes, hit.text)


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
        if error.fault == "text":
            raise Invalid(f"The embedding provider refused the query: {error}", param="query") from error
        wait = int(error.retry_after or 1) + 1
        raise Unavailable(f"The query could not be embedded: {error}", retry_after=min(wait, 60)) from error
