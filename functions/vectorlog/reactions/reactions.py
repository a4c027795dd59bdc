"""What work follows from a commit: a pure function, sent for every record of the stream, so that nothing accepted is
forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from vectorlog.domain import file_batch, store_file, uploaded_file, vector_store
from vectorlog.event_log.provenance import request_behind
from vectorlog.event_log.streams import Decision
from vectorlog.work.messages import CancelBatch, FanOut, Forget, Ingest, Message, OpenBatch, Purge, PurgeStore, Retag


def reactions(decision: Decision[Any, Any]) -> Sequence[Message]:
    """The messages that a commit asks for; they carry the request that began it."""
    request = request_behind(decision.meta)
    return [replace(message, request=request) for event in decision.events for message in _reactions(decision, event)]


def _reactions(decision: Decision[Any, Any], event: object) -> Sequence[Message]:
    stream, state = decision.stream, decision.state
    match event:
        case vector_store.VectorStoreCreated():
            return [OpenBatch(stream)] if event.batch else []
        case vector_store.VectorStoreDeleted() | vector_store.VectorStoreExpired():
            return [PurgeStore(stream)]
        case file_batch.FileBatchCreated():
            return [FanOut(event.store, stream)]
        case file_batch.FileBatchCancelled():
            return [CancelBatch(state.store, stream)]
        case uploaded_file.FileDeleted():
            return [Forget(stream)]
        case store_file.FileAttached():
            return [*_ingest(stream, event), *_purge(stream, event.retires)]
        case store_file.FileIngested():
            return [*_purge(stream, event.retires), *(_retag(stream, state) if state.revision > event.revision else [])]
        case store_file.FileFailed() | store_file.FileCancelled() | store_file.FileDetached():
            return _purge(stream, event.retires)
        case store_file.FileAttributesChanged():
            return _retag(stream, state)
    return []


def _ingest(stream: str, event: store_file.FileAttached) -> Sequence[Message]:
    store, file = stream.split("/")
    return [] if event.joins else [Ingest(store, file, event.generation)]


def _purge(stream: str, retired: tuple[store_file.Retired, ...]) -> Sequence[Message]:
    store, file = stream.split("/")
    return [Purge(store, file, retired)] if retired else []


def _retag(stream: str, state: store_file.State) -> Sequence[Message]:
    store, file = stream.split("/")
    return [Retag(store, file, state.serving.generation)] if state.serving else []
