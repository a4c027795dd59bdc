"""What others are told of a commit, as a pure function of the commit. So events can be sent again from the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from vectorlog.domain.file_batch import FileBatchEnded
from vectorlog.domain.ids import StoreFileId
from vectorlog.domain.outgoing_event import OutgoingEvent, OutgoingType, id_of
from vectorlog.domain.store_file import FileFailed, FileIngested
from vectorlog.domain.uploaded_file import FileDeleted
from vectorlog.domain.vector_store import VectorStoreDeleted, VectorStoreExpired
from vectorlog.event_log.decision import (
    AnyDecision,
    BatchDecision,
    FileDecision,
    StoreDecision,
    StoreFileDecision,
    is_batch,
    is_file,
    is_store,
    is_store_file,
)
from vectorlog.event_log.provenance import origin_of


def announcements(decision: AnyDecision) -> list[OutgoingEvent]:
    """Returns the events that others are told of a commit, in their order; for most commits there are none."""
    project = origin_of(decision.meta).project
    return [each if each.project else replace(each, project=project) for each in _of(decision)]


def _of(decision: AnyDecision) -> Iterator[OutgoingEvent]:
    if is_store_file(decision):
        return _of_store_file(decision)
    if is_batch(decision):
        return _of_batch(decision)
    if is_store(decision):
        return _of_store(decision)
    return _of_file(decision) if is_file(decision) else iter(())


def _of_store_file(decision: StoreFileDecision) -> Iterator[OutgoingEvent]:
    stream = StoreFileId.parse(decision.stream)
    for place, event in enumerate(decision.events):
        id = id_of(decision.stream, decision.version, place)
        match event:
            case FileIngested():
                yield OutgoingEvent(id, "vector_store.file.completed", event.at, stream.file, stream.store)
            case FileFailed():
                code = event.failure.code
                yield OutgoingEvent(id, "vector_store.file.failed", event.at, stream.file, stream.store, code=code)
            case _:
                continue  # attached, chunked, cancelled, changed: clients see these when they look


def _of_batch(decision: BatchDecision) -> Iterator[OutgoingEvent]:
    state = decision.state
    for place, event in enumerate(decision.events):
        if isinstance(event, FileBatchEnded):
            ended = {"completed": event.completed, "failed": event.failed, "cancelled": event.cancelled}
            total = sum(ended.values())
            kind: OutgoingType = "vector_store.file_batch.completed"
            if state.cancelled:
                kind = "vector_store.file_batch.cancelled"
            elif total and event.failed == total:
                kind = "vector_store.file_batch.failed"
            id, project = id_of(decision.stream, decision.version, place), state.owner.project if state.owner else ""
            yield OutgoingEvent(
                id, kind, event.at, decision.stream, state.store, project, counts={**ended, "total": total}
            )


def _of_store(decision: StoreDecision) -> Iterator[OutgoingEvent]:
    project, store = decision.state.owner.project if decision.state.owner else "", decision.stream
    for place, event in enumerate(decision.events):
        id = id_of(decision.stream, decision.version, place)
        if isinstance(event, VectorStoreExpired):
            yield OutgoingEvent(id, "vector_store.expired", event.at, store, store, project)
        elif isinstance(event, VectorStoreDeleted):
            yield OutgoingEvent(id, "vector_store.deleted", event.at, store, store, project)


def _of_file(decision: FileDecision) -> Iterator[OutgoingEvent]:
    project = decision.state.owner.project if decision.state.owner else ""
    for place, event in enumerate(decision.events):
        if isinstance(event, FileDeleted):
            id = id_of(decision.stream, decision.version, place)
            yield OutgoingEvent(id, "file.deleted", event.at, decision.stream, project=project)
