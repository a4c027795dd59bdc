"""Whether a server at rest holds what its clients' journal says: all that was answered, and the rest whole or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.live.journal import Line
from tests.live.known import Batch, Store, Upload
from tests.live.live_server import until
from tests.live.writer import Writer

SEARCHED = 7
"""One in so many files of a large store is searched for."""
PAGE = 50
"""The most results of a search."""


def settle(line: Line, seconds: float) -> None:
    """Waits until no file of the project is in progress."""
    for store in line.all("/vector_stores"):
        path = f"/vector_stores/{store['id']}"
        until(
            lambda path=path: line.request("GET", path).body["file_counts"]["in_progress"] == 0,  # type: ignore[misc]
            f"{path} to end",
            seconds,
        )


def check(line: Line, writers: Sequence[Writer]) -> Counter[str]:
    """Checks everything that the project's clients know, and that there is nothing else.

    Returns:
        How many files there are in stores, by status, and how many uploads and stores.

    Raises:
        AssertionError: something does not agree.
    """
    uploads = _uploads(line, writers)
    listed = line.all("/vector_stores")
    stores = {store["id"]: store for store in listed}
    for writer in writers:
        for store in writer.stores:
            assert (store.id in stores) in store.exists, f"{store} exists: {store.id in stores}"
    names = Counter(store["name"] for store in listed)
    allowed = {store.name for writer in writers for store in writer.stores} | _lost(writers)
    assert set(names) <= allowed, f"stores that nobody made: {set(names) - allowed}"
    assert set(names.values()) <= {1}, f"a store was made twice: {names}"

    found: Counter[str] = Counter(uploads=len(uploads), stores=len(stores))
    for id_, shown in stores.items():
        known = [store for writer in writers for store in writer.stores if store.id == id_]
        found += _store(line, shown, known, uploads)
    for writer in writers:
        for batch in writer.batches:
            if batch.store.id in stores:
                _batch(line, batch)
    return found


def _lost(writers: Sequence[Writer]) -> set[str]:
    return {name for writer in writers for name in writer.lost}


def _uploads(line: Line, writers: Sequence[Writer]) -> set[str]:
    """Checks the uploads; returns the ids of those that exist."""
    listed = line.all("/files")
    names, ids = Counter(file["filename"] for file in listed), {file["id"] for file in listed}
    mine = [upload for writer in writers for upload in writer.uploads]
    allowed = {upload.name for upload in mine} | _lost(writers)
    assert set(names) <= allowed, f"files that nobody uploaded: {set(names) - allowed}"
    assert set(names.values()) <= {1}, f"a file was uploaded twice: {names.most_common(3)}"
    for upload in mine:
        assert (upload.id in ids) in upload.exists, f"{upload} exists: {upload.id in ids}"
        answer = line.request("GET", f"/files/{upload.id}/content")
        assert answer.status == (200 if upload.id in ids else 404), f"{upload}: {answer}"
        assert not answer.done or answer.body == upload.text, f"{upload}: other bytes"
    return ids


def _store(line: Line, shown: dict[str, Any], known: Sequence[Store], uploads: set[str]) -> Counter[str]:
    """Checks a store's files, counts and searches; returns the number of its files by status."""
    path = f"/vector_stores/{shown['id']}"
    rows = {row["id"]: row for row in line.all(f"{path}/files")}
    counts = line.request("GET", path).body["file_counts"]
    statuses = Counter(row["status"] for row in rows.values())
    assert counts == {
        "in_progress": 0,
        **{status: statuses[status] for status in ("completed", "failed", "cancelled")},
        "total": len(rows),
    }, f"{path} counts {counts} and lists {statuses}"
    files = {file: held for store in known for file, held in store.files.items()}
    assert set(rows) <= set(files), f"{path}: files that nobody attached: {set(rows) - set(files)}"
    for file, held in files.items():
        row = rows.get(file)
        value = row["attributes"] if row else None
        whole = held.possible if file in uploads else [None]
        assert value in whole, f"{path}/files/{file}: {row} is not in {whole}"
        if row:
            _ended(row, held.upload, held.may_end)
    _found(line, path, {file: files[file].upload for file, row in rows.items() if row["status"] == "completed"}, files)
    return statuses


def _ended(row: dict[str, Any], upload: Upload, may_end: set[str]) -> None:
    """A file ends as its text says, and a failure names its cause."""
    expected = {"completed" if upload.readable else "failed"} | may_end
    assert row["status"] in expected, f"{upload}: {row}"
    error = row["last_error"]
    if row["status"] == "failed":
        assert error["code"] == "invalid_file", f"{upload}: {row}"
        assert "The file is empty" in error["message"], f"{upload}: {row}"
    else:
        assert error is None, f"{upload}: {row}"


def _found(line: Line, path: str, completed: dict[str, Upload], files: dict[str, Any]) -> None:
    """A search finds exactly the completed files, with their texts."""
    if len(completed) <= PAGE:
        hits = line.request("POST", f"{path}/search", {"query": "common", "max_num_results": PAGE}).body["data"]
        assert {hit["file_id"]: hit["content"][0]["text"] for hit in hits} == {
            file: upload.text.decode() for file, upload in completed.items()
        }, f"{path}: other results"
        assert len(hits) == len(completed), f"{path}: a chunk twice"
        return
    for file in list(files)[::SEARCHED]:
        query = {"query": files[file].upload.word, "max_num_results": PAGE}
        hits = line.request("POST", f"{path}/search", query).body["data"]
        found = [hit["file_id"] for hit in hits]
        assert (file in completed) == (file in found), f"{path}/files/{file} found: {file in found}"
        assert len(set(found)) == len(found) == PAGE, f"{path}: {len(found)} results"
        assert set(found) <= set(completed), f"{path}: results that are not completed"


def _batch(line: Line, batch: Batch) -> None:
    """An answered batch has all of its files, and one whose answer was lost has all or none of them."""
    path = f"/vector_stores/{batch.store.id}"
    if batch.id:
        answer = line.request("GET", f"{path}/file_batches/{batch.id}")
        assert answer.done, f"batch {batch.id}: {answer}"
        counts = answer.body["file_counts"]
        ended = counts["completed"] + counts["failed"] + counts["cancelled"]
        assert (counts["in_progress"], ended, counts["total"]) == (0, *[len(batch.files)] * 2), f"{batch.id}: {counts}"
        return
    answers = {line.request("GET", f"{path}/files/{held.upload.id}").done for held in batch.files}
    assert len(answers) == 1, f"half a batch of {len(batch.files)} files in {path}"
