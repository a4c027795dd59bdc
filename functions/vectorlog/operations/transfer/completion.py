"""Completes an import: does the work that follows from each stream's newest state, and repeats none of its past."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, assert_never

from vectorlog.deployment import Deployment
from vectorlog.domain import api_key, file_batch, store_file, uploaded_file, vector_store
from vectorlog.domain.ids import StoreFileId, StoreId, group_of, parse_stream
from vectorlog.domain.vector_store import VectorStoreMoved
from vectorlog.domain.vectors import Space
from vectorlog.event_log.codec import STORE_FILE, VECTOR_STORE, aggregate_of
from vectorlog.event_log.decision import AnyState
from vectorlog.event_log.provenance import meta_of
from vectorlog.event_log.streams import Loaded, Plan
from vectorlog.files import artefact
from vectorlog.index.chunk_index import FileChunks
from vectorlog.operations.progress import pages
from vectorlog.operations.transfer.commits import LogSummary
from vectorlog.reactions.projector import Projector
from vectorlog.reactions.worker import Worker
from vectorlog.work.messages import CancelBatch, FanOut, Forget, Ingest, Message, OpenBatch, PurgeStore

CHUNKS = 1024
"""How many chunks of small files are added to the index at a time."""

_Files = Sequence[tuple[str, Loaded[store_file.State]]]

IMPORT = meta_of("import")


@dataclass(slots=True)
class ImportReport:
    """What happened to the serving files.

    Attributes:
        indexed: the number of files that were indexed from their artefacts.
        again: the number of files that are ingested again.
        unoffered: the number of files by model, in stores whose model is not offered.
    """

    indexed: int = 0
    again: int = 0
    unoffered: Counter[str] = field(default_factory=Counter)


class Completion:
    """Brings the target of an import to the state of the exported deployment.

    Args:
        deployment: the target.
        projector: sends the messages for files that must be ingested.
        summary: the summary of the export's commits.
        instead: the model for stores whose own model is not offered; None leaves those unchanged.
    """

    def __init__(
        self, deployment: Deployment, projector: Projector, summary: LogSummary, instead: Space | None
    ) -> None:
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
                for message in _pending(stream, loaded.state):
                    self._worker.work(message)
        for store, streams in groupby(watch(stores), group_of):
            self._complete_store(store, (stream for stream in streams if stream != store))
        return self.report

    def _load(self, streams: Sequence[str]) -> list[tuple[str, Loaded[Any]]]:
        """Loads the streams of a page, one kind after the other."""
        loaded_streams: dict[str, Loaded[Any]] = {}
        for aggregate in {aggregate_of(stream).name: aggregate_of(stream) for stream in streams}.values():
            of_kind = [stream for stream in streams if aggregate_of(stream) is aggregate]
            loaded_streams |= self._deployment.streams.load_many(aggregate, of_kind)
        return list(loaded_streams.items())

    def _complete_store(self, store: str, streams: Iterator[str]) -> None:
        state = self._deployment.streams.load(VECTOR_STORE, store).state
        for message in _pending(store, state):
            self._worker.work(message)
        if state.ended:
            for _ in streams:
                continue
            return
        space = self._space(store, state)
        indexed_chunks = self._deployment.index.count(space, store) if space else {}
        for page in pages(streams):
            files = [(StoreFileId.parse(stream).file, loaded) for stream, loaded in self._load(page)]
            moved = space is not None and space != self._summary.spaces.get(store, space)
            if space is None:
                self.report.unoffered[state.model] += sum(loaded.state.serving is not None for _, loaded in files)
            elif moved:
                self._ingest_again(files)
            else:
                self._index(space, store, files, indexed_chunks)
            opened = [(file, loaded.state.open) for file, loaded in files if loaded.state.open is not None]
            self._projector.send([(store, Ingest(store, file, open_.generation)) for file, open_ in opened])

    def _space(self, store: str, state: vector_store.State) -> Space | None:
        """Returns the space of the store, after moving it to the other model if its own is not offered.

        It is None if the store's model is not offered and there is no other.
        """
        offered = self._deployment.models.names
        if state.model in offered or self._instead is None:
            return state.space if state.model in offered else None
        command = VectorStoreMoved(self._deployment.clock(), self._instead.model, self._instead.dimensions)
        self._deployment.views.show(
            [
                self._deployment.streams.decide(
                    VECTOR_STORE, store, lambda state: vector_store.move(state, command), meta=IMPORT
                )
            ]
        )
        return self._instead

    def _ingest_again(self, files: _Files) -> None:
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

    def _index(self, space: Space, store: str, files: _Files, indexed_chunks: dict[tuple[str, int], int]) -> None:
        pending: list[FileChunks] = []
        for file, loaded in files:
            for chunks in self._chunks(store, file, loaded.state, indexed_chunks):
                pending.append(chunks)
                if sum(len(each.chunks) for each in pending) >= CHUNKS:
                    self._deployment.index.add(space, pending)
                    pending = []
        if pending:
            self._deployment.index.add(space, pending)

    def _chunks(
        self, store: str, file: str, state: store_file.State, indexed_chunks: dict[tuple[str, int], int]
    ) -> Iterator[FileChunks]:
        serving, placement = state.serving, state.placement
        if serving is None or placement is None or indexed_chunks.get((file, serving.generation), 0) == serving.chunks:
            return
        self.report.indexed += 1
        for chunks in artefact.read_parts(self._deployment.blobs, store, file, serving.generation):
            yield FileChunks(
                store, file, serving.generation, placement.row(file), state.revision, serving.attributes, chunks
            )


def _pending(stream: str, state: AnyState) -> Sequence[Message]:
    """Returns messages for the work that may be unfinished at a stream's newest state. They skip what is done."""
    match state:
        case uploaded_file.State():
            return [Forget(stream)] if state.deleted else []
        case file_batch.State():
            return [(CancelBatch if state.cancelled else FanOut)(state.store, stream)] if state.exists else []
        case vector_store.State():
            if state.ended is not None:
                return [PurgeStore(stream, again=False)]
            return [OpenBatch(stream)] if state.batch else []
        case store_file.State() | api_key.State():
            return []
        case _ as never:
            assert_never(never)
