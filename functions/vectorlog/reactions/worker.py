"""The effect of each work message. Any of them may be handled twice, and by several workers in parallel."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import assert_never

from vectorlog.deployment import Deployment
from vectorlog.domain import file_batch, store_file, vector_store
from vectorlog.domain.file_batch import FileBatchCreated
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.vector_store import VectorStoreCreated
from vectorlog.event_log.codec import FILE_BATCH, STORE_FILE, UPLOADED_FILE, VECTOR_STORE
from vectorlog.event_log.provenance import meta_of
from vectorlog.files import artefact
from vectorlog.index.chunk_index import FileChunks
from vectorlog.reactions import erasure, leftovers, moving, purge
from vectorlog.reactions.projector import Projector
from vectorlog.use_cases import fan_out, uploaded_files, uploads
from vectorlog.work.messages import (
    COLLECTION,
    CancelBatch,
    CloseUpload,
    Collect,
    Deliver,
    EndBatch,
    Erase,
    FanOut,
    Forget,
    Ingest,
    Message,
    OpenBatch,
    Purge,
    PurgePoint,
    PurgeStore,
    Replay,
    Retag,
    Scrub,
    SendSample,
    Wake,
)
from vectorlog.work.move_messages import MoveVectors, PurgeVectors

CLOSE_AGAIN_MS = 500
"""How long to wait for the projection before checking again whether a batch has reached all of its files."""
SCRUB_AFTER_MS = 60_000
"""How long to wait before the disk is scrubbed: an erasure of many things is then scrubbed once."""


class Worker:
    """Handles work messages; further messages are sent through the projector."""

    def __init__(self, deployment: Deployment, projector: Projector) -> None:
        self._deployment = deployment
        self._projector = projector

    def work(self, message: Message) -> None:
        """Handles one message. If it has to wait for the projection, the message is sent again with a delay."""
        match message:
            case OpenBatch():
                self._open_batch(message)
            case FanOut():
                self._fan_out(message)
            case CancelBatch():
                self._cancel(message)
            case Purge():
                self._purge(message)
            case PurgeStore():
                self._purge_store(message)
            case Retag():
                self._retag(message)
            case Forget():
                self._forget(message)
            case CloseUpload():
                uploads.close(self._deployment, message.upload, meta=_meta(message))
            case Replay():
                self._replay(message.stream)
            case Collect():
                self._collect(message)
            case Erase():
                self._erase(message)
            case Scrub(store):
                for space in self._store(store).spaces if store else (None,):
                    self._deployment.scrub(space, store)
            case MoveVectors():
                self._move(message)
            case PurgeVectors():
                self._purge_vectors(message)
            case EndBatch():
                self._end_batch(message)
            case Wake():
                self._deployment.wake()
            case Ingest():
                self._projector.send([(message.store, message)])
            case Deliver() | SendSample():
                self._projector.send([(message.receiver, message)])
            case _ as never:
                assert_never(never)

    def _open_batch(self, message: OpenBatch) -> None:
        store = message.store
        loaded = self._deployment.streams.load(VECTOR_STORE, store)
        state = loaded.state
        if state.batch is None or state.owner is None or not state.exists:
            return
        events = self._deployment.streams.first_commit(VECTOR_STORE, loaded).events
        [first] = (event.batch for event in events if isinstance(event, VectorStoreCreated) and event.batch)
        created = FileBatchCreated(state.created_at, store, state.owner, first.manifest)
        self._deployment.streams.decide(
            FILE_BATCH, state.batch, lambda batch: file_batch.create(batch, created), meta=_meta(message)
        )

    def _fan_out(self, message: FanOut) -> None:
        if self._store(message.store).deleted:
            return
        cursor: int | None = message.cursor
        while cursor is not None:
            cursor = fan_out.attach_step(self._deployment, message.store, message.batch, cursor)
        self._close(message.store, message.batch, message)

    def _cancel(self, message: CancelBatch) -> None:
        if self._store(message.store).deleted:
            return
        cursor: int | None = message.cursor
        while cursor is not None:
            cursor = fan_out.cancel_step(self._deployment, message.store, message.batch, cursor)
        self._close(message.store, message.batch, message)

    def _close(self, store: str, batch: str, message: FanOut | CancelBatch) -> None:
        """Closes a batch once the rows show that it has reached all of its files; until then, it checks again later."""
        state = self._deployment.streams.load(FILE_BATCH, batch).state
        if not fan_out.close_if_reached(self._deployment, store, batch) and not (
            state.cancelled and isinstance(message, FanOut)
        ):
            check_again = replace(message, cursor=state.count)  # every file is in the log by now; only rows are missing
            self._projector.send([(store, check_again)], delay=CLOSE_AGAIN_MS)

    def _end_batch(self, message: EndBatch) -> None:
        count = self._deployment.streams.load(FILE_BATCH, message.batch).state.count
        counts, at = self._deployment.views.batch_counts(message.batch, count), self._deployment.clock()
        end = partial(
            file_batch.end, at=at, completed=counts.completed, failed=counts.failed, cancelled=counts.cancelled
        )
        self._deployment.streams.decide(FILE_BATCH, message.batch, end, meta=_meta(message))

    def _purge(self, message: Purge) -> None:
        spaces = self._store(message.store).spaces
        for each in message.retired:
            for space in spaces:
                self._deployment.index.remove(space, message.store, message.file, each.generation)
            artefact.delete(self._deployment.blobs, message.store, message.file, each.generation)
        if message.erased:
            self._projector.send([(message.store, Scrub(message.store))], delay=SCRUB_AFTER_MS)

    def _purge_store(self, message: PurgeStore) -> None:
        state = self._store(message.store)
        if state.ended is None:
            return
        following = purge.step(self._deployment, message.store, state, message.point or PurgePoint())
        if following is not None:
            self._projector.send([(message.store, replace(message, point=following))])
        elif message.again:
            again = replace(message, again=False, point=None)
            self._projector.send([(message.store, again)], delay=purge.AGAIN_MS)

    def _retag(self, message: Retag) -> None:
        store, file, generation = message.store, message.file, message.generation
        if self._store(store).ended:
            return
        state = self._file(store, file)
        if state.serving is not None and state.serving.generation == generation and state.placement is not None:
            row, attributes = state.placement.row(file), state.serving.attributes
            tagged = FileChunks(store, file, generation, row, state.revision, attributes, ())
            for space, number in self._store(store).numbered_spaces:
                if not self._deployment.index.retag(space, tagged):
                    for chunks in artefact.read_parts(self._deployment.blobs, store, file, generation, number=number):
                        self._deployment.index.add(space, [replace(tagged, chunks=chunks)])
        after = self._file(store, file).serving
        if after is None or after.generation != generation:  # retired meanwhile, or before this attempt
            for space in self._store(store).spaces:
                self._deployment.index.remove(space, store, file, generation)

    def _move(self, message: MoveVectors) -> None:
        following = moving.step(self._deployment, message)
        if following is not None:
            self._projector.send([(message.store, following)], delay=moving.POLL_MS)

    def _purge_vectors(self, message: PurgeVectors) -> None:
        following = purge.step_of_vectors(self._deployment, message)
        if following is None:
            return
        self._projector.send([(message.store, following[0])], delay=following[1])
        if following[0].times > message.times == 0:  # what was removed may have been erased before
            self._projector.send([(message.store, Scrub())], delay=SCRUB_AFTER_MS)

    def _forget(self, message: Forget) -> None:
        file, meta = message.file, _meta(message)
        after = uploaded_files.detach_step(self._deployment, file, meta=meta)
        while after is not None:
            after = uploaded_files.detach_step(self._deployment, file, after, meta=meta)
        self._deployment.blobs.delete(list(self._deployment.blobs.list(f"files/{file}/")))
        owner = self._deployment.streams.load(UPLOADED_FILE, file).state.owner
        if owner is not None:
            self._deployment.views.left_all_stores(owner.project, file)

    def _replay(self, stream: str) -> None:
        start = 0
        while page := self._deployment.streams.log.read(stream, start, 100):
            self._projector.handle(page, replayed=True)
            start = page[-1].version + 1

    def _collect(self, message: Collect) -> None:
        following = leftovers.collect(self._deployment, message.after)
        if following is not None:
            self._projector.send([(COLLECTION, replace(message, after=following))], delay=leftovers.PAUSE_MS)

    def _erase(self, message: Erase) -> None:
        following = erasure.step(self._deployment, message)
        self._projector.send([(message.stream, each) for each in following])
        if message.part == "log":
            self._projector.send([(message.stream, Scrub())], delay=SCRUB_AFTER_MS)
            if (later := erasure.again(message)) is not None:
                self._projector.send([(message.stream, later)], delay=erasure.AGAIN_MS)

    def _file(self, store: str, file: str) -> store_file.State:
        return self._deployment.streams.load(STORE_FILE, store_file_stream(store, file)).state

    def _store(self, store: str) -> vector_store.State:
        return self._deployment.streams.load(VECTOR_STORE, store).state


def _meta(message: Message) -> str:
    return meta_of("work", message.request, message.project)
