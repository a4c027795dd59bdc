"""A reranker behind an endpoint: what is sent, and which answers are not scores."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.reranking.rerank_server import RerankServer
from tests.support.waits import no_waits
from vectorlog.endpoints.endpoint import Endpoint
from vectorlog.reranking.endpoint import LONGEST, PATH, EndpointReranker
from vectorlog.reranking.reranker import RerankingError


@pytest.fixture
def server() -> Iterator[RerankServer]:
    with RerankServer() as server:
        yield server


@pytest.fixture
def reranker(server: RerankServer) -> Iterator[EndpointReranker]:
    endpoint = Endpoint(server.base_url, "sk-rank", path=PATH, settings="reranking", timing=no_waits())
    reranker = EndpointReranker(endpoint, "small", seconds=5)
    yield reranker
    reranker.close()
    endpoint.close()


def test_what_is_sent(server: RerankServer, reranker: EndpointReranker) -> None:
    """One request for each query, with the key, the model and the beginnings of the texts."""
    reranker.rerank(["red fox", "grey owl"], ["a fox", "x" * (LONGEST + 1)])
    assert sorted(request.pop("query") for request in server.requests) == ["grey owl", "red fox"]
    assert server.requests == 2 * [{"model": "small", "documents": ["a fox", "x" * LONGEST], "top_n": 2}]
    assert set(server.keys) == {"Bearer sk-rank"}


def test_raw_scores(server: RerankServer, reranker: EndpointReranker) -> None:
    """If one score of a search is no probability, none is: the sigmoid of all of them keeps their order."""
    server.scores = {"a": -800.0, "b": 0.0, "c": 0.5, "d": 800.0}
    assert reranker.rerank(["x"], ["a", "b", "c", "d"]) == pytest.approx([0, 0.5, 0.6224593, 1])
    server.scores = {"a": 0.0, "b": 0.5, "c": 1.0}
    assert reranker.rerank(["x"], ["c", "a", "b"]) == [1, 0, 0.5]


def test_raw_scores_of_several_queries(server: RerankServer, reranker: EndpointReranker) -> None:
    """The scores of one search are of one kind, also where those of one query alone would not show it."""
    server.of_queries = {"plain": 0.0, "raw": -3.0}
    assert reranker.rerank(["plain", "raw"], ["a"]) == reranker.rerank(["raw", "plain"], ["a"]) == [0.5]
    assert reranker.rerank(["plain"], ["a"]) == [0]


def test_a_server_of_the_other_form(server: RerankServer, reranker: EndpointReranker) -> None:
    """text-embeddings-inference calls the documents `texts`, and answers with a list; it is asked so from then on."""
    server.of_texts = True
    assert reranker.rerank(["red fox"], ["a deer", "a red fox"]) == [0, 1]
    assert reranker.rerank(["red fox"], ["red", "blue"]) == [0.5, 0]
    assert [list(request) for request in server.requests] == [
        ["model", "query", "documents", "top_n"],
        *2 * [["query", "texts", "truncate"]],
    ]


def test_more_texts_than_the_other_form_takes(server: RerankServer, reranker: EndpointReranker) -> None:
    """text-embeddings-inference takes 32 texts: more are sent in several requests, and each keeps its own score."""
    server.of_texts = True
    server.scores = {f"text {n}.": n / 100 for n in range(100)}
    for _ in range(2):
        assert reranker.rerank(["x"], [f"text {n}." for n in range(100)]) == [n / 100 for n in range(100)]
    assert [len(request["texts"]) for request in server.requests if "texts" in request] == 2 * [32, 32, 32, 4]


def test_a_refusal_that_only_names_texts(server: RerankServer, reranker: EndpointReranker) -> None:
    """The form is changed for good only once the other one has worked."""
    server.refusal = "`texts` could not be ranked now"
    with pytest.raises(RerankingError):
        reranker.rerank(["red fox"], ["a red fox"])
    server.refusal = ""
    assert reranker.rerank(["red fox"], ["a deer", "a red fox"]) == [0, 1]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"results": null}',
        b'{"results": [{"index": 0, "relevance_score": 0.5}]}',
        b'{"results": [{"index": 0, "relevance_score": 0.5}, {"index": 2, "relevance_score": 0.5}]}',
        b'{"results": [{"index": 0, "relevance_score": 0.5}, {"index": 0, "relevance_score": 0.5}]}',
        b'{"results": [{"index": 0, "relevance_score": NaN}, {"index": 1, "relevance_score": 0.5}]}',
        b'{"results": [{"index": 0, "relevance_score": "high"}, {"index": 1, "relevance_score": 0.5}]}',
        b'[{"index": 0}, {"index": 1}]',
    ],
)
def test_an_unusable_answer(body: bytes, server: RerankServer, reranker: EndpointReranker) -> None:
    """What is not one finite score for each text is no ranking."""
    server.body = body
    with pytest.raises(RerankingError) as failed:
        reranker.rerank(["x"], ["a", "b"])
    assert failed.value.kind == "unusable"


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_an_endpoint_that_refuses(status: int, server: RerankServer, reranker: EndpointReranker) -> None:
    """It is asked once, and the reason does not show the key."""
    server.status = status
    with pytest.raises(RerankingError, match=str(status)) as failed:
        reranker.rerank(["x"], ["a"])
    assert (failed.value.kind, len(server.requests)) == ("refused", 1)
    assert "sk-rank" not in str(failed.value)


def test_what_to_check(server: RerankServer, reranker: EndpointReranker) -> None:
    """A refused key tells the operator which setting has it."""
    server.status = 401
    with pytest.raises(RerankingError, match="VECTORLOG_RERANKING_API_KEY"):
        reranker.rerank(["x"], ["a"])


def test_an_endpoint_that_cannot_be_reached() -> None:
    """Nothing listens there."""
    with RerankServer() as gone:
        url = gone.base_url
    reranker = EndpointReranker(Endpoint(url, None, path=PATH, timing=no_waits()), "small")
    with pytest.raises(RerankingError, match="could not be reached") as failed:
        reranker.rerank(["x"], ["a"])
    assert failed.value.kind == "refused"
    reranker.close()


def test_an_endpoint_that_is_slow(server: RerankServer) -> None:
    """A search waits for a limited time for all its queries together."""
    server.held.clear()
    endpoint = Endpoint(server.base_url, None, path=PATH)
    reranker = EndpointReranker(endpoint, "small", seconds=0.05)
    with pytest.raises(RerankingError, match=r"within 0\.05 s") as failed:
        reranker.rerank([f"query {n}" for n in range(16)], ["a"])
    assert failed.value.kind == "slow"
    server.held.set()
    reranker.close()
