"""The chunk index in OpenSearch: an index per space that all stores share, routed by store.

An operation is safe to repeat: documents have ids of their own, and one with attributes of a lower revision never
replaces another.
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
from vectorlog.index.chunk_index import FileChunks, Found, Query
from vectorlog.index.opensearch.documents import Document, Lines, batches, documents, surplus
from vectorlog.index.opensearch.errors import BUSY, Busy, IndexRefused, NoIndex, raise_for, reason
from vectorlog.index.opensearch.mapping import Json, Layout, alias, index_body, successor
from vectorlog.index.opensearch.query import bodies, found
from vectorlog.index.opensearch.requests import SEARCHING, WRITING, attempted, request
from vectorlog.retry import REAL_TIME, RetryPolicy, Timing

if TYPE_CHECKING:
    from opensearchpy import OpenSearch

DELETED_AT_ONCE = 5_000
"""Documents that one request deletes, so that its answer comes in seconds."""
PAGE = 1_000
"""Files in one request for counts."""

_BAD_REQUEST = 400
_STALE = 409
_MISSING = "index_not_found_exception"
_LENIENT = {"ignore_unavailable": "true"}  # an index that is not there is an empty one


class OpenSearchIndex:
    """A ChunkIndex; any number of processes and threads may use it.

    Words are as rare as they are in the shard that a store shares with others, so BM25 scores change a little with what
    these hold. Every method raises Unavailable where OpenSearch does not answer, and IndexRefused where it answers that
    it will not.

    Args:
        client: from `requests.connect`.
        layout: of indexes that are made here; one that is there keeps its own, but for its name.
        refresh: how what was written becomes visible: `wait_for` the next refresh, once a second, or at once by one of
            its own (`true`), which is quicker for one writer and slower for many.
        timing: of the attempts.
    """

    def __init__(
        self,
        client: OpenSearch,
        layout: Layout,
        *,
        refresh: Refresh = REFRESH,
        timing: Timing = REAL_TIME,
    ) -> None:
        self.layout = layout
        self._client = client
        self._refresh = refresh
        self._timing = timing

    def add(self, space: Space, files: Sequence[FileChunks]) -> None:
        """See ChunkIndex. Makes the space's index where it is missing; while another is made to take its place, writes
        to that one too.
        """
        made, name, create = documents(files), alias(space, self.layout), partial(self.create, space)
        replaced, followed = self.write(made, name, self._refresh, create)
        if followed:
            try:
                replaced += self.write(made, successor(name), self._refresh)[0]
            except NoIndex:  # it has taken the place since
                replaced += self.write(made, name, self._refresh, create)[0]
        for store, windows in surplus(made, replaced).items():
            self._delete(space, store, [windows])

    def remove(self, space: Space, store: str, file: str, generation: int | None = None) -> None:
        """See ChunkIndex."""
        of_generation = [] if generation is None else [{"term": {"generation": generation}}]
        self._delete(space, store, [{"term": {"file": file}}, *of_generation])

    def remove_store(self, space: Space, store: str) -> None:
        """See ChunkIndex."""
        self._delete(space, store, [])

    def search(self, space: Space, queries: Sequence[Query]) -> list[Found]:
        """See ChunkIndex. One request, however many queries.

        Of a chunk with several windows a score may be None: its cosine where it was found by text alone, its BM25 where
        a later window was found by vector alone. Integers of 2^53 or more may match a filter that they only nearly
        match.
        """
        header = {
            "index": alias(space, self.layout),
            "ignore_unavailable": True,
            "allow_partial_search_results": False,
            # All bodies go to one copy of the shard, so nearest vectors and statistics are the same for each.
            "preference": uuid4().hex,
        }
        parts = [(header | {"routing": query.store}, body) for query in queries for body in bodies(query)]
        lines = "".join(f"{json.dumps(head)}\n{json.dumps(body)}\n" for head, body in parts)
        answers = iter(attempted("search", SEARCHING, lambda: self._answers(lines), self._timing) if parts else ())
        return [found(query, answers) for query in queries]

    def count(self, space: Space, store: str) -> dict[tuple[str, int], int]:
        """See ChunkIndex."""
        sources = [{name: {"terms": {"field": name}}} for name in ("file", "generation")]
        groups: Json = {"size": PAGE, "sources": sources}
        body = {
            "size": 0,
            "query": {"bool": {"filter": [{"term": {"store": store}}, {"term": {"window": 0}}]}},
            "aggs": {"files": {"composite": groups}},
        }
        path, params = (
            f"/{alias(space, self.layout)}/_search",
            _LENIENT | {"routing": store, "allow_partial_search_results": "false"},
        )
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
        self, made: Sequence[Document], name: str, refresh: str, create: Callable[[], None] | None = None
    ) -> tuple[list[Document], bool]:
        """Writes documents to the index under an alias; gives those that took another one's place, and whether there is
        an index that will take this one's place.

        Raises:
            NoIndex: there is none under this alias, and nothing to create it.
        """
        replaced, followed, parts = list[Document](), False, list(batches(made, name))
        for batch, following in zip_longest(parts, parts[1:]):
            # Later documents of a store are in the same shard, and so seen no earlier.
            awaited = following is None or batch[0][0].routing != following[0][0].routing
            part, found = self._bulk(name, batch, refresh if awaited else "false", create)
            replaced, followed = replaced + part, followed or found
        return replaced, followed

    def create(self, space: Space) -> None:
        """Makes the space's first index, unless another process just did."""
        name = alias(space, self.layout)
        body = index_body(space, self.layout, name)
        answer = self._once(
            "PUT", f"/{name}-1", {}, body, WRITING, ignore=(_BAD_REQUEST,)
        )  # the alias lets another take its place
        if "error" in answer and answer["error"]["type"] != "resource_already_exists_exception":
            raise IndexRefused(reason(answer["error"]))

    def request(
        self, method: str, path: str, params: Mapping[str, str], body: object = None, ignore: tuple[int, ...] = ()
    ) -> Json:
        """OpenSearch's answer, or what it says with a status that is to be ignored."""
        step = partial(self._once, method, path, params, body, WRITING, ignore)
        return attempted(f"{method} {path}", WRITING, step, self._timing)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _answers(self, lines: str) -> list[Json]:
        """The answers to the bodies of an `_msearch`."""
        answers: list[Json] = self._once("POST", "/_msearch", {}, lines, SEARCHING)["responses"]
        raise_for([(answer["status"], answer["error"]) for answer in answers if "error" in answer])
        return answers

    def _bulk(
        self, name: str, batch: Sequence[Lines], refresh: str, create: Callable[[], None] | None
    ) -> tuple[list[Document], bool]:
        """Writes documents. The last line deletes what is never there, to learn in the same request whether there is a
        successor.
        """
        params = {
            "refresh": refresh,
            "require_alias": "true",
            "filter_path": "items.*.status,items.*.result,items.*.error",
        }
        probe = f"{json.dumps({'delete': {'_index': successor(name), '_id': 'none'}})}\n".encode()
        left, replaced, followed = batch, list[Document](), False

        def write() -> None:
            nonlocal left, followed
            *items, probed = self._once(
                "POST", "/_bulk", params, b"".join(lines for _, lines in left) + probe, WRITING
            )["items"]
            followed = followed or not _missing(probed["delete"])
            outcomes = [(part, item["index"]) for part, item in zip(left, items, strict=True)]
            replaced.extend(document for (document, _), item in outcomes if item.get("result") == "updated")
            failed = [(part, item) for part, item in outcomes if "error" in item and item["status"] != _STALE]
            left = [part for part, _ in failed]
            if any(_missing(item) for _, item in failed):
                if create is None:
                    raise NoIndex(name)
                create()
            raise_for([(BUSY if _missing(item) else item["status"], item["error"]) for _, item in failed])

        attempted("bulk", WRITING, write, self._timing)
        return replaced, followed

    def _delete(self, space: Space, store: str, clauses: Sequence[Json]) -> None:
        """Deletes documents of a store, also those that no search has seen yet."""
        name = alias(space, self.layout)
        path, body = (
            f"/{name},{successor(name)}",
            {"query": {"bool": {"filter": [{"term": {"store": store}}, *clauses]}}},
        )
        params = {
            **_LENIENT,
            "routing": store,
            "conflicts": "proceed",
            "refresh": "true",
            "max_docs": str(DELETED_AT_ONCE),
        }

        def delete() -> None:
            answer: Json = {"total": DELETED_AT_ONCE}
            while answer["total"] == DELETED_AT_ONCE:
                answer = self._once("POST", f"{path}/_delete_by_query", params, body, WRITING)
                raise_for(
                    [(failure["status"], failure.get("cause", failure.get("reason"))) for failure in answer["failures"]]
                )
                if answer["version_conflicts"] or answer["timed_out"]:
                    raise Busy("documents were replaced while they were deleted, or took too long to find")

        self.request("POST", f"{path}/_refresh", _LENIENT)
        attempted("delete by query", WRITING, delete, self._timing)

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


def _missing(item: Json) -> bool:
    return "error" in item and item["error"]["type"] == _MISSING
