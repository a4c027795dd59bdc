"""Erases what a deleted thing has left in the log, in small steps.

The commit with the event `…Erased` has all that is kept. A step either has some of the streams erased that hold content
of the same thing, or deletes the stream's own older commits. A step that died is repeated.

- An uploaded file: its streams in stores, past ones too; then the file's own stream.
- An upload: the file that it became or is about to become, and the streams of its parts; then its own stream.
- A file in a store: the batches that named it, whose manifests hold its attributes; then its stream.
- A store: the streams of its files, and those of its batches, past ones too; then its stream.
- A batch: the manifests that are objects; then its stream. If the store was created with it, the store's first event
  has a copy of the manifest, which is removed too.
- A part of an upload, the limits of a project, or a webhook endpoint: the stream.

Large answers of the project may hold texts of what is erased, so they are deleted too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias, assert_never

from vectorlog.defaults import DAY_MS
from vectorlog.deployment import Deployment
from vectorlog.domain import upload, vector_store
from vectorlog.domain.erased_store import VectorStoreErased
from vectorlog.domain.file_batch import FileBatchCreated, FileBatchErased
from vectorlog.domain.ids import FileId, StoreFileId, StoreId, UploadId, UploadPartId, parse_stream, store_file_stream
from vectorlog.domain.manifest import Manifest
from vectorlog.domain.project_limits import ProjectLimitsErased
from vectorlog.domain.store_file import StoreFileErased
from vectorlog.domain.upload import UploadErased
from vectorlog.domain.upload_part import UploadPartErased
from vectorlog.domain.uploaded_file import FileErased
from vectorlog.domain.webhook_endpoint import WebhookEndpointErased
from vectorlog.event_log import codec
from vectorlog.event_log.codec import FILE_BATCH, UPLOADED_FILE, VECTOR_STORE
from vectorlog.event_log.decision import AnyDecision
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.provenance import meta_of
from vectorlog.files import answers
from vectorlog.use_cases import erasure
from vectorlog.views import keys, past_keys
from vectorlog.work.messages import CancelBatch, Erase, ErasePart, FanOut, Message

STEP = 100
"""How many streams one step has erased."""
AGAIN_MS = DAY_MS
"""When to look again for streams that were written to meanwhile: by then no work that began before is under way."""
Erased: TypeAlias = (
    VectorStoreErased
    | StoreFileErased
    | FileErased
    | FileBatchErased
    | UploadErased
    | UploadPartErased
    | ProjectLimitsErased
    | WebhookEndpointErased
)
FOLLOWING: Mapping[ErasePart, ErasePart] = {"files": "batches", "batches": "past", "past": "log", "log": "log"}
"""A purge makes past rows of the others meanwhile, so the past rows are read last."""


def step(deployment: Deployment, message: Erase) -> Sequence[Message]:
    """Does one step. Returns the messages that follow; none once the stream's commits are erased."""
    commit = next(iter(deployment.streams.log.read(message.stream, message.version, 1)), None)
    if commit is None or commit.version != message.version:
        return []  # a later erasure has removed this commit too
    event = erasure_in(deployment.streams.decode(commit))
    if event is None:
        return []
    if message.part != "log":
        return _below(deployment, message, event)
    deployment.streams.log.erase(commit)
    project = _answers_of(deployment, message.stream, event)
    if project is not None:
        deployment.blobs.delete(list(deployment.blobs.list(answers.folder(project))))
    return []


def erasure_in(decision: AnyDecision) -> Erased | None:
    """Returns the event in a commit that has what is kept of its stream; None if it has none."""
    return next((event for event in decision.events if isinstance(event, Erased)), None)


def again(message: Erase) -> Erase | None:
    """Returns the message to send `AGAIN_MS` later, once a message is done."""
    looks = isinstance(parse_stream(message.stream), StoreId | FileId | UploadId)
    return replace(message, part="files", after="", again=False) if message.again and looks else None


def _below(deployment: Deployment, message: Erase, event: Erased) -> Sequence[Message]:
    """Has some of the streams erased that hold content of the same thing."""
    stream, meta, done = message.stream, _meta(message), replace(message, part="log", after="")
    match event:
        case FileErased():
            stores = deployment.views.stores_ever_of(stream, STEP, message.after or None)
            streams = [store_file_stream(store, stream) for store in stores]
            erasure.request_store_files(deployment, streams, meta, "file_deleted")
            return [replace(message, after=stores[-1]) if len(stores) == STEP else done]
        case StoreFileErased():
            batches = sorted(each.batch for each in event.entries if each.batch > message.after)[:STEP]
            erasure.request_batches(deployment, batches, meta, frozenset({StoreFileId.parse(stream).file}))
            return [replace(message, after=batches[-1]) if len(batches) == STEP else done]
        case VectorStoreErased():
            return [_below_store(deployment, message, stream)]
        case FileBatchErased():
            _erase_manifests(deployment, stream, message.version)
            return [done, *_unreached(deployment, stream)]
        case UploadErased():
            erasure.request_file(deployment, upload.file_id(stream), meta)
            rows = deployment.views.table.query(past_keys.parts(stream), after=message.after or None, limit=STEP)
            erasure.request_parts(deployment, [str(UploadPartId(stream, row.key.sk)) for row in rows], meta)
            return [replace(message, after=rows[-1].key.sk) if len(rows) == STEP else done]
        case UploadPartErased() | ProjectLimitsErased() | WebhookEndpointErased():
            return [done]
        case _ as never:
            assert_never(never)


