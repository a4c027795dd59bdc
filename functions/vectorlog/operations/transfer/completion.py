"""Completes an import: does the work that follows from each stream's newest state, and repeats none of its past."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, assert_never

from vectorlog.deployment import Deployment
from vectorlog.domain import (
    api_key,
    file_batch,
    project_limits,
    store_file,
    store_move,
    upload,
    upload_part,
    uploaded_file,
    vector_store,
    webhook_endpoint,
)
from vectorlog.domain.ids import StoreFileId, StoreId, group_of, parse_stream
from vectorlog.domain.vectors import Space
from vectorlog.domain.vectors_move import VectorStoreMoved
from vectorlog.event_log.codec import STORE_FILE, VECTOR_STORE, aggregate_of
from vectorlog.event_log.decision import AnyState
from vectorlog.event_log.streams import Loaded, Plan
from vectorlog.files.blobs import NoSuchBlob
from vectorlog.operations.progress import pages
from vectorlog.operations.readers import ALONE, Readers
from vectorlog.operations.transfer.report import IMPORT, ImportReport
from vectorlog.operations.transfer.serving import Files, LoadedFiles
from vectorlog.operations.transfer.summary import LogSummary
from vectorlog.reactions.projector import Projector
from vectorlog.reactions.worker import Worker
from vectorlog.use_cases import webhooks
from vectorlog.work.messages import (
    CancelBatch,
    CloseUpload,
    Erase,
    FanOut,
    Forget,
    Ingest,
    OpenBatch,
    PurgeStore,
)
from vectorlog.work.move_messages import MoveVectors

log = logging.getLogger(__name__)


class Completion:
    """Brings the target of an import to the state of the exported deployment.

    Args:
        deployment: the target.
        projector: sends the messages for files that must be ingested.
        summary: the summary of the export's commits.
        instead: the model for stores whose own model is not offered; None leaves those unchanged.
        readers: read artefacts.
    """

    def __init__(
        self,
        deployment: Deployment,
        projector: Projector,
        summary: LogSummary,
        instead: Space | None,
        readers: Readers = ALONE,
    ) -> None:
        self._readers = readers
        self._deployment = deployment
        self._projector = projector
        self._worker = Worker(deployment, projector)
        self._summary = summary
        self._instead = instead
        self.report = ImportReport()

    def run(self, watch: Callable[[Iterable[str]], Iterator[str]]) -> ImportReport:
        """Does the pending work of all streams. Stores and their files come last, because they refer to the others."""
        stores: list[str] = []
        others: list[str] = []
        for stream in sorted(self._summary.newest, key=lambda stream: (group_of(stream), stream)):
            (stores if isinstance(parse_stream(stream), StoreId | StoreFileId) else others).append(stream)
        for page in pages(watch(others)):
            for stream, loaded in self._load(page):
                self._finish(stream, loaded.state)
        for store, streams in groupby(watch(stores), group_of):
            self._complete_store(store, (stream for stream in streams if stream != store))
        # The target may have commits from before the erasure, by an earlier import.
        self._projector.send([(stream, Erase(stream, version)) for stream, version in self._summary.erased.items()])
        return self.report

    def _load(self, streams: Sequence[str]) -> list[tuple[str, Loaded[Any]]]:
        """Loads the streams of a page, one kind after the other."""
        loaded_streams: dict[str, Loaded[Any]] = {}
        for aggregate in {aggregate_of(stream).name: aggregate_of(stream) for stream in streams}.values():
            of_kind = [stream for stream in streams if aggregate_of(stream) is aggregate]
            loaded_streams |= self._deployment.streams.load_many(aggregate, of_kind)
        return list(loaded_streams.items())

    def _finish(self, stream: str, state: AnyState) -> None:
        """Does the work that may be unfinished at a stream's newest state. It skips what is done."""
        match state:
            case uploaded_file.State():
                if state.deleted:
                    self._worker.work(Forget(stream))
            case file_batch.State():
                self._finish_batch(stream, state)
            case vector_store.State():
                if state.ended is not None:
                    self._worker.work(PurgeStore(stream, again=False))
                elif state.batch:
                    self._worker.work(OpenBatch(stream))
            case upload.State():
                if state.ended is not None:
                    self._worker.work(CloseUpload(stream))
            case webhook_endpoint.State():
                # Its secrets stayed in the other deployment, which may still send to it.
                if webhooks.disable(self._deployment, stream, "imported", IMPORT):
                    self.report.disabled.append(stream)
            case store_file.State() | upload_part.State() | api_key.State() | project_limits.State():
                pass
            case _ as never:
                assert_never(never)

    def _finish_batch(self, batch: str, state: file_batch.State) -> None:
        """Fans a batch out, or cancels its files, unless the rows show that all of its entries are there or have ended.

        The rows were made from the imported commits. What the files themselves remember of their batches is bounded.
        """
        counts = self._deployment.views.batch_counts(batch, state.count)
        if not state.exists or (counts.in_progress if state.cancelled else counts.unreached) <= 0:
            self._deployment.views.close_batch(state.store, batch)
            return
        try:
            self._worker.work((CancelBatch if state.cancelled else FanOut)(state.store, batch))
        except NoSuchBlob:
            log.exception("batch %s cannot be completed: its list of files is missing", batch)
            self.report.unlisted.append(batch)

    def _complete_store(self, store: str, streams: Iterator[str]) -> None:
        state = self._deployment.streams.load(VECTOR_STORE, store).state
        self._finish(store, state)
        if state.ended:
            for _ in streams:
                continue
            return
        space, move = self._space(store, state), state.moves.under_way
        spaces = state.numbered_spaces if space == state.space else [(space, state.moves.current)] if space else []
        files = Files(self._deployment, self._worker, spaces, store, self.report, self._readers) if spaces else None
        if move is not None and space == state.space:
            self._projector.send([(store, MoveVectors(store, move.number, move.attempt))])
        for page in pages(streams):
            found = [(StoreFileId.parse(stream).file, loaded) for stream, loaded in self._load(page)]
            if files is None:
                self.report.unoffered[state.space.name] += sum(loaded.state.serving is not None for _, loaded in found)
            elif space and space != self._summary.spaces.get(store, space):
                self._ingest_again(found)
            else:
                files.index(found)
            opened = [(file, loaded.state.open) for file, loaded in found if loaded.state.open is not None]
            self._projector.send([(store, Ingest(store, file, open_.generation)) for file, open_ in opened])

    def _space(self, store: str, state: vector_store.State) -> Space | None:
        """Returns the space of the store, after moving it to the other model if its own is not offered.

        It is None if the store's model is not offered and there is no other.
        """
        offered = self._deployment.models.offers(state.space)
        if offered or self._instead is None:
            return state.space if offered else None
        command = VectorStoreMoved(self._deployment.clock(), self._instead.model, self._instead.dimensions)
        self._deployment.views.show(
            [
                self._deployment.streams.decide(
                    VECTOR_STORE, store, lambda state: store_move.move(state, command), meta=IMPORT
                )
            ]
        )
        return self._instead

    def _ingest_again(self, files: LoadedFiles) -> None:
        """Ingests files again, because their store was moved to another model.

        Files that already have a commit of the target are skipped.
        """
        at = self._deployment.clock()
        plans = [
            Plan(STORE_FILE, loaded.stream, lambda state: store_file.reingest(state, at))
            for _, loaded in files
            if loaded.stream not in self._summary.continued
        ]
        outcomes = self._deployment.streams.decide_all(plans, meta=IMPORT)
        self._deployment.views.show(outcomes)
        self.report.again += sum(outcome.decision is not None for outcome in outcomes)
