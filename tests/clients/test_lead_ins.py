"""What a search shows before a passage, and by what else it finds it, in both dialects."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from meetkai_mka1 import SDK
from openai import OpenAI

from tests.clients.conftest import Attached
from tests.clients.test_locations import DIALECTS, chunks

SECTION = "Guests sign the book at the desk, and wear their badge where everybody can see it. " * 70
HANDBOOK = f"# Handbook\n\n## Westmere\n\n{SECTION}\n\nDogs wait at the north gate.\n"
ROWS = "".join(f"WS-{n},{n * 7 % 90}.{n % 10},{n * 31 % 977}\n" for n in range(400))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_result_is_led_in(
    raw: httpx.Client, openai_client: OpenAI, store: str, attached: Attached, dialect: str
) -> None:
    """The text of a result is the lead-in and the passage; the list of chunks has them apart, the content neither."""
    file = attached(store, HANDBOOK, "handbook.md")
    [hit] = openai_client.vector_stores.search(store, query="dogs at the gate", max_num_results=1).data
    location = hit.content[0].model_extra["location"]  # type: ignore[index]
    listed = chunks(raw, dialect, store, file.id)["data"][location["chunk"]]
    assert listed["lead_in"] == "Handbook › Westmere\n\n"
    assert hit.content[0].text == listed["lead_in"] + listed["text"] + listed["lead_out"]
    content = openai_client.vector_stores.files.content(file.id, vector_store_id=store).data[0].text
    assert content == HANDBOOK
    assert content[location["start"] : location["end"]] == listed["text"]
    assert chunks(raw, dialect, store, file.id)["data"][0]["lead_in"] == ""


def test_a_row_comes_with_its_header(openai_client: OpenAI, store: str, attached: Attached) -> None:
    """A row far from the header of a table is shown below it."""
    attached(store, "station,pumping_head_m,sump_depth_cm\n" + ROWS, "stations.csv")
    [hit] = openai_client.vector_stores.search(store, query="WS-317", max_num_results=1).data
    assert "\nWS-317," in hit.content[0].text
    assert hit.content[0].text.startswith("station,pumping_head_m,sump_depth_cm\n")


def test_a_filename_finds_its_chunks(
    openai_client: OpenAI, mka1_client: SDK, me: dict[str, Any], store: str, attached: Attached
) -> None:
    """A query of the bare name of a file, or of its words, finds it first, although its text does not say it."""
    attached(store, "The allowance is 24 cents.", "travel_policy-2029.txt")
    attached(store, "The allowance is 31 cents.", "travel_policy-2030.txt")
    for query, name in (
        ("travel_policy-2030.txt", "travel_policy-2030.txt"),
        ("travel policy 2029", "travel_policy-2029.txt"),
    ):
        assert openai_client.vector_stores.search(store, query=query).data[0].filename == name
    found = mka1_client.llm.vector_stores.search(vector_store_id=store, query="travel policy 2030", **me)
    assert found.data[0].content[0].text == "The allowance is 31 cents."
