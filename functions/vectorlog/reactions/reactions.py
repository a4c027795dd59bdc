"""The messages that follow from a commit, as a pure function. They are sent for every commit in the feed, so nothing
that was accepted is forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from vectorlog.domain import (
    api_key,
    file_batch,
    project_limits,
    store_file,
    upload,
    upload_part,
    uploaded_file,
    vector_store,
    webhook_endpoint,
)
from vectorlog.domain.erased_store import VectorStoreErased
from vectorlog.domain.ids import StoreFileId
from vectorlog.domain.sharing import VectorStoreShared, VectorStoreUnshared
from vectorlog.domain.vectors_move import VectorsMoveBegun, VectorsMoveEnded, VectorStoreMoved
from vectorlog.event_log.decision import (
    AnyDecision,
    is_batch,
    is_file,
    is_key,
    is_project,
    is_store,
    is_store_file,
    is_upload,
    is_upload_part,
    is_webhook,
)
from vectorlog.event_log.provenance import causing_request, origin_of
from vectorlog.work.messages import (
    CancelBatch,
    CloseUpload,
    Erase,
    FanOut,
    Forget,
    Ingest,
    Message,
    OpenBatch,
    Purge,
    PurgeStore,
    Retag,
)
from vectorlog.work.move_messages import MoveVectors, PurgeVectors


def reactions(decision: AnyDecision) -> Sequence[Message]:
    """Returns the messages that follow from a commit; they carry the request that caused it, and its project."""
    request, project = causing_request(decision.meta), origin_of(decision.meta).project
    return [replace(message, request=request, project=project) for message in _messages(decision)]


def _messages(decision: AnyDecision) -> Sequence[Message]:
    """Events from which no work follows are named too, so that forgetting a new event is a type error."""
    stream, version = decision.stream, decision.version
    if is_store(decision):
        return [message for event in decision.events for message in _of_store(stream, version, event)]
    if is_store_file(decision):
        file, state = StoreFileId.parse(stream), decision.state
        return [message for event in decision.events for message in _of_store_file(file, version, state, event)]
    if is_batch(decision):
        return [message for event in decision.events for message in _of_batch(stream, version, decision.state, event)]
    if is_file(decision):
        return [message for event in decision.events for message in _of_file(stream, version, event)]
    if is_upload(decision):
        return [message for event in decision.events for message in _of_upload(stream, version, event)]
    if is_upload_part(decision):
        return [message for event in decision.events for message in _of_upload_part(stream, version, event)]
    if is_key(decision):
        return [message for event in decision.events for message in _of_key(event)]
    if is_project(decision):
        return [message for event in decision.events for message in _of_project(stream, version, event)]
    if is_webhook(decision):
        return [message for event in decision.events for message in _of_webhook(stream, version, event)]
    assert_never(decision)


def _of_store(store: str, version: int, event: vector_store.Event) -> Sequence[Message]:
    match event:
        case vector_store.VectorStoreCreated():
            return [OpenBatch(store)] if event.batch else []
        case vector_store.VectorStoreDeleted() | vector_store.VectorStoreExpired():
            return [PurgeStore(store)]
        case VectorStoreErased():
            return [PurgeStore(store), Erase(store, version)]
        case VectorsMoveBegun():
            return [MoveVectors(store, event.number, event.attempt)]
        case VectorsMoveEnded():
            return [PurgeVectors(store, event.left_model, event.left_dimensions)]
        case (
            vector_store.VectorStoreModified()
            | vector_store.VectorStoreUsed()
            | VectorStoreMoved()
            | VectorStoreShared()
            | VectorStoreUnshared()
        ):
            return []
        case _ as never:
            assert_never(never)


def _of_store_file(
    file: StoreFileId, version: int, state: store_file.State, event: store_file.Event
) -> Sequence[Message]:
    match event:
        case store_file.FileAttached():
            ingest = [] if event.joins else [Ingest(file.store, file.file, event.generation)]
            return [*ingest, *_purge(file, event.retires)]
        case store_file.FileIngested():
            return [*_purge(file, event.retires), *(_retag(file, state) if state.revision > event.revision else [])]
        case store_file.FileFailed() | store_file.FileCancelled() | store_file.FileDetached():
            return _purge(file, event.retires)
        case store_file.FileAttributesChanged():
            return _retag(file, state)
        case store_file.StoreFileErased():
            return [Purge(file.store, file.file, event.retires, erased=True), Erase(str(file), version)]
        case store_file.FileChunked():
            return []
        case _ as never:
            assert_never(never)


def _of_batch(batch: str, version: int, state: file_batch.State, event: file_batch.Event) -> Sequence[Message]:
    match event:
        case file_batch.FileBatchCreated():
            return [FanOut(event.store, batch)]
        case file_batch.FileBatchCancelled():
            return [CancelBatch(state.store, batch)]
        case file_batch.FileBatchEnded():
            return []  # others are told of it (`announcements.py`)
        case file_batch.FileBatchErased():
            return [Erase(batch, version)]
        case _ as never:
            assert_never(never)


def _of_file(file: str, version: int, event: uploaded_file.Event) -> Sequence[Message]:
    match event:
        case uploaded_file.FileDeleted():
            return [Forget(file)]
        case uploaded_file.FileErased():
            return [Forget(file), Erase(file, version)]
        case uploaded_file.FileUploaded():
            return []
        case _ as never:
            assert_never(never)


def _of_upload(id: str, version: int, event: upload.Event) -> Sequence[Message]:
    match event:
        case upload.UploadCompleted() | upload.UploadCancelled() | upload.UploadExpired():
            return [CloseUpload(id)]
        case upload.UploadErased():
            return [CloseUpload(id), Erase(id, version)]
        case upload.UploadCreated():
            return []
        case _ as never:
            assert_never(never)


def _of_upload_part(part: str, version: int, event: upload_part.Event) -> Sequence[Message]:
    match event:
        case upload_part.UploadPartAdded():
            return []
        case upload_part.UploadPartErased():
            return [Erase(part, version)]
        case _ as never:
            assert_never(never)


def _of_key(event: api_key.Event) -> Sequence[Message]:
    match event:
        case api_key.ApiKeyCreated() | api_key.ApiKeyRevoked() | api_key.ApiKeyUsed():
            return []
        case _ as never:
            assert_never(never)


def _of_project(project: str, version: int, event: project_limits.Event) -> Sequence[Message]:
    match event:
        case project_limits.ProjectLimitsChanged():
            return []  # new limits hold for the requests after them
        case project_limits.ProjectLimitsErased():
            return [Erase(project, version)]
        case _ as never:
            assert_never(never)


def _of_webhook(endpoint: str, version: int, event: webhook_endpoint.Event) -> Sequence[Message]:
    match event:
        case webhook_endpoint.WebhookEndpointErased():
            return [Erase(endpoint, version)]
        case (
            webhook_endpoint.WebhookEndpointCreated()
            | webhook_endpoint.WebhookEndpointChanged()
            | webhook_endpoint.WebhookSecretRotated()
            | webhook_endpoint.WebhookEndpointDisabled()
            | webhook_endpoint.WebhookEndpointDeleted()
        ):
            return []  # what waits for it is dropped by the next message about it
        case _ as never:
            assert_never(never)


def _purge(file: StoreFileId, retired: tuple[store_file.Retired, ...]) -> Sequence[Message]:
    return [Purge(file.store, file.file, retired)] if retired else []


def _retag(file: StoreFileId, state: store_file.State) -> Sequence[Message]:
    return [Retag(file.store, file.file, state.serving.generation)] if state.serving else []
