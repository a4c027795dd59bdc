"""Asks a server the questions of a collection, whose documents it uploads first if they are not there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from vectorlog.client.server import Refused, Server
from vectorlog.evaluation.measures import DEPTH, Measured, Result, measure
from vectorlog.evaluation.questions import Collection, Documents, Question

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
        Refused: the server refused something, could not read a document, or could not delete what was made; an earlier
            error stays the one that is raised, with a note of what could not be deleted.
    """
    files: dict[str, str] = {}
    stores: dict[str, str] = {}

    def upload(name: str) -> None:
        files[name] = server.upload(name, read.documents[name])

    try:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for done, _ in enumerate(pool.map(upload, read.documents), 1):
                watch("uploading", done, len(read.documents))
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
    except BaseException as error:
        left = None if keep else _delete(server, stores, files)
        if left is not None:
            error.add_note(str(left))
        raise
    left = None if keep else _delete(server, stores, files)
    if left is not None:
        raise left


def asked(
    server: Server,
    questions: Sequence[Question],
    stores: Mapping[str, str],
    options: Mapping[str, Any],
    watch: Watch,
) -> dict[str, Measured]:
    """Asks all questions, and returns the measures of each by its id.

    `stores` has the ids of the stores by the names that the questions use; `options` are further fields of each search,
    such as `ranking_options`. Where documents are judged, one result of each is asked for, unless `options` have a
    `max_results_per_file`: measures of `DEPTH` documents need as many different ones.

    Raises:
        Refused: the server refused a search.
    """
    found: dict[str, Measured] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(lambda each: _search(server, each, stores, options), questions)
        for question, answer in zip(questions, answers, strict=True):
            found[question.id] = measure(question, [_result(each) for each in answer])
            watch("asking", len(found), len(questions))
    return found


def _search(
    server: Server, question: Question, stores: Mapping[str, str], options: Mapping[str, Any]
) -> Sequence[Mapping[str, Any]]:
    of_documents = {"max_results_per_file": 1} if isinstance(question.judgement, Documents) else {}
    return server.search(stores[question.store], question.text, DEPTH, {**of_documents, **options})


def _result(found: Mapping[str, Any]) -> Result:
    return Result(found["file_id"], found["filename"], "\n".join(part["text"] for part in found["content"]))


def _static(tokens: int, overlap: int) -> dict[str, Any]:
    return {"type": "static", "static": {"max_chunk_size_tokens": tokens, "chunk_overlap_tokens": overlap}}


def _delete(server: Server, stores: Mapping[str, str], files: Mapping[str, str]) -> Refused | None:
    """Deletes all stores and files, whatever the server says of some, and returns what it said of those that are left;
    None if nothing is left.
    """
    paths = [*(f"/vector_stores/{each}" for each in stores.values()), *(f"/files/{each}" for each in files.values())]
    left: dict[str, Refused] = {}
    for path in paths:
        try:
            server.delete(path)
        except Refused as error:
            if error.status != HTTPStatus.NOT_FOUND:
                left[path] = error
    if not left:
        return None
    first, said = next(iter(left.items()))
    return Refused(f"{len(left)} of {len(paths)} stores and files could not be deleted, {first} first: {said}")


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
