"""Where a hit is from, and the list of a file's chunks, in both dialects."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pptx
import pytest
from meetkai_mka1 import SDK
from openai import OpenAI

from tests.clients.conftest import Attached, Upload

DIALECTS = ("/v1", "/api/v1/llm")
GUIDE = "# Guide\n\n## Boilers\n\nThe boiler is drained in May.\n\n## Pumps\n\nPumps are oiled weekly.\n"


def chunks(raw: httpx.Client, dialect: str, store: str, file: str, **query: Any) -> dict[str, Any]:
    """A page of a file's chunks."""
    answer = raw.get(f"{dialect}/vector_stores/{store}/files/{file}/chunks", params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def test_search_says_where_a_hit_is(openai_client: OpenAI, store: str, attached: Attached) -> None:
    """`location` names the chunk, its characters in the file's text, and the headings over it."""
    file = attached(store, GUIDE, "guide.md")
    [hit] = openai_client.vector_stores.search(store, query="boiler").data
    location = hit.content[0].model_extra["location"]  # type: ignore[index]
    text = openai_client.vector_stores.files.content(file.id, vector_store_id=store).data[0].text
    assert text is not None
    assert text[location["start"] : location["end"]] == hit.content[0].text
    assert location == {
        "chunk": 0,
        "start": 0,
        "end": len(text),
        "first_page": None,
        "last_page": None,
        "sheet": None,
        "headings": ["Guide", "Boilers"],
        "page_label": None,
    }


def test_mka1_reads_a_search_with_locations(
    mka1_client: SDK, me: dict[str, Any], store: str, attached: Attached
) -> None:
    """MKA1's client ignores the location."""
    attached(store, GUIDE, "guide.md")
    found = mka1_client.llm.vector_stores.search(vector_store_id=store, query="boiler", **me)
    assert [each.content[0].text for each in found.data] == [GUIDE]


def test_a_slide_is_a_page(openai_client: OpenAI, store: str, upload: Upload) -> None:
    """A hit in a presentation names its slides, and the title of the first."""
    presentation = pptx.Presentation()
    for title in ("Anvils", "Bellows"):
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = f"What {title.lower()} cost"
    data = io.BytesIO()
    presentation.save(data)
    file = upload(data.getvalue(), "prices.pptx")
    row = openai_client.vector_stores.files.create_and_poll(file.id, vector_store_id=store)
    assert row.status == "completed", row.last_error
    [hit] = openai_client.vector_stores.search(store, query="anvils").data
    location = hit.content[0].model_extra["location"]  # type: ignore[index]
    assert (location["first_page"], location["last_page"], location["headings"]) == (1, 2, ["Anvils"])
    assert row.to_dict()["page_count"] == 2


@pytest.mark.parametrize("dialect", DIALECTS)
def test_chunks_are_listed(
    raw: httpx.Client, openai_client: OpenAI, store: str, attached: Attached, dialect: str
) -> None:
    """The pages of the list hold every chunk once, in order, each with its text, tokens and location."""
    text = "\n\n".join(f"Paragraph {n} speaks of the number {n} at some length, for a while." for n in range(60))
    static = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 20}}
    file = attached(store, text, "long.txt", chunking_strategy=static)
    whole = chunks(raw, dialect, store, file.id, limit=100)
    assert whole["has_more"] is False
    count = openai_client.vector_stores.files.retrieve(file.id, vector_store_id=store).model_extra["chunk_count"]  # type: ignore[index]
    assert [each["location"]["chunk"] for each in whole["data"]] == list(range(count))
    for each in whole["data"]:
        assert each["text"] == text[each["location"]["start"] : each["location"]["end"]]
        assert 0 < each["tokens"] <= 100
        assert (each["object"], each["file_id"], each["vector_store_id"]) == (
            "vector_store.file.chunk",
            file.id,
            store,
        )
    for order in ("asc", "desc"):
        listed: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        more = True
        while more:
            page = chunks(raw, dialect, store, file.id, limit=4, order=order, **after)
            listed += page["data"]
            after, more = {"after": page["last_id"]}, page["has_more"]
        assert listed == (whole["data"] if order == "asc" else whole["data"][::-1])


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_wrong_request_for_chunks_is_refused(
    raw: httpx.Client, store: str, attached: Attached, upload: Upload, dialect: str
) -> None:
    """An unknown file, a cursor of another kind, one beyond the end and one of another ingest name their field."""
    file, other = attached(store, "One short text."), upload("Not in the store.")
    path = f"{dialect}/vector_stores/{store}/files"
    assert raw.get(f"{path}/{other.id}/chunks").status_code == 404
    for after in ("file-1", "chunk-1-7", "chunk-9-0", "chunk-1"):
        refused = raw.get(f"{path}/{file.id}/chunks", params={"after": after})
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "after"), refused.text
