"""Logs and counts how files ended. Every commit passes here at least once, so no failure goes unreported.

A commit may pass twice: the feed is delivered at least once, and a stream is replayed after a failure. Both log lines
then name the same stream and version; the line of a replay is marked as such, and a replay is not counted.
"""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.domain.ids import StoreFileId
from vectorlog.domain.store_file import SINGLE, FileFailed, FileIngested
from vectorlog.event_log.decision import AnyDecision, StoreFileDecision, is_store_file
from vectorlog.event_log.provenance import causing_request, origin_of
from vectorlog.telemetry.telemetry import FileRef, Telemetry


def report(telemetry: Telemetry, decisions: Sequence[AnyDecision], *, replayed: bool = False) -> None:
    """Logs a line for each file that failed, and counts completed and failed files unless `replayed`."""
    completed = 0
    for decision in filter(is_store_file, decisions):
        for event in decision.events:
            if isinstance(event, FileIngested):
                completed += 1
            elif isinstance(event, FileFailed):
                _report_failure(telemetry, decision, event, replayed=replayed)
    if not replayed:
        telemetry.files_completed(completed)


def _report_failure(telemetry: Telemetry, decision: StoreFileDecision, event: FileFailed, *, replayed: bool) -> None:
    id = StoreFileId.parse(decision.stream)
    telemetry.file_failed(
        FileRef(id.store, id.file, event.generation, causing_request(decision.meta), origin_of(decision.meta).project),
        event.failure.code,
        event.failure.message,
        version=decision.version,
        batches=tuple(owner for owner in event.owners if owner != SINGLE),
        replayed=replayed,
    )
