"""The rights granted in OpenSearch are those that the adapter needs."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, cast

from opensearchpy import OpenSearch

from tests.support.waits import no_waits
from vectorlog.domain.vectors import Chunk, Space
from vectorlog.index.chunk_index import FileChunks, Query
from vectorlog.index.opensearch.index import OpenSearchIndex
from vectorlog.index.opensearch.mapping import Layout
from vectorlog.index.opensearch.roles import REQUESTS

SPACE, VECTOR = Space("bedrock:amazon.titan-embed-text-v2:0", 2), array("f", (1.0, 0.0))


class Recorder:
    """A stand-in for opensearch-py's client and its transport: records requests, and answers like a missing index, then
    like one of an earlier version.
    """

    def __init__(self) -> None:
        self.transport = self
        self.seen: set[tuple[str, str]] = set()
        self._failures = [
            {"status": 404, "error": {"type": "index_not_found_exception", "reason": "no such index"}},
            {"status": 400, "error": {"type": "strict_dynamic_mapping_exception", "reason": "no such field"}},
        ]

    def perform_request(self, method: str, path: str, *, body: object = None, **_: object) -> Mapping[str, Any]:
        self.seen.add((method, path.removeprefix("/")))
        if path == "/_bulk":
            missing = {"status": 404, "error": {"type": "index_not_found_exception", "reason": "no such index"}}
            answer = self._failures.pop(0) if self._failures else {"status": 201, "result": "created"}
            return {"items": [{"index": answer}, {"delete": missing}]}
        if path == "/_mtermvectors":
            return {"docs": [{"error": {"type": "index_not_found_exception", "reason": "no such index"}}]}
        if path == "/_msearch":
            return {"responses": [{"status": 200, "hits": {"hits": []}}] * (str(body).count("\n") // 2)}
        return {"total": 0, "failures": [], "version_conflicts": 0, "timed_out": False}


def seen(recorder: Recorder, name: str) -> None:
    """Asserts that the requests are exactly those granted under this name."""
    granted = REQUESTS[name]
    for method, path in recorder.seen:
        assert any(each == method and fnmatchcase(path, pattern) for each, pattern in granted), (method, path)
    for method, pattern in granted:
        assert any(each == method and fnmatchcase(path, pattern) for each, path in recorder.seen), (method, pattern)


def index(recorder: Recorder) -> OpenSearchIndex:
    """The adapter on a recorder."""
    return OpenSearchIndex(cast("OpenSearch", recorder), Layout(), timing=no_waits())


def test_search() -> None:
    """No search ends in a 403, and a search role can do nothing else."""
    recorder = Recorder()
    index(recorder).search(SPACE, [Query("vs_1", VECTOR, "fox", 5)])
    seen(recorder, "search")


def test_write() -> None:
    """No ingest and no removal ends in a 403; nothing is granted that neither of them needs."""
    recorder = Recorder()
    writer = index(recorder)
    writer.add(SPACE, [FileChunks("vs_1", "file-1", 1, "row", 1, {}, (Chunk(0, "fox", (VECTOR,)),))])
    writer.remove(SPACE, "vs_1", "file-1", 1)
    writer.remove_store(SPACE, "vs_1")
    seen(recorder, "write")
