"""Recall and time of searches on a deployed stage, with its own model and its own index."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from openai import OpenAI

from tests.account.measured import Measured, Vectors, nearest, percentile, recall, texts

TEXTS = int(os.environ.get("VECTORLOG_ACCOUNT_TEXTS", "2000"))
QUERIES = 50
FOUND = 20
LEAST_RECALL = 0.95
SLOWEST_MS = 3_000
"""Of 95 in 100 searches, with what lies between this machine and the region."""
MOST_FILES = 2_000
"""Of a batch."""
TOGETHER = 64
"""Texts in one request for vectors."""


def test_recall_and_time(deployed: OpenAI) -> None:
    """A search by meaning finds 95 of 100 of the nearest texts, and is answered within three seconds."""
    written = texts(TEXTS + QUERIES)
    stored, asked = written[:TEXTS], written[TEXTS:]
    store = deployed.vector_stores.create(name="account test")
    try:
        _fill(deployed, store.id, stored)
        vectors, queries = _embedded(deployed, stored), _embedded(deployed, asked)
        wanted = [nearest(vectors, query, FOUND) for query in queries]
        found, times = [], []
        for query in asked:
            began = time.perf_counter()
            page = deployed.vector_stores.search(
                store.id,
                query=query,
                max_num_results=FOUND,
                ranking_options={"ranker": "none"},
            )
            times.append(1000 * (time.perf_counter() - began))
            found.append({int(hit.filename.removesuffix(".txt")) for hit in page.data})
    finally:
        deployed.vector_stores.delete(store.id)
    measured = Measured(TEXTS, recall(wanted, found), percentile(times, 50), percentile(times, 95))
    measured.write()
    sys.stdout.write(f"\n{measured}\n")
    assert measured.recall >= LEAST_RECALL
    assert measured.p95_ms <= SLOWEST_MS


def _fill(client: OpenAI, store: str, stored: list[str]) -> None:
    """Uploads the texts, each as a file that is named by its place, and waits until all can be found."""

    def upload(place: int) -> str:
        return client.files.create(file=(f"{place}.txt", stored[place].encode()), purpose="assistants").id

    with ThreadPoolExecutor(8) as pool:
        files = list(pool.map(upload, range(len(stored))))
    for start in range(0, len(files), MOST_FILES):
        some = files[start : start + MOST_FILES]
        batch = client.vector_stores.file_batches.create_and_poll(store, file_ids=some)
        assert (batch.status, batch.file_counts.completed) == ("completed", len(some)), batch.file_counts


def _embedded(client: OpenAI, texts: list[str]) -> Vectors:
    """The texts' vectors, by the stage's own model."""
    model = client.models.list().data[0].id
    made = [
        each.embedding
        for start in range(0, len(texts), TOGETHER)
        for each in client.embeddings.create(model=model, input=texts[start : start + TOGETHER]).data
    ]
    return np.array(made, np.float32)
