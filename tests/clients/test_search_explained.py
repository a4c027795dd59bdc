"""Why a search found something: `explain`."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.clients.conftest import Attached
from tests.clients.test_search_options import DIALECTS, searched
from vectorlog.index.fusion import DEFAULT_WEIGHTS

TEXT = "Owls hunt at night. The Größe of an owl varies; ERR_2043 was seen."


@pytest.mark.parametrize("prefix", DIALECTS)
def test_each_result_says_why(raw: httpx.Client, store: str, attached: Attached, prefix: str) -> None:
    """With `explain`, a result has its cosine, how well its words match, what each adds to the score, and the words as
    the text has them: by their stems, without regard to marks, and of the filename too.
    """
    attached(store, TEXT, name="habits of foxes.txt")
    found = searched(raw, f"{prefix}/vector_stores/{store}", query="hunting owl grosse ERR-2043 fox", explain=True)
    [hit] = found["data"]
    why = hit["explanation"]
    assert set(why) == {"cosine", "bm25", "match", "shares", "words"}
    assert -1 <= why["cosine"] <= 1
    assert why["bm25"] > 0
    assert 0 < why["match"] <= 1
    assert sum(why["shares"].values()) == pytest.approx(hit["score"])
    assert why["shares"]["meaning"] == pytest.approx(DEFAULT_WEIGHTS.embedding * (1 + why["cosine"]) / 2)
    assert why["shares"]["words"] == pytest.approx(DEFAULT_WEIGHTS.text * (1 + why["match"]) / 2)
    words = {word.casefold() for word in why["words"]}
    assert {"owls", "hunt", "err_2043", "foxes.txt"} <= words
    assert not words & {"the", "night", "varies", "habits"}


@pytest.mark.parametrize("prefix", DIALECTS)
def test_not_unless_asked(raw: httpx.Client, store: str, attached: Attached, prefix: str) -> None:
    """Without `explain` an answer is as it was."""
    attached(store, TEXT)
    for options in ({}, {"explain": False}, {"explain": None}):
        [hit] = searched(raw, f"{prefix}/vector_stores/{store}", query="owl", **options)["data"]
        assert "explanation" not in hit
    refused = raw.post(f"{prefix}/vector_stores/{store}/search", json={"query": "owl", "explain": "yes"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "explain")


@pytest.mark.parametrize(
    ("ranking", "meaning", "words"),
    [
        ({"ranker": "none"}, True, False),
        ({"ranker": "weighted", "alpha": 0}, False, True),
        ({"ranker": "rrf"}, True, True),
    ],
)
def test_by_ranker(
    raw: httpx.Client, store: str, attached: Attached, ranking: dict[str, Any], meaning: bool, words: bool
) -> None:
    """What a ranker does not look at adds nothing, and the shares are the score with each of them."""
    attached(store, TEXT)
    [hit] = searched(raw, f"/v1/vector_stores/{store}", query="owl", explain=True, ranking_options=ranking)["data"]
    shares = hit["explanation"]["shares"]
    assert (shares["meaning"] > 0, shares["words"] > 0) == (meaning, words)
    assert sum(shares.values()) == pytest.approx(hit["score"])


def test_of_several_stores(raw: httpx.Client, store: str, attached: Attached) -> None:
    """A search of several stores explains too, for all of its queries."""
    attached(store, TEXT)
    body = {"vector_store_ids": [store], "query": ["owl", "Größe"], "explain": True}
    [hit] = searched(raw, "/v1/vector_stores", **body)["data"]
    assert {"Owls", "owl"} & set(hit["explanation"]["words"])
    assert "Größe" in hit["explanation"]["words"]
