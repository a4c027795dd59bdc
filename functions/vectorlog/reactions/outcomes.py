"""How files ended, read from commits and told: every commit passes here at least once, so no failure can go unsaid.

A commit may pass twice: the feed is delivered at least once, and a stream is replayed where something could not be
done. Both lines then name the same stream and version, and a replay's says so and is not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vectorlog.domain.store_file import SINGLE, FileFailed, FileIngested
from vectorlog.event_log.provenance import request_behind
from vectorlog.event_log.streams import Decision
from vectorlog.telemetry.telemetry import FileRef, Telemetry


def tell(telemetry: Telemetry, decisions: Sequence[Decision[Any, Any]], *, replayed: bool = False) -> None:
    """Writes a line for each file that failed, and counts how files ended."""
    completed = 0
    for decision in decisions:
        for event in decision.events:
            if isinstance(event, FileIngested):
                completed += 1
            elif isinstance(event, FileFailed):
                _failed(telemetry, decision, event, replayed=replayed)
    if not replayed:
        telemetry.files_completed(completed)


def _failed(telemetry: Telemetry, decision: Decision[Any, Any], event: FileFailed, *, replayed: bool) -> None:
    store, _, file = decision.stream.partition("/")
    telemetry.file_failed(
        FileRef(store, file, event.generation, request_behind(decision.meta)),
        event.failure.code,
        event.failure.message,
        version=decision.version,
        batches=tuple(owner for owner in event.owners if owner != SINGLE),
        replayed=replayed,
    )
