"""The search route."""

from __future__ import annotations

from vectorlog.api import present
from vectorlog.api.call import Call
from vectorlog.api.input import filter_tree
from vectorlog.api.input.search_schemas import RankingOptions, SearchRequest
from vectorlog.api.response import Response, json_response
from vectorlog.index.fusion import Weights
from vectorlog.use_cases import search as use_case
from vectorlog.use_cases.search import Search

DEFAULT_RESULTS = 10
MEANING_ONLY = Weights(embedding=1, text=0)


def search(call: Call) -> Response:
    """POST /vector_stores/<vector_store_id>/search."""
    call.no_query()
    store, body = call.id("vector_store_id"), call.body(SearchRequest)
    ranking = body.ranking_options or RankingOptions()
    query = Search(
        queries=tuple(body.query),
        limit=body.max_num_results or DEFAULT_RESULTS,
        filter=None if body.filters is None else filter_tree.read(body.filters),
        weights=_weights(ranking),
        threshold=ranking.score_threshold or 0.0,
    )
    results = use_case.search(call.deployment, call.actor, store, query)
    return json_response(present.results(results, body.query, call.dialect))


def _weights(ranking: RankingOptions) -> Weights | None:
    if ranking.ranker == "none":
        return MEANING_ONLY
    if ranking.hybrid_search is None:
        return None
    # Only their ratio matters. Scaling them down keeps the sum of very large weights finite.
    embedding, text = ranking.hybrid_search.embedding_weight, ranking.hybrid_search.text_weight
    largest = max(embedding, text)
    return Weights(embedding / largest, text / largest)
