"""Writes documents to OpenSearch, in the form that an index takes: today's, or that of earlier versions."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from functools import partial
from itertools import zip_longest
from typing import Protocol

from vectorlog.index.opensearch.documents import Document, Lines, batches
from vectorlog.index.opensearch.errors import (
    BUSY,
    NoIndex,
    is_unknown_field,
    lacks_field,
    may_retry,
    missing,
    raise_for,
)
from vectorlog.index.opensearch.mapping import ADDED, FIELD, HIDDEN, OLDER_FIELD, SHOWN, Json, successor
from vectorlog.index.opensearch.requests import WRITING, with_retries
from vectorlog.retry import RetryPolicy, Timing
from vectorlog.telemetry.rarely import Rarely

_STALE = 409

log = logging.getLogger(__name__)


class Once(Protocol):
    """Sends one request, without retries; see `requests.request`."""

    def __call__(self, method: str, path: str, params: dict[str, str], body: object, policy: RetryPolicy) -> Json:
        """Returns the body of the response."""
        ...


class Bulk:
    """Writes documents to indexes by alias, and remembers which of these an earlier version made."""

    def __init__(self, once: Once, timing: Timing) -> None:
        self._once = once
        self._timing = timing
        self._older: set[str] = set()
        self._reported = Rarely()

    def report_older(self, name: str) -> None:
        """Logs, at most once a minute, that an earlier version made an index."""
        if self._reported.now(name):
            log.warning("an earlier version made the index %s: `vectorlog rebuild index` gives it today's terms", name)

    def write(
        self, new: Sequence[Document], name: str, refresh: str, create: Callable[[], None] | None = None
    ) -> tuple[list[Document], bool]:
        """Writes documents to the index with the alias `name`.

        Returns the documents that replaced older ones, and whether the index has a successor.

        Raises:
            NoIndex: no index has this alias, and `create` is None.
        """
        replaced, has_successor = list[Document](), False
        parts = list(batches(new, name, older=name in self._older))
        for batch, following in zip_longest(parts, parts[1:]):
            # Of consecutive batches for a store only the last one waits: all go to the same shard, in order.
            awaited = following is None or batch[0][0].routing != following[0][0].routing
            part, probed = self._send(name, batch, refresh if awaited else "false", create)
            replaced, has_successor = replaced + part, has_successor or probed
        return replaced, has_successor

    def _send(
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
                remaining = self._fitted(name, remaining, [item["error"] for _, item in failed if lacks_field(item)])
            raise_for([(BUSY if may_retry(item) else item["status"], item["error"]) for _, item in failed])

        with_retries("bulk", WRITING, write, self._timing)
        return replaced, has_successor

    def _fitted(self, name: str, lines: Sequence[Lines], errors: Sequence[Json]) -> Sequence[Lines]:
        """Returns the lines as the index takes them, after it refused fields that it does not have."""

        def lacks(*fields: str) -> bool:
            return any(is_unknown_field(error, field) for error in errors for field in fields)

        if lacks(FIELD, SHOWN) and name not in self._older:
            self._older.add(name)
            self.report_older(name)
        elif lacks(OLDER_FIELD, HIDDEN) and name in self._older:  # its successor has replaced it
            self._older.discard(name)
        elif not lacks(FIELD, SHOWN, OLDER_FIELD, HIDDEN):
            self._once("PUT", f"/{name}/_mapping", {}, {"properties": ADDED}, WRITING)
            return lines
        fitted = partial(Document.lines, alias=name, older=name in self._older)
        return [(document, fitted(document)) for document, _ in lines]
