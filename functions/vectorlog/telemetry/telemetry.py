"""Logs one line and counts one for each failure, with the same fields everywhere.

Failures that the user's file or a busy provider caused are warnings; faults of the deployment are errors. No line
contains a file's contents, a query or a key.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, Literal

from vectorlog.telemetry.metrics import (
    DELAYED_TAGS,
    DEPLOYMENT_FAULTS,
    FAILED_REQUESTS,
    FAULTS,
    FILES,
    LEFTOVER_BYTES,
    LEFTOVERS,
    NOT_RERANKED,
    PROVIDER_REFUSALS,
    Metrics,
    NoMetrics,
)
from vectorlog.telemetry.rarely import Rarely

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
    "wait_s",
    "attempt",
    "what",
    "model",
    "blob",
    "key",
    "endpoint",
    "event_id",
    "project",
    "bytes",
    "route",
    "method",
    "path",
    "status",
    "actor",
    "request_id",
    "replayed",
)
"""The names of the fields in log lines, in the order in which they are shown. `event` says what happened. `version` is
the number of the commit in its stream, which shows when two lines are about the same commit. `batch` lists the file
batches that wait for the file. `request_id` is the id that the client received, even if another process did the work.
"""
_FILE_CODES = frozenset({"unsupported_file", "invalid_file", "duplicate_file"})


_REFUSALS = {"busy": "temporary", "text": "permanent", "deployment": "deployment"}


@dataclass(frozen=True, slots=True)
class FileRef:
    """An ingest of a file in a store, and the id of the request that caused it ("" if none did), and its project."""

    store: str
    file: str
    generation: int
    request_id: str = ""
    project: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a log line."""
        return {
            "store": self.store,
            "file": self.file,
            "generation": self.generation,
            **({"request_id": self.request_id} if self.request_id else {}),
            **({"project": self.project} if self.project else {}),
        }


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Writes log lines to the standard library's logging, and counts in `metrics`. `rare` limits the lines of failures
    that concern every file.
    """

    metrics: Metrics = field(default_factory=NoMetrics)
    rare: Rarely = field(default_factory=Rarely)

    def files_completed(self, number: int) -> None:
        """Counts files whose newest generation now serves; logs nothing."""
        if number:
            self.metrics.count(FILES, number, outcome="completed", code="")

    def file_failed(
        self, ref: FileRef, code: str, reason: str, *, version: int, batches: tuple[str, ...] = (), replayed: bool
    ) -> None:
        """Reports that a file failed.

        Args:
            ref: the ingest.
            code: as the client sees it.
            reason: the sentence that the client sees.
            version: of the commit that failed the file.
            batches: the batches that waited for the file.
            replayed: whether the commit may have been reported before; it is not counted again.
        """
        level = logging.WARNING if code in _FILE_CODES else logging.ERROR
        more = {"code": code, "reason": reason, "version": version, "replayed": replayed or None}
        self._log(level, "file_failed", f"file failed: {reason}", ref.fields, more, batch=",".join(batches))
        if not replayed:
            self.metrics.count(FILES, outcome="failed", code=code)

    def file_given_up(self, ref: FileRef, reason: str) -> None:
        """Reports that a file will not be tried again, and is about to fail for this reason."""
        self._log(logging.ERROR, "file_given_up", f"file given up: {reason}", ref.fields, reason=reason)
        self.metrics.count(FILES, outcome="given_up", code="")

    def file_postponed(self, ref: FileRef, reason: str, wait_ms: int, *, held: bool = False) -> None:
        """Reports that a file could not be ingested now, and will be tried again after `wait_ms`. If it is `held`, the
        reason is that of all files and has been reported for all of them, so its own line is only for debugging.
        """
        more = {"reason": reason, "wait_ms": wait_ms}
        level = logging.DEBUG if held else logging.WARNING
        self._log(level, "file_postponed", f"file postponed: {reason}", ref.fields, more)
        self.metrics.count(FILES, outcome="postponed", code="")

    def provider_refused(
        self, model: str, reason: str, fault: Literal["busy", "text", "deployment"], *, wait_ms: int | None = None
    ) -> None:
        """Reports that an embedding provider returned no vectors, even after retries.

        A fault of the deployment is logged once a minute for each model, because it concerns every text.

        Args:
            model: its full name.
            reason: with the remedy, if the deployment is at fault.
            fault: whose it is.
            wait_ms: how long the provider asks to wait, if it says so.
        """
        kind = _REFUSALS[fault]
        self.metrics.count(PROVIDER_REFUSALS, model=model, kind=kind)
        more = {"model": model, "code": kind, "reason": reason, "wait_ms": wait_ms}
        if fault == "deployment":
            self.metrics.count(DEPLOYMENT_FAULTS, part="embedding")
            if not self.rare.now(model):
                return
        level = logging.WARNING if fault == "busy" else logging.ERROR
        self._log(level, "provider_refused", f"{model} refused: {reason}", more)

    def host_refused(self, reason: str) -> None:
        """Reports that files wait because this machine lacks something; `reason` says what, and the remedy. It is
        logged once a minute.
        """
        self.metrics.count(DEPLOYMENT_FAULTS, part="host")
        if self.rare.now(reason):
            self._log(logging.ERROR, "host_refused", f"files wait: {reason}", reason=reason)

    def request_failed(
        self, request_id: str, *, method: str, path: str, route: str, status: int, reason: str, fault: bool
    ) -> None:
        """Reports that a request is answered with a 5xx.

        Args:
            request_id: of the request.
            method: of the request.
            path: of the request.
            route: a route's template or an operation, without ids, because it labels a counter.
            status: of the answer.
            reason: in one sentence.
            fault: whether the error was unexpected, rather than a busy dependency. It is then logged with its
                traceback, so call this while the exception is being handled.
        """
        level = logging.ERROR if fault else logging.WARNING
        more = {"method": method, "path": path, "route": route, "status": status, "reason": reason}
        message = f"{method} {path} answered {status}: {reason}"
        self._log(level, "request_failed", message, more, request_id=request_id, traced=fault)
        self.metrics.count(FAILED_REQUESTS, route=route, status=str(status))
        if fault:
            self.metrics.count(FAULTS)

    def not_counted(self, project: str, reason: str) -> None:
        """Reports that requests are admitted uncounted, because the shared count failed. It is logged once a minute for
        each project.
        """
        if self.rare.now(f"limits of {project}"):
            more = {"project": project, "reason": reason}
            self._log(logging.ERROR, "not_counted", f"requests of project {project} are not counted: {reason}", more)

    def use_not_recorded(self, key: str, reason: str) -> None:
        """Reports that the time of a key's use could not be recorded; `key` is its id. It is logged once a minute for
        each key, because the next request tries again.
        """
        if self.rare.now(key):
            more = {"key": key, "reason": reason}
            self._log(logging.WARNING, "use_not_recorded", f"the use of {key} was not recorded: {reason}", more)

    def tags_delayed(self, store: str, file: str, request_id: str, error: Exception) -> None:
        """Reports that a file's changed attributes could not be written to the index before the change was answered. A
        worker writes them later. Call this while the exception is being handled: it is logged with its traceback.
        """
        name = type(error).__name__
        reason = f"{name}: {error}"
        more = {"store": store, "file": file, "reason": reason, "request_id": request_id}
        message = f"the index will have changed attributes later: {reason}"
        self._log(logging.ERROR, "tags_delayed", message, more, traced=True)
        self.metrics.count(DELAYED_TAGS, error=name)

    def not_reranked(self, kind: str, reason: str, request_id: str) -> None:
        """Reports that a search was answered without its reranker's scores; `kind` is one of a few, for the counter."""
        more = {"code": kind, "reason": reason, "request_id": request_id}
        self._log(logging.WARNING, "not_reranked", f"a search was not reranked: {reason}", more)
        self.metrics.count(NOT_RERANKED, kind=kind)

    def leftover_deleted(self, blob: str, size: int) -> None:
        """Reports that a blob of `size` bytes was deleted because nothing needed it any more. `blob` is its key."""
        more = {"blob": blob, "bytes": size}
        self._log(logging.WARNING, "leftover_deleted", f"leftover deleted: {blob}, {size:,} bytes", more)
        kind = blob.partition("/")[0]
        self.metrics.count(LEFTOVERS, kind=kind)
        self.metrics.count(LEFTOVER_BYTES, size, kind=kind)

    @staticmethod
    def _log(
        level: int, event: str, message: str, *fields: dict[str, Any], traced: bool = False, **more: str | None
    ) -> None:
        every: dict[str, Any] = {"event": event}
        for each in (*fields, more):
            every |= {name: value for name, value in each.items() if value not in (None, "")}
        log.log(level, "%s", message, extra=every, exc_info=traced)
