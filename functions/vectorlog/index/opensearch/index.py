"""The chunk index in OpenSearch: one index per space, shared by all stores and routed by store.

Operations are safe to repeat: ids of documents are fixed, and a document with a lower revision of the attributes never
replaces one with a higher revision.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from vectorlog.defaults import REFRESH, Refresh
from vectorlog.domain.vectors import Space
from vectorlog.index.analyser.matched import matched_words
from vectorlog.index.chunk_index import FileChunks, Query, SearchResult
from vectorlog.index.opensearch.bulk import Bulk
from vectorlog.index.opensearch.documents import Document, documents, surplus
from vectorlog.index.opensearch.errors import Busy, IndexRefused, NoIndex, raise_for, reason
from vectorlog.index.opensearch.mapping import OLDER_FIELD, Json, Layout, alias, index_body, successor
from vectorlog.index.opensearch.partitioned import Search, in_all_shards
from vectorlog.index.opensearch.query import bodies, search_result
from vectorlog.index.opensearch.requests import SEARCHING, WRITING, request, with_retries
from vectorlog.index.opensearch.words import look_up
from vectorlog.retry import REAL_TIME, RetryPolicy, Timing

if TYPE_CHECKING:
    from opensearchpy import OpenSearch

DELETED_PER_REQUEST = 5_000
"""Maximum number of documents that one request deletes, so that it takes seconds only."""
PAGE = 1_000
"""Generations of files in one request of `count`."""

_BAD_REQUEST = 400
LENIENT = {"ignore_unavailable": "true"}  # a missing index counts as empty


class OpenSearchIndex:
    """Implements ChunkIndex; any number of processes and threads may use it.

    BM25 uses the word statistics of a whole shard, or of all shards that a store is spread over, so scores change
    slightly with the content of the other stores in it. Every method raises Unavailable if OpenSearch does not answer,
    and IndexRefused if it refuses the request.

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
        self._bulk = Bulk(self._once, timing)

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
        """See ChunkIndex. Sends two requests for all queries: one that counts their terms, and one that searches.

        A chunk with several windows may have a score of None: the cosine if only its text matched, the BM25 if only a
        window after the first matched by vector. In filters, integers of 2^53 or more are compared as doubles.
        """
        name = alias(space, self.layout)
        words = with_retries("term vectors", SEARCHING, lambda: look_up(queries, name, self._counted), self._timing)
        if any(each.field == OLDER_FIELD for each in words):
            self._bulk.report_older(name)
        header = {
            "ignore_unavailable": True,
            "allow_partial_search_results": False,
            # Sends all bodies to the same copy of a shard, so that they see the same neighbours and statistics.
            "preference": uuid4().hex,
        }
        if self.layout.partition > 1:  # statistics of all shards of a store, not of each by itself
            header["search_type"] = "dfs_query_then_fetch"
        # The index whose terms were counted is searched, even if a successor replaces it meanwhile.
        parts = [
            (header | {"index": each.index or name, "routing": query.store}, body)
            for query, each in zip(queries, words, strict=True)
            for body in bodies(query, each)
        ]
        lines = "".join(f"{json.dumps(head)}\n{json.dumps(body)}\n" for head, body in parts)
        answers = iter(with_retries("search", SEARCHING, lambda: self._answers(lines), self._timing) if parts else ())
        return [search_result(query, each, answers) for query, each in zip(queries, words, strict=True)]

    def matched_words(self, queries: Sequence[str], text: str) -> tuple[str, ...]:
        """See ChunkIndex."""
        return matched_words(queries, text)

    def count(self, space: Space, store: str) -> dict[tuple[str, int], int]:
        """See ChunkIndex."""
        sources = [{name: {"terms": {"field": name}}} for name in ("file", "generation")]
        groups: Json = {"size": PAGE, "sources": sources}
        body = {
            "size": 0,
            "query": {"bool": {"filter": [{"term": {"store": store}}, {"term": {"window": 0}}]}},
            "aggs": {"files": {"composite": groups}},
        }
        counts: dict[tuple[str, int], int] = {}
        while True:
            answer = self._counted_files(alias(space, self.layout), store, body)
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
        """See Bulk."""
        return self._bulk.write(new, name, refresh, create)

    def create(self, space: Space) -> None:
        """Creates the space's first index, unless another process has just done so."""
        name = alias(space, self.layout)
        # The name has a number, so that another index can take over the alias.
        body = index_body(space, self.layout, name)
        answer = self._once("PUT", f"/{name}-1", {}, body, WRITING, ignore=(_BAD_REQUEST,))
        if "error" in answer and answer["error"]["type"] != "resource_already_exists_exception":
            raise IndexRefused(reason(answer["error"]))

    def make(self, index: str, space: Space, name: str) -> None:
        """Creates an index with an alias."""
        self.request("PUT", f"/{index}", {}, index_body(space, self.layout, name))

    def settle(self, index: str) -> None:
        """Lets searches see everything that was written to an index."""
        self.request("POST", f"/{index}/_refresh", {})

    def request(
        self, method: str, path: str, params: Mapping[str, str], body: object = None, ignore: tuple[int, ...] = ()
    ) -> Json:
        """Sends a request with retries and returns the response body, also for an error status in `ignore`."""
        step = partial(self._once, method, path, params, body, WRITING, ignore)
        return with_retries(f"{method} {path}", WRITING, step, self._timing)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _counted_files(self, name: str, store: str, body: Json) -> Json:
        params = LENIENT | {"routing": store, "allow_partial_search_results": "false"}
        return self.request("POST", f"/{name}/_search", params, body)

    def _counted(self, body: Json) -> list[Json]:
        """Returns the answers to the documents of an `_mtermvectors`."""
        answers: list[Json] = self._once("POST", "/_mtermvectors", {"realtime": "false"}, body, SEARCHING)["docs"]
        if self.layout.partition > 1:
            return in_all_shards(body["docs"], answers, self._counts)
        return answers

    def _counts(self, searches: Sequence[Search]) -> list[Json]:
        header = {"ignore_unavailable": True, "allow_partial_search_results": False}
        heads = [(header | {"index": index, "routing": routing}, body) for index, routing, body in searches]
        return self._answers("".join(f"{json.dumps(head)}\n{json.dumps(body)}\n" for head, body in heads))

    def _answers(self, lines: str) -> list[Json]:
        """Returns the responses to the bodies of an `_msearch`."""
        answers: list[Json] = self._once("POST", "/_msearch", {}, lines, SEARCHING)["responses"]
        raise_for([(answer["status"], answer["error"]) for answer in answers if "error" in answer])
        return answers

    def _delete(self, space: Space, store: str, clauses: Sequence[Json]) -> bool:
        """Deletes documents of a store, even if no search sees them yet; returns whether there may be more."""
        name = alias(space, self.layout)
        path = f"/{name},{successor(name)}"
        body = {"query": {"bool": {"filter": [{"term": {"store": store}}, *clauses]}}}
        params = {
            **LENIENT,
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

        self.request("POST", f"{path}/_refresh", LENIENT)
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
