"""The chunk index in a collection of OpenSearch Serverless, which sleeps while nobody uses it.

It is the index of `index.py` with other requests. A collection of vectors makes the ids of its documents, knows neither
routing nor versions nor `_refresh`, and runs no scripts; docs/serverless.md lists what it allows. So chunks are
appended, and found and removed by their own fields (`appended.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from vectorlog.domain.errors import Unavailable
from vectorlog.domain.vectors import Space
from vectorlog.index.bm25 import LUCENE
from vectorlog.index.chunk_index import FileChunks, Query, SearchResult
from vectorlog.index.opensearch.appended import OWN_FIELDS
from vectorlog.index.opensearch.appending import Appender
from vectorlog.index.opensearch.documents import Document, documents
from vectorlog.index.opensearch.errors import Asleep, Busy, IndexRefused, NoIndex, is_missing_index, raise_for, reason
from vectorlog.index.opensearch.index import DELETED_PER_REQUEST, LENIENT, OpenSearchIndex
from vectorlog.index.opensearch.mapping import FIELD, Json, Layout, alias, index_body, successor
from vectorlog.index.opensearch.query import bodies, cosines_body, search_result, with_cosines, without_cosine
from vectorlog.index.opensearch.requests import WRITING, with_retries
from vectorlog.index.opensearch.term_counts import TermCounts
from vectorlog.index.opensearch.words import look_up
from vectorlog.retry import ADDED_JITTER, REAL_TIME, RetryPolicy, Timing

if TYPE_CHECKING:
    from opensearchpy import OpenSearch

T = TypeVar("T")

SERVICE = "aoss"
"""The name of the service that requests are signed for."""
WAKING = RetryPolicy(attempts=1, timeout_s=1)
"""For a request that only has to arrive."""
FIRST = RetryPolicy(attempts=2, first_s=0.2, jitter=ADDED_JITTER, timeout_s=12)
"""For the first request of a search, which wakes the collection. It is not repeated after a time-out: the client is
told to come again, because API Gateway would end its request after 29 s.
"""
FOLLOWING = RetryPolicy(attempts=2, first_s=0.2, jitter=ADDED_JITTER, timeout_s=6)
"""For the requests of a search after its first, when the collection is awake: two of them take 12 s at most."""
SEEN_S = 60
"""After this time searches see what was written, in seconds ("Working with vector search collections")."""
COME_AGAIN_S = 15
"""Retry-After of a search that found the collection asleep: with the 12 s that it has waited it is about as long as
waking takes at most ("Scale to zero for Amazon OpenSearch Serverless"). Clients obey up to 60 s.
"""
_ASLEEP = "The search index was asleep and is being started, which takes up to 30 seconds. Please repeat the request."
_NOT_FOUND = 404
_BAD_REQUEST = 400


class CollectionIndex(OpenSearchIndex):
    """Implements ChunkIndex; any number of processes and threads may use it.

    What was added is visible to searches when `add` returns. What was removed or replaced disappears from them within a
    minute; the check of every hit does not let it through until then.

    Args:
        client: from `requests.connect`, for the service `aoss`.
        layout: options for new indexes; the engine of vectors is always Faiss.
        timing: clock, sleep and randomness of the retries.
    """

    def __init__(self, client: OpenSearch, layout: Layout, *, timing: Timing = REAL_TIME) -> None:
        super().__init__(client, layout, timing=timing)
        self._appender = Appender(self.request, partial(self._once, policy=WRITING), timing)
        self._terms = TermCounts(partial(self._found, FIRST), timing.clock)

    def add(self, space: Space, files: Sequence[FileChunks]) -> None:
        """See ChunkIndex. Creates the space's index if it is missing. If the index has a successor, writes to both."""
        new, name = documents(files), alias(space, self.layout)
        try:
            self._appender.add(name, new)
        except NoIndex:
            self.create(space)
            self._appender.add(name, new)
        if self._with_alias(successor(name)):
            self._append_to_successor(space, new)

    def search(self, space: Space, queries: Sequence[Query]) -> list[SearchResult]:
        """See ChunkIndex. Sends two requests for all queries, and another one if texts have no cosine yet.

        Raises:
            Unavailable: the collection is asleep; the exception says when to come again.
        """
        name = alias(space, self.layout)
        words = self._in_time(
            "counts of terms", FIRST, lambda: look_up(queries, name, partial(self._terms.counted, name), LUCENE)
        )
        asked = [bodies(query, each, scripts=False) for query, each in zip(queries, words, strict=True)]
        words_were_counted = any(query.text is not None for query in queries)
        found = self._grouped("search", name, asked, FOLLOWING if words_were_counted else FIRST)
        both = [place for place, query in enumerate(queries) if query.vector is not None and query.text is not None]
        lacking = {place: without_cosine(found[place]) for place in both}
        others = [cosines_body(queries[place], chunks) for place, chunks in lacking.items() if chunks]
        cosines = iter(self._grouped("search for cosines", name, [[body] for body in others], FOLLOWING))
        for place, chunks in lacking.items():
            found[place].append(with_cosines(found[place], next(cosines)[0] if chunks else _NOTHING))
        return [
            _bounded(search_result(query, each, iter(answers)))
            for query, each, answers in zip(queries, words, found, strict=True)
        ]

    def wake(self) -> None:
        """Wakes the part of the collection that searches, and does not wait until it has. Nobody waits for the part
        that writes, so that wakes with the first write.
        """
        with suppress(Busy):  # it need not answer
            self._once("POST", f"/{self.layout.prefix}-*/_search", LENIENT, {"size": 0}, WAKING)

    def create(self, space: Space) -> None:
        """Creates the space's first index, unless another process has just done so."""
        name = alias(space, self.layout)
        self.make(f"{name}-1", space, name)

    def make(self, index: str, space: Space, name: str) -> None:
        """Creates an index and gives it an alias, unless another index has it."""
        answer = self._once("PUT", f"/{index}", {}, collection_body(space, self.layout), WRITING, (_BAD_REQUEST,))
        if "error" in answer and answer["error"]["type"] != "resource_already_exists_exception":
            raise IndexRefused(reason(answer["error"]))
        if not self._with_alias(name):
            self.request("POST", "/_aliases", {}, {"actions": [{"add": {"index": index, "alias": name}}]})

    def settle(self, index: str) -> None:  # noqa: ARG002  # there is no `_refresh`
        """Waits as long as searches may take to see what was written."""
        self._timing.sleep(SEEN_S)

    def write(
        self,
        new: Sequence[Document],
        name: str,
        refresh: str,  # noqa: ARG002
        create: Callable[[], None] | None = None,  # noqa: ARG002
    ) -> tuple[list[Document], bool]:
        """Appends documents, and does not wait until searches see them; for Succession."""
        self._appender.add(name, new, seen=False)
        return [], False

    def _append_to_successor(self, space: Space, new: Sequence[Document]) -> None:
        name = alias(space, self.layout)
        try:
            self._appender.add(successor(name), new, seen=False)
        except NoIndex:  # the successor has replaced it since
            self._appender.add(name, new)

    def _with_alias(self, name: str) -> set[str]:
        """Returns the names of the indexes with an alias."""
        answer = self.request("GET", f"/_alias/{name}", {}, ignore=(_NOT_FOUND,))
        return set() if "error" in answer else set(answer)

    def _delete(self, space: Space, store: str, clauses: Sequence[Json]) -> bool:
        """Deletes documents of a store that searches see; returns whether there may be more."""
        name = alias(space, self.layout)
        which = [{"term": {"store": store}}, *clauses]
        return self._appender.remove(f"{name},{successor(name)}", which, DELETED_PER_REQUEST)

    def _counted_files(self, name: str, store: str, body: Json) -> Json:  # noqa: ARG002  # there is no routing
        return self.request("POST", f"/{name}/_search", LENIENT, body)

    def _grouped(self, what: str, name: str, asked: Sequence[Sequence[Json]], policy: RetryPolicy) -> list[list[Json]]:
        """Sends the bodies of all queries together; returns the answers of each query."""
        together = [body for some in asked for body in some]
        answers = iter(self._in_time(what, policy, lambda: self._found(policy, name, together)) if together else ())
        return [[next(answers) for _ in some] for some in asked]

    def _found(self, policy: RetryPolicy, name: str, searches: Sequence[Json]) -> list[Json]:
        """Returns the answers to the bodies of a multi-search.

        Raises:
            Busy: one is not complete.
        """
        lines = "".join(f'{{"ignore_unavailable":true}}\n{json.dumps(body)}\n' for body in searches)
        answers: list[Json] = self._once("GET", f"/{name}/_msearch", {}, lines, policy)["responses"]
        found = [_NOTHING if is_missing_index(answer.get("error")) else answer for answer in answers]
        raise_for([(answer["status"], answer["error"]) for answer in found if "error" in answer])
        for answer in found:
            _check_complete(answer)
        return found

    def _once(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: object,
        policy: RetryPolicy,
        ignore: tuple[int, ...] = (),
    ) -> Json:
        answer = super()._once(method, path, params, body, policy, ignore)
        _check_complete(answer)
        return answer

    def _in_time(self, what: str, policy: RetryPolicy, step: Callable[[], T]) -> T:
        """Calls `step` with retries; if the collection is asleep, it tells the client to come again instead."""

        def awake() -> T:
            try:
                return step()
            except Asleep as error:
                raise Unavailable(_ASLEEP, retry_after=COME_AGAIN_S) from error

        return with_retries(what, policy, awake, self._timing)


