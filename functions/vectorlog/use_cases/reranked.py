"""Ranks what a search found by the deployment's reranker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from vectorlog.domain.errors import Invalid
from vectorlog.reranking.reranker import MOST_TEXTS, RerankingError

if TYPE_CHECKING:
    from vectorlog.deployment import Deployment
    from vectorlog.use_cases.actor import Actor
    from vectorlog.use_cases.search import Result, Search

TIMES = 4
"""How many candidates a reranker reads for each result that is wanted, up to `MOST_TEXTS` in all. Each costs time, and
few results come from far below: on the 246 questions of the tuning set, the fused order had the answer among the first
10 for 94.3 %, 20 for 96.7 %, 30 for 98.0 %, 40 for 98.8 %, and 50 for no more. Words were English stems then.
"""

_NO_RERANKER = (
    "Unsupported value: '{param}' is 'rerank', but this deployment has no reranker. Its operator can name one "
    "(VECTORLOG_RERANKING_MODEL; on AWS, reranking_model). Send another ranker, or leave '{param}' out."
)


@dataclass(frozen=True, slots=True)
class SearchWarning:
    """What a search could not do as asked: its kind, and a sentence for the user."""

    code: Literal["not_reranked"]
    message: str


NOT_RERANKED = SearchWarning(
    "not_reranked",
    "The reranker did not answer as it should, or not in time. These are the results of the ranker 'auto', with its "
    "scores.",
)


def require_reranker(deployment: Deployment) -> None:
    """Checks that searches can be reranked.

    Raises:
        Invalid: the deployment has no reranker.
    """
    if deployment.reranker is None:
        param = "ranking_options.ranker"
        raise Invalid(_NO_RERANKER.format(param=param), param=param, code="unsupported_value")


def candidates(asked: Search) -> Search:
    """Returns the search for what is to be reranked: several times as many results, in all and of each file, with any
    score. So each file's share of the candidates fills its share of the results, and these are as many as ever.
    """
    times = min(TIMES, MOST_TEXTS // asked.limit)
    per_file = None if asked.per_file is None else times * asked.per_file
    return replace(asked, limit=times * asked.limit, per_file=per_file, threshold=0.0)


def by_relevance(
    deployment: Deployment, actor: Actor, queries: Sequence[str], found: Sequence[Result]
) -> list[Result] | None:
    """Returns the candidates with the reranker's scores, in descending order; equal ones keep their order. None if the
    reranker fails, which is logged and counted.

    The reranker reads the filename before each text, because words are looked for there too. A text that occurs twice,
    as in two stores, is sent once.
    """
    if deployment.reranker is None or not found:
        return list(found)
    named = [f"{each.filename}\n{each.text}" for each in found]
    texts = list(dict.fromkeys(named))
    try:
        scores = dict(zip(texts, deployment.reranker.rerank(queries, texts), strict=True))
    except RerankingError as error:
        deployment.telemetry.not_reranked(error.kind, str(error), actor.request)
        return None
    ranked = [replace(each, score=scores[text]) for each, text in zip(found, named, strict=True)]
    return sorted(ranked, key=lambda each: -each.score)