def _answers_of(deployment: Deployment, stream: str, event: Erased) -> str | None:
    """Returns the project whose answers may hold texts of what is erased. None if that is erased because of something
    else, with which they are deleted: a large store then deletes them once, and not for each file.
    """
    match event:
        case VectorStoreErased() | FileErased():
            return event.owner.project
        case StoreFileErased():
            id_, load = StoreFileId.parse(stream), deployment.streams.load
            store, file = load(VECTOR_STORE, id_.store).state, load(UPLOADED_FILE, id_.file).state
            return None if store.owner is None or store.ended == "erased" or file.erased else store.owner.project
        case FileBatchErased() | UploadErased() | UploadPartErased() | ProjectLimitsErased() | WebhookEndpointErased():
            return None
        case _ as never:
            assert_never(never)


def _below_store(deployment: Deployment, message: Erase, store: str) -> Erase:
    files: list[str]
    batches: list[str]
    query, after, meta = deployment.views.table.query, message.after or None, _meta(message)
    match message.part:
        case "files":
            rows = query(keys.store(store).pk, prefix=keys.FILES, after=after, limit=STEP)
            files, batches = [keys.thing_of(row.key.sk) for row in rows], []
        case "batches":
            rows = query(keys.batches(store), prefix=keys.EVERY, after=after, limit=STEP)
            files, batches = [], [keys.thing_of(row.key.sk) for row in rows]
        case _:
            rows = query(past_keys.past(store), after=after, limit=STEP)
            files = [keys.thing_of(row.key.sk) for row in rows if row.key.sk.startswith(past_keys.PAST_FILES)]
            batches = [keys.thing_of(row.key.sk) for row in rows if row.key.sk.startswith(past_keys.PAST_BATCHES)]
    erasure.request_store_files(deployment, [store_file_stream(store, file) for file in files], meta, "detached")
    erasure.request_batches(deployment, batches, meta, None)
    if len(rows) == STEP:
        return replace(message, after=rows[-1].key.sk)
    return replace(message, part=FOLLOWING[message.part], after="")


def _unreached(deployment: Deployment, batch: str) -> Sequence[Message]:
    """Returns the work that followed from the batch's older commits, in case it is not sent yet."""
    state = deployment.streams.load(FILE_BATCH, batch).state
    if deployment.views.batch_counts(batch, state.count).unreached <= 0:
        return []
    return [CancelBatch(state.store, batch) if state.cancelled else FanOut(state.store, batch)]


def _erase_manifests(deployment: Deployment, batch: str, version: int) -> None:
    """Deletes the manifests that older commits name, and the copy of the manifest in the store's first commit."""
    state = deployment.streams.load(FILE_BATCH, batch).state
    older = deployment.streams.log.read(batch, 0, version)
    events = [event for commit in older for event in deployment.streams.decode_as(FILE_BATCH, commit).events]
    made = [event for event in events if isinstance(event, FileBatchCreated | FileBatchErased)]
    objects = {event.manifest.object for event in made if event.manifest.object}
    deployment.blobs.delete(sorted(objects - {state.object}))
    holder = deployment.streams.load(VECTOR_STORE, state.store)
    if holder.state.batch != batch:
        return
    first = deployment.streams.log.read(state.store, 0, 1)[0]
    if first.version == 0:
        deployment.streams.log.erase(_without_manifest(deployment, first))


def _without_manifest(deployment: Deployment, first: Commit) -> Commit:
    """Returns a store's first commit without the manifest of the store's first batch, which has its own copy."""
    events = list(deployment.streams.decode_as(VECTOR_STORE, first).events)
    for place, event in enumerate(events):
        if isinstance(event, vector_store.VectorStoreCreated) and event.batch is not None:
            kept = Manifest(event.batch.manifest.count, known=event.batch.manifest.known)
            events[place] = replace(event, batch=replace(event.batch, manifest=kept))
    return replace(first, events=codec.encode_events(events))


def _meta(message: Erase) -> str:
    return meta_of("work", message.request, message.project)
