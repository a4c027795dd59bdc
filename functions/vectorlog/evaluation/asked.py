"""Asks a server the questions of a collection, whose documents it uploads first if they are not there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from vectorlog.client.server import Refused, Server
from vectorlog.evaluation.measures import DEPTH, Measured, Result, measure
from vectorlog.evaluation.questions import Collection, Question

_AT_ONCE = 4
_BATCH = 100
_POLL_S = 0.5

Watch = Callable[[str, int, int], None]
"""Is called with what goes on, how much of it is done, and how much there is."""


@contextmanager
def uploaded(server: Server, read: Collection, watch: Watch, *, keep: bool = False) -> Iterator[Mapping[str, str]]:
    """Uploads a collection's documents, waits until they can be found, and yields the ids of its stores by name.
    Afterwards everything is deleted again, except with `keep`.

    Raises:
        Refused: the server refused something, or could not read a document.
    """
    files: dict[str, str] = {}
    stores: dict[str, str] = {}
    try:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            names = list(read.documents)
            for name, file in zip(
                names, pool.map(lambda each: server.upload(each, read.documents[each]), names), strict=True
            ):
                files[name] = file
                watch("uploading", len(files), len(names))
        for store in read.stores:
            stores[store.name] = server.post("/vector_stores", {"name": f"evaluation: {store.name}"})["id"]
            chunking = {} if store.chunking is None else {"chunking_strategy": _static(*store.chunking)}
            ids = [files[name] for name in store.documents]
            for first in range(0, len(ids), _BATCH):
                body = {"file_ids": ids[first : first + _BATCH], **chunking}
                server.post(f"/vector_stores/{stores[store.name]}/file_batches", body)
        for store_id in stores.values():
            _wait(server, store_id, watch)
        yield stores
    finally:
        if not keep:
            for path in (
                *(f"/vector_stores/{each}" for each in stores.values()),
                *(f"/files/{each}" for each in files.values()),
            ):
                server.delete(path)


def asked(
    server: Server,
    questions: Sequence[Question],
    stores: Mapping[str, str],
    options: Mapping[str, Any],
    watch: Watch,
) -> dict[str, Measured]:
    """Asks all questions, and returns the measures of each by its id.

    `stores` has the ids of the stores by the names that the questions use; `options` are further fields of each search,
    such as `ranking_options`.

    Raises:
        Refused: the server refused a search.
    """
    found: dict[str, Measured] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(lambda each: server.search(stores[each.store], each.text, DEPTH, options), questions)
        for question, answer in zip(questions, answers, strict=True):
            found[question.id] = measure(question, [_result(each) for each in answer])
            watch("asking", len(found), len(questions))
    return found


def _result(found: Mapping[str, Any]) -> Result:
    return Result(found["file_id"], found["filename"], "\n".join(part["text"] for part in found["content"]))


def _static(tokens: int, overlap: int) -> dict[str, Any]:
    return {"type": "static", "static": {"max_chunk_size_tokens": tokens, "chunk_overlap_tokens": overlap}}


def _wait(server: Server, store: str, watch: Watch) -> None:
    while True:
        counts = server.get(f"/vector_stores/{store}")["file_counts"]
        watch("ingesting", counts["total"] - counts["in_progress"], counts["total"])
        if not counts["in_progress"]:
            break
        time.sleep(_POLL_S)
    if counts["failed"]:
        failed = server.get(f"/vector_stores/{store}/files", filter="failed", limit=3)["data"]
        reasons = "; ".join(f"{each['id']}: {each['last_error']['message']}" for each in failed)
        raise Refused(f"{counts['failed']} of {counts['total']} documents could not be read: {reasons}")
