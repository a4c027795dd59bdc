"""`openai` and search: filters, ranking, several queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import ANY

import pytest
from openai import OpenAI

from tests.clients.conftest import Attached
from tests.clients.service import eventually

ROWS: dict[str, dict[str, Any]] = {
    "a": {"year": 2020, "score": 1.5, "lang": "de", "public": True},
    "b": {"year": 2021, "score": 2.0, "lang": "en", "public": False},
    "c": {"year": 2022, "lang": "fr"},
    "d": {},
}
"""Attributes of the files of `filtered`, by name."""


def where(operator: str, key: str, value: Any) -> dict[str, Any]:
    return {"type": operator, "key": key, "value": value}


def every(*filters: Any) -> dict[str, Any]:
    return {"type": "and", "filters": list(filters)}


def some(*filters: Any) -> dict[str, Any]:
    return {"type": "or", "filters": list(filters)}


FILTERS: list[tuple[dict[str, Any], str]] = [
    (where("eq", "year", 2021), "b"),
    (where("eq", "year", 2021.0), "b"),
    (where("eq", "score", 2), "b"),
    (where("eq", "lang", "de"), "a"),
    (where("eq", "lang", "DE"), ""),
    (where("eq", "public", True), "a"),
    (where("eq", "public", 1), ""),
    (where("eq", "year", "2021"), ""),
    (where("eq", "none", 1), ""),
    (where("ne", "lang", "de"), "bcd"),
    (where("ne", "public", True), "bcd"),
    (where("ne", "none", 1), "abcd"),
    (where("gt", "year", 2020), "bc"),
    (where("gt", "year", 2020.5), "bc"),
    (where("gte", "year", 2021), "bc"),
    (where("lt", "score", 2), "a"),
    (where("lte", "score", 2), "ab"),
    (where("lt", "none", 5), ""),
    (where("gt", "lang", "dz"), "bc"),
    (where("in", "lang", ["de", "fr"]), "ac"),
    (where("in", "year", [2022.0, 1999]), "c"),
    (where("nin", "lang", ["de", "fr"]), "bd"),
    (where("nin", "none", ["x"]), "abcd"),
    (every(where("gte", "year", 2021), where("ne", "lang", "en")), "c"),
    (some(where("eq", "lang", "de"), where("eq", "lang", "en")), "ab"),
    (every(some(where("eq", "lang", "de"), where("eq", "year", 2022)), where("lt", "year", 2022)), "a"),
    (
        some(
            every(where("eq", "lang", "en"), where("eq", "public", False)),
            every(where("nin", "year", [2020, 2021, 2022])),
        ),
        "bd",
    ),
    (every(where("eq", "lang", "de"), where("eq", "lang", "en")), ""),
]

Filtered = Callable[[Any], str]


@pytest.fixture(scope="module")
def stores() -> dict[str, str]:
    """Stores that several tests read, by their content."""
    return {}


@pytest.fixture
def reader(openai_client: OpenAI, stores: dict[str, str]) -> OpenAI:
    """The same end user in every test of this module, so that they share stores."""
    owner = stores.setdefault("owner", str(openai_client.default_headers["X-On-Behalf-Of"]))
    return openai_client.with_options(default_headers={"X-On-Behalf-Of": owner})


@pytest.fixture
def filtered(reader: OpenAI, stores: dict[str, str]) -> Filtered:
    """The names, in order, of the files that a filter matches."""
    if "filtered" not in stores:
        stores["filtered"] = reader.vector_stores.create().id
        files = {name: reader.files.create(file=(name, b"the same text"), purpose="assistants").id for name in ROWS}
        batch = reader.vector_stores.file_batches.create_and_poll(
            stores["filtered"], files=[{"file_id": file, "attributes": ROWS[name]} for name, file in files.items()]
        )
        assert batch.file_counts.completed == len(ROWS)

    def found(filters: Any) -> str:
        return "".join(
            sorted(
                hit.filename for hit in reader.vector_stores.search(stores["filtered"], query="text", filters=filters)
            )
        )

    return found


@pytest.mark.parametrize(("filters", "names"), FILTERS, ids=str)
def test_filters(filtered: Filtered, filters: Any, names: str) -> None:
    """Every operator matches as the contract says: by value, and with missing keys and other types."""
    assert filtered(filters) == names


@pytest.fixture
def animals(reader: OpenAI, stores: dict[str, str]) -> str:
    """A store with three files of one chunk each."""
    if "animals" not in stores:
        stores["animals"] = reader.vector_stores.create().id
        texts = {"otter.txt": "the otter swims", "owl.txt": "the owl flies at night", "bee.txt": "a bee makes honey"}
        reader.vector_stores.file_batches.upload_and_poll(
            stores["animals"], files=[(name, text.encode()) for name, text in texts.items()]
        )
    return stores["animals"]


def test_results_field_by_field(reader: OpenAI, animals: str) -> None:
    """A search returns a page with score, file, attributes and text of each chunk, the best first."""
    answer = reader.vector_stores.with_raw_response.search(animals, query="owl at night", max_num_results=2)
    shown = answer.http_response.json()
    best, second = shown["data"]
    assert shown == {
        "object": "vector_store.search_results.page",
        "search_query": ["owl at night"],
        "data": [ANY, ANY],
        "has_more": False,
        "next_page": None,
        "warnings": [],
    }
    assert best == {
        "file_id": ANY,
        "filename": "owl.txt",
        "score": ANY,
        "attributes": {},
        "content": [{"type": "text", "text": "the owl flies at night", "location": ANY}],
    }
    assert 0 <= second["score"] < best["score"] <= 1
    assert [hit.filename for hit in answer.parse()] == ["owl.txt", second["filename"]]


def test_several_queries(reader: OpenAI, animals: str) -> None:
    """Each of several queries finds its own chunk; a chunk that several find occurs once."""
    answer = reader.vector_stores.with_raw_response.search(animals, query=["otter", "honey"])
    shown = answer.http_response.json()
    names = [hit["filename"] for hit in shown["data"]]
    assert shown["search_query"] == ["otter", "honey"]
    assert set(names[:2]) == {"otter.txt", "bee.txt"}
    assert len(names) == len(set(names)) == 3


@pytest.mark.parametrize("ranker", ["auto", "none", "default-2024-11-15"])
def test_rankers(reader: OpenAI, animals: str, ranker: Any) -> None:
    """Every ranker of OpenAI is accepted and finds the best chunk."""
    found = reader.vector_stores.search(animals, query="owl flies", ranking_options={"ranker": ranker})
    assert found.data[0].filename == "owl.txt"


def test_threshold_leaves_out_what_is_below(reader: OpenAI, animals: str) -> None:
    """A threshold is on the scale of the scores: results at or above it stay."""
    scores = [hit.score for hit in reader.vector_stores.search(animals, query="owl at night")]
    assert len(scores) == 3
    kept = reader.vector_stores.search(animals, query="owl at night", ranking_options={"score_threshold": scores[0]})
    assert [hit.score for hit in kept] == scores[:1]
    assert (
        reader.vector_stores.search(animals, query="owl at night", ranking_options={"score_threshold": 1.0}).data == []
    )
    assert (
        len(reader.vector_stores.search(animals, query="owl at night", ranking_options={"score_threshold": 0.0}).data)
        == 3
    )


def test_hybrid_weights_count(reader: OpenAI, animals: str) -> None:
    """`hybrid_search` weighs meaning and words; its scores lie between those of each alone."""

    def score(embedding: float, text: float) -> float:
        weights = {"hybrid_search": {"embedding_weight": embedding, "text_weight": text}}
        hit = reader.vector_stores.search(animals, query="owl bee", extra_body={"ranking_options": weights}).data
        return next(each.score for each in hit if each.filename == "owl.txt")

    meaning, words, both = score(1, 0), score(0, 1), score(1, 1)
    assert meaning != words
    assert min(meaning, words) < both < max(meaning, words)
    assert score(2, 2) == pytest.approx(both)
    alone = reader.vector_stores.search(animals, query="owl bee", ranking_options={"ranker": "none"}).data
    assert next(hit.score for hit in alone if hit.filename == "owl.txt") == pytest.approx(meaning)


def test_limit_of_results(reader: OpenAI, animals: str) -> None:
    """`max_num_results` limits the results."""
    assert len(reader.vector_stores.search(animals, query="owl", max_num_results=1).data) == 1


def test_empty_store_finds_nothing(openai_client: OpenAI, store: str) -> None:
    """A search in an empty store returns an empty page."""
    assert openai_client.vector_stores.search(store, query="anything").data == []


def test_filters_follow_changed_attributes(openai_client: OpenAI, attached: Attached, store: str) -> None:
    """After a change of attributes, the old ones stop matching immediately, and the new ones match soon."""
    file = attached(store, "hello", attributes={"team": "red"}).id
    openai_client.vector_stores.files.update(file, vector_store_id=store, attributes={"team": "blue"})

    def found(team: str) -> list[str]:
        filters: Any = where("eq", "team", team)
        return [hit.file_id for hit in openai_client.vector_stores.search(store, query="hello", filters=filters)]

    assert found("red") == []
    assert eventually(lambda: found("blue"), lambda files: files == [file])
