"""The promises of every reranker, whatever its adapter."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.reranking.rerank_server import RerankServer
from vectorlog.endpoints.endpoint import Endpoint
from vectorlog.reranking.endpoint import PATH, EndpointReranker
from vectorlog.reranking.reranker import MOST_TEXTS, Reranker, RerankingError

TEXTS = ["The stork is far away.", "A heron waits at the pond.", "", "The pond. " * 5_000, "鷺は池で待つ。"]


class Case:
    """A reranker, and the server that it asks."""

    def __init__(self, server: RerankServer, reranker: Reranker) -> None:
        self.server = server
        self.reranker = reranker


@pytest.fixture(params=["documents", "texts"])
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    with RerankServer(of_texts=request.param == "texts") as server:
        endpoint = Endpoint(server.base_url, "sk-test", path=PATH)
        reranker = EndpointReranker(endpoint, "stub")
        yield Case(server, reranker)
        reranker.close()
        endpoint.close()


def test_scores_come_in_the_order_of_the_texts(case: Case) -> None:
    """The nth score, from 0 to 1, is that of the nth text, though servers answer with the best first."""
    scores = case.reranker.rerank(["heron pond"], TEXTS)
    assert scores == [0, 1, 0, 0.5, 0]
    assert case.reranker.rerank(["heron pond"], TEXTS[::-1]) == scores[::-1]


def test_the_best_score_of_several_queries(case: Case) -> None:
    """A text that answers one of the queries is as good as if only that had been asked."""
    assert case.reranker.rerank(["heron pond", "stork"], TEXTS) == [1, 1, 0, 0.5, 0]


def test_as_many_texts_as_allowed(case: Case) -> None:
    """Each of the most texts that a search gives has a score."""
    assert case.reranker.rerank(["a"], ["a", "b"] * (MOST_TEXTS // 2)) == [1, 0] * (MOST_TEXTS // 2)
    for number in (0, MOST_TEXTS + 1):
        with pytest.raises(ValueError, match="texts"):
            case.reranker.rerank(["a"], ["a"] * number)


def test_several_threads_may_share_a_reranker(case: Case) -> None:
    """Parallel calls do not mix up their answers."""
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda n: case.reranker.rerank([f"word{n}"], ["word0", "word1", "word2"]), [0, 1, 2] * 8)
    assert list(found) == [[1, 0, 0], [0, 1, 0], [0, 0, 1]] * 8


def test_a_failure_says_why(case: Case) -> None:
    """A reranker that gives no scores raises the one error that a search knows, with the reason."""
    case.server.status = 503
    with pytest.raises(RerankingError, match="503"):
        case.reranker.rerank(["a"], ["a"])
