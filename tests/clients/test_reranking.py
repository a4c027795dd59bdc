"""The ranker `rerank`: an extension, in both dialects, of deployments that name a reranker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from meetkai_mka1 import SDK
from openai import OpenAI

from tests.clients.conftest import EDITION, URL, long_locally
from tests.clients.service import HeldStub, running
from tests.reranking.rerank_server import RerankServer

DIALECTS = ("/v1", "/api/v1/llm")
TEXTS = {"a.txt": "pool pool", "b.txt": "The pool is old.", "c.txt": "It closes at nine: pool."}


class TestWithoutOne:
    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_no_reranker(self, raw: httpx.Client, store: str, dialect: str) -> None:
        """A deployment without a reranker refuses its ranker, and names the field and what its operator can set."""
        for path, more in ((f"{store}/search", {}), ("search", {"vector_store_ids": [store]})):
            body = {"query": "x", "ranking_options": {"ranker": "rerank"}, **more}
            refused = raw.post(f"{dialect}/vector_stores/{path}", json=body)
            error = refused.json()["error"]
            assert (refused.status_code, error["param"]) == (400, "ranking_options.ranker"), refused.text
            assert (error["code"], "VECTORLOG_RERANKING_MODEL" in error["message"]) == ("unsupported_value", True)

    def test_mka1_client_refuses_the_reranker(self, mka1_client: SDK, me: dict[str, Any], store: str) -> None:
        """Its client knows no such ranker, and sends nothing; plain HTTP has to be used in its dialect."""
        options: Any = {"ranker": "rerank"}
        with pytest.raises(ValueError, match="ranker"):
            mka1_client.llm.vector_stores.search(vector_store_id=store, query="x", ranking_options=options, **me)


@pytest.fixture(scope="module")
def reranker() -> Iterator[RerankServer]:
    with RerankServer() as server:
        yield server


@pytest.fixture(scope="module")
def url(reranker: RerankServer, stub: HeldStub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with `--reranking-model`."""
    flags = ("--reranking-model", "cross", "--reranking-api-key", "sk-cross", "--reranking-base-url")
    with running(tmp_path_factory.mktemp("reranking") / "data", stub, *flags, reranker.base_url) as url:
        yield url


@pytest.fixture(scope="module")
def pools(url: str) -> str:
    """A store with `TEXTS`."""
    client = OpenAI(base_url=f"{url}/v1", api_key="any")
    store = client.vector_stores.create().id
    for name, text in TEXTS.items():
        client.vector_stores.files.upload_and_poll(vector_store_id=store, file=(name, text.encode()))
    return store


@pytest.mark.skipif(bool(URL) or EDITION != "local", reason="needs a server with other settings")
class TestWithOne:
    @long_locally
    def test_with_openai_client(self, url: str, pools: str, reranker: RerankServer) -> None:
        """The reranker's order and scores, to which the threshold applies; `warnings` is empty."""
        reranker.scores, reranker.status = {"closes": 0.75, "old": 0.5, "pool": 0.25}, 200
        client = OpenAI(base_url=f"{url}/v1", api_key="any")
        for threshold, expected in ((0.0, [0.75, 0.5, 0.25]), (0.5, [0.75, 0.5])):
            options: Any = {"ranker": "rerank", "score_threshold": threshold}
            page = client.vector_stores.search(pools, query="pool", ranking_options=options)
            assert [hit.score for hit in page.data] == expected
            assert page.data[0].content[0].text == "It closes at nine: pool."
            assert page.model_extra is not None
            assert page.model_extra["warnings"] == []
        assert (reranker.requests[-1]["model"], reranker.keys[-1]) == ("cross", "Bearer sk-cross")

    def test_not_unless_asked(self, url: str, pools: str, reranker: RerankServer) -> None:
        """A deployment that has a reranker uses it for no other ranker: it costs, and users wait for it."""
        client, before = OpenAI(base_url=f"{url}/v1", api_key="any"), len(reranker.requests)
        for ranker in ("auto", "none", "default-2024-11-15"):
            options: Any = {"ranker": ranker}
            assert client.vector_stores.search(pools, query="pool", ranking_options=options).data[0].filename == "a.txt"
        assert len(reranker.requests) == before

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_one_that_fails(self, url: str, pools: str, reranker: RerankServer, dialect: str) -> None:
        """The search is answered as without it, and `warnings` says so, in both dialects."""
        with httpx.Client(base_url=f"{url}{dialect}/vector_stores") as raw:
            reranker.status = 503
            body = {"query": "pool", "ranking_options": {"ranker": "rerank"}}
            found = raw.post(f"{pools}/search", json=body).raise_for_status().json()
            plain = raw.post(f"{pools}/search", json={"query": "pool"}).raise_for_status().json()
            assert [each["code"] for each in found.pop("warnings")] == ["not_reranked"]
            assert plain.pop("warnings") == []
            assert found == plain
            several = raw.post("search", json={**body, "vector_store_ids": [pools]}).raise_for_status().json()
            assert [each["code"] for each in several["warnings"]] == ["not_reranked"]
            counted = httpx.get(f"{url}/metrics").text
            assert 'vectorlog_not_reranked_total{kind="refused"}' in counted