_NOTHING: Json = {"hits": {"hits": []}}


def _check_complete(answer: Json) -> None:
    """Raises Busy if a search was not answered by all of the index: a collection cannot be told to refuse it then."""
    if answer.get("timed_out") or answer.get("_shards", {}).get("failed"):
        raise Busy("a part of the index did not answer")


def collection_body(space: Space, layout: Layout) -> Json:
    """Returns the settings and mapping of an index in a collection, which chooses shards and replicas itself, and how
    vectors are kept.

    The similarity is OpenSearch's own: whether another one is allowed is not documented.
    """
    own = replace(layout, engine="faiss", partition=1, vectors="memory")
    mappings = index_body(space, own, "")["mappings"]
    properties: Json = mappings["properties"] | OWN_FIELDS
    properties["windows"] = {"type": "integer"}
    properties[FIELD] = {name: value for name, value in properties[FIELD].items() if name != "similarity"}
    return {"settings": {"index": {"knn": True}}, "mappings": mappings | {"properties": properties}}


def _bounded(found: SearchResult) -> SearchResult:
    """Raises the bound to the best score: documents that were deleted a moment ago count in scores, but not in it."""
    best = max((hit.bm25 or 0.0 for hit in (*found.by_vector, *found.by_text)), default=0.0)
    return replace(found, bm25_bound=max(found.bm25_bound, best))
