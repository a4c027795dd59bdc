"""Appends documents to an index, finds and deletes them by their own fields, and waits until searches see them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Protocol
from uuid import uuid4

from vectorlog.domain.errors import Unavailable
from vectorlog.index.opensearch.appended import (
    READ,
    Copy,
    Key,
    New,
    Place,
    copies,
    needed,
    new_copies,
    outdated,
    replaced,
    visible,
)
from vectorlog.index.opensearch.documents import Document, parts
from vectorlog.index.opensearch.errors import NoIndex, missing, raise_for
from vectorlog.index.opensearch.index import LENIENT
from vectorlog.index.opensearch.mapping import Json
from vectorlog.index.opensearch.requests import WRITING, with_retries
from vectorlog.retry import ADDED_JITTER, UNLIMITED, Contended, RetryPolicy, Timing, retrying

SEEN = RetryPolicy(attempts=UNLIMITED, first_s=0.5, factor=1.5, cap_s=5, jitter=ADDED_JITTER, deadline_s=120)
"""Until searches see what was written: that takes up to 60 s ("Working with vector search collections"), and 30 s more
if the part that searches is asleep ("Scale to zero").
"""
CHUNKS = 250
"""Chunks of one search for copies. With 20 windows and two copies each, their documents are still one page."""
PAGE = 10_000
"""Documents of one page: OpenSearch's limit."""
DELETED_PER_REQUEST = 1_000

_SENT = {"require_alias": "true"}  # otherwise a missing index would be made, with a mapping of its own


class Send(Protocol):
    """Sends a request; see `OpenSearchIndex.request` and `requests.request`."""

    def __call__(self, method: str, path: str, params: Mapping[str, str], body: object = None) -> Json:
        """Returns the body of the response."""
        ...


class NotSeen(Contended):
    """Searches do not see yet what was written. That is as it should be, so it is not logged."""


class Appender:
    """Writes to indexes of a collection; threads may share it.

    Args:
        search: sends a search, with retries.
        once: sends a bulk request, without retries.
        timing: clock, sleep and randomness.
        now: returns ms since 1970.
    """

    def __init__(self, search: Send, once: Send, timing: Timing, now: Callable[[], int] | None = None) -> None:
        self._search = search
        self._once = once
        self._timing = timing
        self._now = now or (lambda: time.time_ns() // 1_000_000)

    def add(self, name: str, new: Sequence[Document], *, seen: bool = True) -> None:
        """Appends documents to the index with the alias `name`, unless it has them, and deletes what they replace. If
        `seen`, it first waits until searches see them; otherwise nobody may be searching the index.

        Raises:
            NoIndex: no index has this alias.
            Unavailable: searches do not see them in time. They are written; another call appends nothing.
        """
        written = new_copies(new, self._now())
        found = self._found(name, [each.copy.key for each in written])
        wanted = needed(written, found)
        uids = (uuid4().hex for _ in repeat(None))
        self._bulk("append", (line for each in wanted for line in each.lines(name, uids)))
        if not seen:
            self._delete(replaced(wanted, found))
            return
        if wanted:
            found = self._seen(name, written, wanted)
        self._delete(outdated(found))

    def remove(self, names: str, clauses: Sequence[Json], most: int) -> bool:
        """Deletes the documents that match these clauses, as far as searches see them. Returns whether there may be
        more of them, because it has deleted `most`.
        """
        deleted, after = 0, None
        while True:
            hits = self._page(names, clauses, after)
            deleted += self._delete([Place(hit["_index"], hit["_id"]) for hit in hits])
            if len(hits) < DELETED_PER_REQUEST:
                return False
            if deleted >= most:
                return True
            after = hits[-1]["sort"]

    def _seen(self, name: str, written: Sequence[New], wanted: Sequence[New]) -> dict[Key, list[Copy]]:
        keys = [each.copy.key for each in written]

        def look() -> dict[Key, list[Copy]]:
            found = self._found(name, keys)
            if not visible(wanted, found):
                raise NotSeen("searches do not see yet what was written")
            return found

        try:
            return retrying("OpenSearch visibility", SEEN, look, on=NotSeen, timing=self._timing)
        except NotSeen as error:
            raise Unavailable("The search index does not show yet what was written to it.") from error

    def _found(self, name: str, keys: Sequence[Key]) -> dict[Key, list[Copy]]:
        """Returns the copies of these chunks that searches see."""
        found: dict[Key, list[Copy]] = {}
        for start in range(0, len(keys), CHUNKS):
            some = keys[start : start + CHUNKS]
            clauses = [
                {"terms": {"store": sorted({store for store, _ in some})}},
                {"terms": {"chunk": sorted({chunk for _, chunk in some})}},
            ]
            body = {"size": PAGE, "query": {"bool": {"filter": clauses}}, "_source": READ, "track_total_hits": False}
            asked, hits = set(some), self._searched(name, body)
            found |= {key: there for key, there in copies(hits).items() if key in asked}
        return found

    def _page(self, names: str, clauses: Sequence[Json], after: list[Json] | None) -> list[Json]:
        body = {
            "size": DELETED_PER_REQUEST,
            "query": {"bool": {"filter": [*clauses]}},
            "sort": [{"uid": "asc"}],
            "_source": False,
            "track_total_hits": False,
        }
        return self._searched(names, body | ({"search_after": after} if after else {}))

    def _searched(self, names: str, body: Json) -> list[Json]:
        answer = self._search("POST", f"/{names}/_search", LENIENT, body)
        hits: list[Json] = answer["hits"]["hits"]
        return hits

    def _delete(self, places: Sequence[Place]) -> int:
        """Deletes documents; returns how many of them were there."""
        actions = ({"delete": {"_index": place.index, "_id": place.id}} for place in places)
        items = self._bulk("delete", (f"{json.dumps(action)}\n".encode() for action in actions), named=False)
        return sum(item.get("result") == "deleted" for item in items)

    def _bulk(self, what: str, lines: Iterable[bytes], *, named: bool = True) -> list[Json]:
        """Sends lines of bulk requests, those that were refused for now again; returns what became of them.

        If the answer to a request does not arrive, its documents are appended twice; then one of the copies is deleted.
        """
        done: list[Json] = []
        for part in parts(lines, len):
            remaining = part

            def write() -> None:
                nonlocal remaining
                items = self._once("POST", "/_bulk", _SENT if named else {}, b"".join(remaining))["items"]
                outcomes = [(line, *item.values()) for line, item in zip(remaining, items, strict=True)]
                done.extend(item for _, item in outcomes if "error" not in item)
                failed = [(line, item) for line, item in outcomes if "error" in item]
                if named and any(missing(item) for _, item in failed):
                    raise NoIndex(what)
                failed = [(line, item) for line, item in failed if not missing(item)]
                remaining = [line for line, _ in failed]
                raise_for([(item["status"], item["error"]) for _, item in failed])

            with_retries(what, WRITING, write, self._timing)
        return done
