"""The chunk index in OpenSearch: one index per space, shared by all stores and routed by store.

Operations are safe to repeat: ids of documents are fixed, and a document with a lower revision of the attributes never
replaces one with a higher revision.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING
from uuid import uuid4

from vectorlog.defaults import REFRESH, Refresh
from vectorlog.domain.vectors import Space
from vectorlog.index.chunk_index import FileChunks, Query, SearchResult
from vectorlog.index.opensearch.documents import Document, Lines, batches, documents, surplus
from vectorlog.index.opensearch.errors import (
    BUSY,
    Busy,
    IndexRefused,
    NoIndex,
    lacks_field,
    may_retry,
    missing,
    raise_for,
    reason,
)
from vectorlog.index.opensearch.mapping import ADDED, Json, Layout, alias, index_body, successor
from vectorlog.index.opensearch.query import bodies, search_result
from vectorlog.index.opensearch.requests import SEARCHING, WRITING, request, with_retries
from vectorlog.retry import REAL_TIME, RetryPolicy, Timing

if TYPE_CHECKING:
    from opensearchpy import OpenSearch

DELETED_PER_REQUEST = 5_000
"""Maximum number of documents that one request deletes, so that it takes seconds only."""
PAGE = 1_000
"""Generations of files in one request of `count`."""

_BAD_REQUEST = 400
_STALE = 409
_LENIENT = {"ignore_unavailable": "true"}  # a missing index counts as empty


class OpenSearchIndex:
    """Implements ChunkIndex; any number of processes and threads may use it.

    BM25 uses the word statistics of a whole shard, so scores change slightly with the content of the other stores in
    it. Every method raises Unavailable if OpenSearch does not answer, and IndexRefused if it refuses the request.

    Args:
        client: from `requests.connect`.
        layout: options for new indexes; existing indexes only have to have its prefix.
        refresh: how writes become visible before a call returns. `wait_for` waits for the next refresh, which happens
            once a second; `true` refreshes immediately, which is faster for one writer and slower for many.
        timing: clock, sleep and randomness of the retries.
    """

    def __init__(
        self, client: OpenSearch, layout: Layout, *, refresh: Refresh = REFRESH, timing: Timing = REAL_TIME
    ) -> None:
        self.layout = layout
        self._client = client
        self._refresh = refresh
        self._timing = timing

    def add(self, space: Space, files: Sequence[FileChunks]) -> None:
        """See ChunkIndex. Creates the space's index if it is missing. If the index has a successor, writes to both."""
        new, name, create = documents(files), alias(space, self.layout), partial(self.create, space)
        replaced, has_successor = self.write(new, name, self._refresh, create)
        if has_successor:
            try:
                replaced += self.write(new, successor(name), self._refresh)[0]
            except NoIndex:  # the successor has replaced it since
                replaced += self.write(new, name, self._refresh, create)[0]
        for store, windows in surplus(new, replaced).items():
            self._delete(space, store, [windows])

    def retag(self, space: Space, tagged: FileChunks) -> bool:  # noqa: ARG002  # the port's arguments
        """See ChunkIndex. Each document has its own attributes, so the chunks have to be added again."""
        return False

    def remove(self, space: Space, store: str, file: str, generation: int | None = None) -> None:
        """See ChunkIndex."""
        of_generation = [] if generation is None else [{"term": {"generation": generation}}]
        while self._delete(space, store, [{"term": {"file": file}}, *of_generation]):
            continue

    def remove_store(self, space: Space, store: str) -> bool:
        """See ChunkIndex. Removes up to `DELETED_PER_REQUEST` documents."""
        return self._delete(space, store, [])

    def search(self, space: Space, queries: Sequence[Query]) -> list[SearchResult]:
        """See ChunkIndex. Sends one request for all queries.

        A chunk with several windows may have a score of None: the cosine if only its text matched, the BM25 if only a
        window after the first matched by vector. In filters, integers of 2^53 or more are compared as doubles.
        """
        header = {
            "index": alias(space, self.layout),
            "ignore_unavailable": True,
            "allow_partial_search_results": False,
            # Sends all bodies to the same copy of a shard, so that they see the same neighbours and statistics.
            "preference": uuid4().hex,
        }
        parts = [(header | {"routing": query.store}, body) for query in queries for body in bodies(query)]
        lines = "".join(f"{json.dumps(head)}\n{json.dumps(body)}\n" for head, body in parts)
        answers = iter(with_retries("search", SEARCHING, lambda: self._answers(lines), self._timing) if parts else ())
        return [search_result(query, answers) for query in queries]

    def count(self, space: Space, store: str) -> dict[tuple[str, int], int]:
        """See ChunkIndex."""
        sources = [{name: {"terms": {"field": name}}} for name in ("file", "generation")]
        groups: Json = {"size": PAGE, "sources": sources}
        body = {
            "size": 0,
            "query": {"bool": {"filter": [{"term": {"store": store}}, {"term": {"window": 0}}]}},
            "aggs": {"files": {"composite": groups}},
        }
        path = f"/{alias(space, self.layout)}/_search"
        params = _LENIENT | {"routing": store, "allow_partial_search_results": "false"}
        counts: dict[tuple[str, int], int] = {}
        while True:
            answer = self.request("POST", path, params, body)
            page = answer.get("aggregations", {}).get("files", {})
            counts |= {
                (each["key"]["file"], each["key"]["generation"]): each["doc_count"] for each in page.get("buckets", ())
            }
            if "after_key" not in page:
                return counts
            groups["after"] = page["after_key"]

    def write(
        self, new: Sequence[Document], name: str, refresh: str, create: Callable[[], None] | None = None
    ) -> tuple[list[Document], bool]:
        """Writes documents to the index with the alias `name`.

        Returns the documents that replaced older ones, and whether the index has a successor.

        Raises:
            NoIndex: no index has this alias, and `create` is None.
        """
        replaced, has_successor, parts = list[Document](), False, list(batches(new, name))
        for batch, following in zip_longest(parts, parts[1:]):
            # Of consecutive batches for a store only the last one waits: all go to the same shard, in order.
            awaited = following is None or batch[0][0].routing != following[0][0].routing
            part, probed = self._bulk(name, batch, refresh if awaited else "false", create)
            replaced, has_successor = replaced + part, has_successor or probed
        return replaced, has_successor

    def create(self, space: Space) -> None:
        """Creates the space's first index, unless another process has just done so."""
        name = alias(space, self.layout)
        # The name has a number, so that another index can take over the alias.
        body = index_body(space, self.layout, name)
        answer = self._once("PUT", f"/{name}-1", {}, body, WRITING, ignore=(_BAD_REQUEST,))
        if "error" in answer and answer["error"]["type"] != "resource_already_exists_exception":
            raise IndexRefused(reason(answer["error"]))

    def request(
        self, method: str, path: str, params: Mapping[str, str], body: object = None, ignore: tuple[int, ...] = ()
    ) -> Json:
        """Sends a request with retries and returns the response body, also for an error status in `ignore`."""
        step = partial(self._once, method, path, params, body, WRITING, ignore)
        return with_retries(f"{method} {path}", WRITING, step, self._timing)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _answers(self, lines: str) -> list[Json]:
        """Returns the responses to the bodies of an `_msearch`."""
        answers: list[Json] = self._once("POST", "/_msearch", {}, lines, SEARCHING)["responses"]
        raise_for([(answer["status"], answer["error"]) for answer in answers if "error" in answer])
        return answers

    def _bulk(
        self, name: str, batch: Sequence[Lines], refresh: str, create: Callable[[], None] | None
    ) -> tuple[list[Document], bool]:
        """Sends a bulk request; returns as `write`.

        Its last line deletes a nonexistent document of the successor: the response shows whether there is a successor.
        """
        shown = "items.*.status,items.*.result,items.*.error"
        params = {"refresh": refresh, "require_alias": "true", "filter_path": shown}
        probe = f"{json.dumps({'delete': {'_index': successor(name), '_id': 'none'}})}\n".encode()
        remaining, replaced, has_successor = batch, list[Document](), False

        def write() -> None:
            nonlocal remaining, has_successor
            *items, probed = self._once(
                "POST", "/_bulk", params, b"".join(lines for _, lines in remaining) + probe, WRITING
            )["items"]
            has_successor = has_successor or not missing(probed["delete"])
            outcomes = [(part, item["index"]) for part, item in zip(remaining, items, strict=True)]
            replaced.extend(document for (document, _), item in outcomes if item.get("result") == "updated")
            failed = [(part, item) for part, item in outcomes if "error" in item and item["status"] != _STALE]
            remaining = [part for part, _ in failed]
            if any(missing(item) for _, item in failed):
                if create is None:
                    raise NoIndex(name)
                create()
            if any(lacks_field(item) for _, item in failed):
                self._once("PUT", f"/{name}/_mapping", {}, {"properties": ADDED}, WRITING)
            raise_for([(BUSY if may_retry(item) else item["status"], item["error"]) for _, item in failed])

        with_retries("bulk", WRITING, write, self._timing)
        return replaced, has_successor

    def _delete(self, space: Space, store: str, clauses: Sequence[Json]) -> bool:
        """Deletes documents of a store, even if no search sees them yet; returns whether there may be more."""
        name = alias(space, self.layout)
        path = f"/{name},{successor(name)}"
        body = {"query": {"bool": {"filter": [{"term": {"store": store}}, *clauses]}}}
        params = {
            **_LENIENT,
            "routing": store,
            "conflicts": "proceed",
            "refresh": "true",
            "max_docs": str(DELETED_PER_REQUEST),
        }

        def delete() -> bool:
            answer = self._once("POST", f"{path}/_delete_by_query", params, body, WRITING)
            raise_for(
                [(failure["status"], failure.get("cause", failure.get("reason"))) for failure in answer["failures"]]
            )
            if answer["version_conflicts"] or answer["timed_out"]:
                raise Busy("documents were replaced during their deletion, or it timed out")
            return bool(answer["total"] == DELETED_PER_REQUEST)

        self.request("POST", f"{path}/_refresh", _LENIENT)
        return with_retries("delete by query", WRITING, delete, self._timing)

    def _once(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: object,
        policy: RetryPolicy,
        ignore: tuple[int, ...] = (),
    ) -> Json:
        return request(self._client, method, path, params, body, timeout_s=policy.timeout_s, ignore=ignore)
