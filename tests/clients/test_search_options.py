"""What a search may ask for beyond OpenAI's options: rewriting, several stores, results per file, other rankers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from meetkai_mka1 import SDK
from openai import BadRequestError, NotFoundError, OpenAI

from tests.clients.conftest import EDITION, URL, Attached, long_locally
from tests.clients.service import HeldStub, running
from tests.rewriting.chat_server import ChatServer

DIALECTS = ("/v1", "/api/v1/llm")
STATIC = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 0}}

COMPARABLE: dict[str, Any] = {"ranking_options": {"ranker": "none"}} if EDITION == "aws" else {}
"""Makes scores of two searches comparable to the last digit: on AWS, other tests change how rare a word is, so there it
is by meaning alone.
"""


def searched(raw: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    """The answer to a search."""
    answer = raw.post(f"{path}/search", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestRewriting:
    def test_what_was_searched_is_shown(
        self, openai_client: OpenAI, mka1_client: SDK, me: dict[str, Any], store: str, attached: Attached
    ) -> None:
        """`rewrite_query` leaves out greetings and scaffolding, and `search_query` shows what is left."""
        attached(store, "The pool closes at nine.")
        query = "Hi, could you please tell me when the pool closes? Thanks!"
        page = openai_client.vector_stores.search(store, query=query, rewrite_query=True)
        assert page.model_extra is not None
        assert page.model_extra["search_query"] == ["when the pool closes?"]
        assert [hit.content[0].text for hit in page.data] == ["The pool closes at nine."]
        found = mka1_client.llm.vector_stores.search(vector_store_id=store, query=query, rewrite_query=True, **me)
        assert found.search_query == "when the pool closes?"

    def test_not_unless_asked(self, openai_client: OpenAI, store: str) -> None:
        """Without it a query is searched as it is."""
        for options in ({}, {"rewrite_query": False}):
            page = openai_client.vector_stores.search(store, query="Hi, tell me  more", extra_body=options)
            assert page.model_extra is not None
            assert page.model_extra["search_query"] == ["Hi, tell me  more"]

    @pytest.mark.skipif(bool(URL) or EDITION != "local", reason="needs a server with other settings")
    @long_locally
    def test_with_a_chat_model(self, tmp_path: Path, stub: HeldStub) -> None:
        """With `--rewriting-model` the model rewrites; if it fails, the search is answered all the same."""
        flags = ("--rewriting-model", "small", "--rewriting-base-url")
        with ChatServer() as chat, running(tmp_path / "data", stub, *flags, chat.base_url) as url:
            client = OpenAI(base_url=f"{url}/v1", api_key="any")
            store = client.vector_stores.create().id
            chat.answers = {"How long may I swim, please?": "duration of swimming"}
            page = client.vector_stores.search(store, query="How long may I swim, please?", rewrite_query=True)
            assert page.model_extra is not None
            assert page.model_extra["search_query"] == ["duration of swimming"]
            chat.status = 500
            page = client.vector_stores.search(store, query="How long may I swim, please?", rewrite_query=True)
            assert page.model_extra is not None
            assert page.model_extra["search_query"] == ["How long may I swim?"]


class TestSeveralStores:
    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_the_best_of_all(self, openai_client: OpenAI, raw: httpx.Client, attached: Attached, dialect: str) -> None:
        """The results of several stores come in one list by score, each with its store; scores are those of a search of
        that store.
        """
        stores = [openai_client.vector_stores.create().id for _ in range(6)]
        for place, store in enumerate(stores):
            attached(store, "owl " * (place + 1) + "and mouse", f"{place}.txt")
        found = searched(
            raw, f"{dialect}/vector_stores", query="owl", **COMPARABLE, vector_store_ids=[*stores, stores[0]]
        )["data"]
        assert {hit["vector_store_id"] for hit in found} == set(stores)
        assert len(found) == len(stores)
        scores = [hit["score"] for hit in found]
        assert scores == sorted(scores, reverse=True)
        for hit in found:
            alone = searched(raw, f"{dialect}/vector_stores/{hit['vector_store_id']}", query="owl", **COMPARABLE)[
                "data"
            ]
            assert [(each["file_id"], each["score"]) for each in alone] == [(hit["file_id"], hit["score"])]
        best = searched(
            raw, f"{dialect}/vector_stores", query="owl", **COMPARABLE, vector_store_ids=stores, max_num_results=2
        )["data"]
        assert best == found[:2]

    def test_stores_of_different_models(
        self, openai_client: OpenAI, raw: httpx.Client, attached: Attached, stub: HeldStub
    ) -> None:
        """The query is embedded once for each embedding space."""
        made = [
            raw.post("/v1/vector_stores", json={"embedding_dimensions": size}).json()["id"] for size in (256, 512, 256)
        ]
        for store in made:
            attached(store, "The heron waits.")
        before = len(stub.requests)
        found = searched(raw, "/v1/vector_stores", query="heron", vector_store_ids=made)["data"]
        assert {hit["vector_store_id"] for hit in found} == set(made)
        asked = [int(request["dimensions"]) for request in stub.requests[before:] if request["input"] == ["heron"]]
        assert sorted(asked) == [256, 512]

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_one_that_may_not_be_searched(
        self, openai_client: OpenAI, raw: httpx.Client, store: str, dialect: str
    ) -> None:
        """A store that does not exist or belongs to someone else is a 404 that names the field."""
        theirs = openai_client.with_options(default_headers={"X-On-Behalf-Of": "someone-else"}).vector_stores.create()
        for other in (theirs.id, "vs_nothing"):
            refused = raw.post(
                f"{dialect}/vector_stores/search", json={"query": "x", "vector_store_ids": [store, other]}
            )
            assert refused.status_code == 404, refused.text
            assert refused.json()["error"]["param"] == "vector_store_ids"


class TestResultsOfOneFile:
    @pytest.mark.parametrize("dialect", DIALECTS)
    @pytest.mark.parametrize("most", [1, 2])
    @long_locally
    def test_other_files_take_their_place(
        self, raw: httpx.Client, store: str, attached: Attached, dialect: str, most: int
    ) -> None:
        """A file with a hundred fitting chunks gives no more results than asked for, and the list is still filled."""
        crowd = attached(
            store,
            "\n\n".join(f"The kiln log, line {n}. " + "kiln fire " * 40 for n in range(60)),
            "log.txt",
            chunking_strategy=STATIC,
        )
        others = {attached(store, f"A rule about the kiln and number {n}.", f"rule{n}.txt").id for n in range(4)}
        plain = searched(raw, f"{dialect}/vector_stores/{store}", query="kiln fire", max_num_results=6, **COMPARABLE)[
            "data"
        ]
        assert [hit["file_id"] for hit in plain].count(crowd.id) > most
        found = searched(
            raw,
            f"{dialect}/vector_stores/{store}",
            query="kiln fire",
            max_num_results=most + 4,
            max_results_per_file=most,
            **COMPARABLE,
        )["data"]
        files = [hit["file_id"] for hit in found]
        assert (files.count(crowd.id), set(files)) == (most, {crowd.id, *others})
        assert [hit["score"] for hit in found] == sorted((hit["score"] for hit in found), reverse=True)
        first = [hit for hit in plain if hit["file_id"] == crowd.id]
        assert [hit for hit in found if hit["file_id"] == crowd.id] == first[:most]


class TestRankers:
    def test_an_equal_text_scores_about_one(self, openai_client: OpenAI, store: str, attached: Attached) -> None:
        """A text that is the query is as good as it gets, with each ranker."""
        text = "Visitors leave their bicycles at the north gate before nine."
        attached(store, text)
        attached(store, "Something else about the harbour and its many cranes, at length and in other words.")
        for options in ({}, {"ranking_options": {"ranker": "none"}}, {"ranking_options": {"ranker": "weighted"}}):
            best = openai_client.vector_stores.search(store, query=text, extra_body=options).data[0]
            assert (best.content[0].text, best.score > 0.97) == (text, True), (options, best.score)

    def test_weighted_is_a_mean(self, raw: httpx.Client, store: str, attached: Attached) -> None:
        """`weighted` means `hybrid_search` with `alpha` for meaning and the rest for words."""
        for text in ("red fox", "grey wolf and a red deer", "blue whale"):
            attached(store, text)

        def scores(**options: Any) -> list[float]:
            found = searched(raw, f"/v1/vector_stores/{store}", query="red fox", ranking_options=options)["data"]
            return [hit["score"] for hit in found]

        for alpha in (0, 0.3, 1):
            weights = {"embedding_weight": alpha, "text_weight": 1 - alpha}
            assert scores(ranker="weighted", alpha=alpha) == pytest.approx(scores(hybrid_search=weights))
        half = {"embedding_weight": 1, "text_weight": 1}
        assert scores(ranker="weighted") == pytest.approx(scores(hybrid_search=half))

    def test_reciprocal_ranks(self, raw: httpx.Client, store: str, attached: Attached) -> None:
        """`rrf` scores by ranks: what is first by meaning and by words has 1."""
        for text in ("red fox", "red deer and its very long story of the woods", "blue whale"):
            attached(store, text)
        found = searched(
            raw,
            f"/v1/vector_stores/{store}",
            query="red fox",
            ranking_options={"ranker": "rrf", "impact_factor": 60},
        )["data"]
        assert found[0]["content"][0]["text"] == "red fox"
        assert [hit["score"] for hit in found] == pytest.approx([1, 61 / 62, 61 / 63 / 2])

    def test_unknown_ones_are_refused(self, openai_client: OpenAI, store: str) -> None:
        """A ranker that we do not have is named in the error, with those that there are."""
        with pytest.raises(BadRequestError, match="'weighted', and 'rerank'"):
            openai_client.vector_stores.search(
                store, query="x", extra_body={"ranking_options": {"ranker": "cross-encoder"}}
            )
        with pytest.raises(NotFoundError):
            openai_client.vector_stores.search("vs_nothing", query="x")
