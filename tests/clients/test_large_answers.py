"""Answers that are large: compressed where the client accepts that, and complete in both editions.

On AWS a body above 4 MB does not fit Lambda's answer, so the client is sent to a signed URL; the clients follow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import docx
import httpx
import pytest
from meetkai_mka1 import SDK
from openai import DefaultHttpxClient, OpenAI

from tests.clients.conftest import EDITION, Upload, long_locally
from tests.clients.node_client import run
from tests.clients.service import Service

PARAGRAPH = "Every accepted file ends as completed, as failed with a reason, or as cancelled. " * 100
PARAGRAPHS = 940
"""7.5 MB of text, in a docx of less than 100 kB."""
SIZES = {"type": "static", "static": {"max_chunk_size_tokens": 4096, "chunk_overlap_tokens": 0}}


@pytest.fixture(scope="module")
def large(service: Service, openai_pool: DefaultHttpxClient) -> Iterator[tuple[OpenAI, str, str]]:
    """A client, and its store and file with 7.5 MB of text."""
    document = docx.Document()
    for _ in range(PARAGRAPHS):
        document.add_paragraph(PARAGRAPH)
    document.save(packed := BytesIO())
    client = OpenAI(base_url=f"{service.url}/v1", api_key=service.key, http_client=openai_pool)
    file = client.files.create(file=("large.docx", packed.getvalue()), purpose="assistants")
    store = client.vector_stores.create()
    row = client.vector_stores.files.create_and_poll(
        file.id,
        vector_store_id=store.id,
        chunking_strategy=SIZES,  # type: ignore[arg-type]
    )
    assert row.status == "completed", row.last_error
    yield client, store.id, file.id
    client.vector_stores.delete(store.id)
    client.files.delete(file.id)


def is_whole(text: str) -> None:
    assert len(text) > 7_500_000
    assert text.count(PARAGRAPH.strip()) == PARAGRAPHS


@long_locally
def test_text_by_openai(large: tuple[OpenAI, str, str]) -> None:
    """`openai` reads the text of a large file in a store."""
    client, store, file = large
    [part] = client.vector_stores.files.content(file, vector_store_id=store).data
    is_whole(part.text or "")


@long_locally
def test_text_by_openai_without_gzip(large: tuple[OpenAI, str, str]) -> None:
    """A client that accepts nothing compressed gets the same text."""
    client, store, file = large
    plain = client.with_options(default_headers={"Accept-Encoding": "identity"})
    [part] = plain.vector_stores.files.content(file, vector_store_id=store).data
    is_whole(part.text or "")


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
def test_text_by_mka1(service: Service, large: tuple[OpenAI, str, str], accepted: str) -> None:
    """`meetkai-mka1`, with the HTTP client that it makes itself, reads the text."""
    _, store, file = large
    client = SDK(bearer_auth=service.key, server_url=service.url)
    answer = client.llm.vector_stores.get_file_content(
        vector_store_id=store, file_id=file, http_headers={"Accept-Encoding": accepted}
    )
    is_whole("".join(part.text for part in answer.content))


def test_text_by_node(service: Service, large: tuple[OpenAI, str, str], node: Path) -> None:
    """The client for Node reads the text, also from another address."""
    _, store, file = large
    assert run(node, "content.mjs", f"{service.url}/v1", service.key, store, file) > 7_500_000


@pytest.mark.skipif(EDITION != "aws", reason="the local edition sends answers of any size itself")
def test_redirect(service: Service, large: tuple[OpenAI, str, str]) -> None:
    """What is too large for Lambda is at another address, which needs no key and holds the very same body."""
    _, store, file = large
    url = f"{service.url}/v1/vector_stores/{store}/files/{file}/content"
    headers = {"Authorization": f"Bearer {service.key}", "Accept-Encoding": "identity"}
    answer = httpx.get(url, headers=headers)
    assert answer.status_code == 303
    assert answer.headers["x-request-id"].startswith("req_")
    found = httpx.get(answer.headers["location"])
    assert (found.status_code, found.headers["content-type"]) == (200, "application/json")
    is_whole(json.loads(found.text)["data"][0]["text"])


def test_compressed(raw: httpx.Client, upload: Upload) -> None:
    """A list is compressed for a client that accepts it, and says so to caches; a small answer is not."""
    for _ in range(10):
        upload("x")
    plain = raw.get("/v1/files", headers={"Accept-Encoding": "identity"})
    packed = raw.get("/v1/files", headers={"Accept-Encoding": "gzip, deflate, br"})
    assert packed.json() == plain.json()
    assert (packed.headers["content-encoding"], "content-encoding" in plain.headers) == ("gzip", False)
    assert plain.headers["vary"] == packed.headers["vary"] == "accept-encoding"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) // 2
    assert "content-encoding" not in raw.get("/v1/files?limit=1", headers={"Accept-Encoding": "gzip"}).headers


def test_head_has_no_body(raw: httpx.Client, large: tuple[OpenAI, str, str]) -> None:
    """HEAD is answered without a body, however large the answer to a GET is."""
    _, store, file = large
    answer = raw.head(f"/v1/vector_stores/{store}/files/{file}/content", headers={"X-On-Behalf-Of": "nobody"})
    assert (answer.status_code, answer.content) == (404, b"")
    del raw.headers["X-On-Behalf-Of"]
    answer = raw.head(f"/v1/vector_stores/{store}/files/{file}/content")
    assert (answer.status_code, answer.content) == (200, b"")
