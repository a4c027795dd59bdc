"""The search routes."""

from __future__ import annotations

from vectorlog.api import present
from vectorlog.api.call import Call
from vectorlog.api.input import filter_tree
from vectorlog.api.input.search_schemas import RankingOptions, SearchOfStores, SearchOptions, SearchRequest
from vectorlog.api.response import Response, json_response
from vectorlog.index.fusion import Weights
from vectorlog.use_cases import search as use_case
from vectorlog.use_cases.search import Search

DEFAULT_RESULTS = 10
MEANING_ONLY = Weights(embedding=1, text=0)
EQUAL = Weights(embedding=1, text=1)
DEFAULT_ALPHA = 0.5
DEFAULT_IMPACT = 60.0
"""Llama Stack's defaults; 60 is that of the paper on reciprocal rank fusion (Cormack et al., 2009)."""


def search(call: Call) -> Response:
    """POST /vector_stores/<vector_store_id>/search."""
    call.no_query()
    store, body = call.id("vector_store_id"), call.body(SearchRequest)
    found = use_case.search(call.deployment, call.actor, store, asked(body, explain=bool(body.explain)))
    return json_response(present.results(found, call.dialect, explained=bool(body.explain)))


def search_several(call: Call) -> Response:
    """POST /vector_stores/search."""
    call.no_query()
    body = call.body(SearchOfStores)
    stores = list(dict.fromkeys(body.vector_store_ids))
    wanted = asked(body, explain=bool(body.explain))
    found = use_case.search_several(call.deployment, call.actor, stores, wanted)
    return json_response(present.results(found, call.dialect, of_several=True, explained=bool(body.explain)))


def asked(body: SearchOptions, *, explain: bool = False) -> Search:
    """Returns what a request asks for."""
    ranking = body.ranking_options or RankingOptions()
    return Search(
        queries=tuple(body.query),
        limit=body.max_num_results or DEFAULT_RESULTS,
        filter=None if body.filters is None else filter_tree.read(body.filters),
        weights=_weights(ranking),
        threshold=ranking.score_threshold or 0.0,
        per_file=body.max_results_per_file,
        impact=(ranking.impact_factor or DEFAULT_IMPACT) if ranking.ranker == "rrf" else None,
        rewrite=bool(body.rewrite_query),
        rerank=ranking.ranker == "rerank",
        explain=explain,
    )


def _weights(ranking: RankingOptions) -> Weights | None:
    if ranking.ranker == "none":
        return MEANING_ONLY
    if ranking.ranker == "weighted":
        alpha = DEFAULT_ALPHA if ranking.alpha is None else ranking.alpha
        return Weights(alpha, 1 - alpha)
    if ranking.ranker == "rrf" and ranking.hybrid_search is None:
        return EQUAL
    if ranking.hybrid_search is None:
        return None
    # Only their ratio matters. Scaling them down keeps the sum of very large weights finite.
    embedding, text = ranking.hybrid_search.embedding_weight, ranking.hybrid_search.text_weight
    largest = max(embedding, text)
    return Weights(embedding / largest, text / largest)
