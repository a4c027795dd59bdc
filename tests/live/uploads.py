"""Uploads, attaches and waits of these tests."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from openai import OpenAI
from openai.types.vector_stores import VectorStoreFileBatch

from tests.live.live_server import until


def upload(client: OpenAI, content: str | bytes, name: str = "a.txt") -> str:
    """Uploads a file; returns its id."""
    body = content.encode() if isinstance(content, str) else content
    return client.files.create(file=(name, body), purpose="assistants").id


def upload_many(client: OpenAI, contents: Sequence[str]) -> list[str]:
    """Uploads texts in parallel; returns their ids in order."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda content: upload(client, content), contents))


def ended(client: OpenAI, store: str, batch: str, seconds: float = 20.0) -> VectorStoreFileBatch:
    """Waits until nothing of a batch is in progress; returns the batch."""

    def get() -> VectorStoreFileBatch | None:
        found = client.vector_stores.file_batches.retrieve(batch, vector_store_id=store)
        return None if found.file_counts.in_progress else found

    return until(get, f"batch {batch} to end", seconds)


def settled(client: OpenAI, store: str, seconds: float = 20.0) -> dict[str, str]:
    """Waits until nothing of a store is in progress; returns the status of each file, by listing them."""
    until(lambda: client.vector_stores.retrieve(store).file_counts.in_progress == 0, f"store {store} to end", seconds)
    return {file.id: file.status for file in client.vector_stores.files.list(store, limit=100)}
