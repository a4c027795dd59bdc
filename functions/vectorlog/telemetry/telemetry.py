"""One log line and one count for each failure, with the same fields everywhere.

Warnings are for what the user's file or a busy provider caused; errors are for faults of the deployment. No line holds
a file's contents, a query or a key.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from vectorlog.telemetry.metrics import FAILED_REQUESTS, FILES, PROVIDER_REFUSALS, Metrics, Uncounted

log = logging.getLogger(__name__)

FIELDS = (
    "event",
    "store",
    "file",
    "generation",
    "version",
    "batch",
    "code",
    "reason",
    "wait_ms",
    "model",
    "route",
    "method",
    "path",
    "status",
    "actor",
    "request_id",
    "replayed",
)
"""Names of the fields of log lines, in the order in which they are shown. `event` says what happened; `version` is the
number of the commit in its stream, so that two lines of one commit are known as such; `batch` is the file batches that
wait for the file; `request_id` is the id that the client got, also where another process did the work.
"""
_OF_THE_FILE = frozenset({"unsupported_file", "invalid_file", "duplicate_file"})


@dataclass(frozen=True, slots=True)
class FileRef:
    """An ingest of a file in a store, and the request that began it ("": none did)."""

    store: str
    file: str
    generation: int
    request_id: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """As a log line has them."""
        return {
            "store": self.store,
            "file": self.file,
            "generation": self.generation,
            **({"request_id": self.request_id} if self.request_id else {}),
        }


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Writes the lines to stdlib's logging, and counts."""

    metrics: Metrics = field(default_factory=Uncounted)

    def files_completed(self, number: int) -> None:
        """Files whose newest generation serves; counted only."""
        if number:
            self.metrics.count(FILES, number, outcome="completed", code="")

    def file_failed(
        self, ref: FileRef, code: str, reason: str, *, version: int, batches: tuple[str, ...] = (), replayed: bool
    ) -> None:
        """A commit says that a file failed: code and sentence as the client is shown them, and the commit's version. A
        commit that was `replayed` may have been told before; it is not counted again.
        """
        level = logging.WARNING if code in _OF_THE_FILE else logging.ERROR
        more = {"code": code, "reason": reason, "version": version, "replayed": replayed or None}
        self._say(level, "file_failed", f"file failed: {reason}", ref.fields, more, batch=",".join(batches))
        if not replayed:
            self.metrics.count(FILES, outcome="failed", code=code)

    def file_given_up(self, ref: FileRef, reason: str) -> None:
        """No further try is made to ingest a file; it is going to fail for this reason."""
        self._say(logging.ERROR, "file_given_up", f"file given up: {reason}", ref.fields, reason=reason)
        self.metrics.count(FILES, outcome="given_up", code="")

    def file_postponed(self, ref: FileRef, reason: str, wait_ms: int) -> None:
        """A file could not be ingested now, and comes again after so many ms."""
        more = {"reason": reason, "wait_ms": wait_ms}
        self._say(logging.WARNING, "file_postponed", f"file postponed: {reason}", ref.fields, more)
        self.metrics.count(FILES, outcome="postponed", code="")

    def provider_refused(self, model: str, reason: str, *, temporary: bool, wait_ms: int | None = None) -> None:
        """An embedding provider gave no vectors, its retries included; `wait_ms` is what it asked for, if it did."""
        level, kind = (logging.WARNING, "temporary") if temporary else (logging.ERROR, "permanent")
        more = {"model": model, "code": kind, "reason": reason, "wait_ms": wait_ms}
        self._say(level, "provider_refused", f"{model} refused: {reason}", more)
        self.metrics.count(PROVIDER_REFUSALS, model=model, kind=kind)

    def request_failed(
        self, request_id: str, *, method: str, path: str, route: str, status: int, reason: str, fault: bool
    ) -> None:
        """A request is answered with a 5xx. `fault`: an error that nobody expected, rather than a dependency that is
        busy; it is logged with its traceback, so this is called where the exception is handled. `route` is a template
        or an operation, never an id, because it labels a counter.
        """
        level = logging.ERROR if fault else logging.WARNING
        more = {"method": method, "path": path, "route": route, "status": status, "reason": reason}
        message = f"{method} {path} answered {status}: {reason}"
        self._say(level, "request_failed", message, more, request_id=request_id, traced=fault)
        self.metrics.count(FAILED_REQUESTS, route=route, status=str(status))

    @staticmethod
    def _say(
        level: int, event: str, message: str, *fields: dict[str, Any], traced: bool = False, **more: str | None
    ) -> None:
        every: dict[str, Any] = {"event": event}
        for each in (*fields, more):
            every |= {name: value for name, value in each.items() if value not in (None, "")}
        log.log(level, "%s", message, extra=every, exc_info=traced)
