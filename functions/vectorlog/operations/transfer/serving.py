"""Indexes the files of an imported store from their artefacts, and has those ingested again whose artefact is missing.

A file only counts as completed while a search can find it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from vectorlog.deployment import Deployment
from vectorlog.domain import store_file
from vectorlog.domain.store_file import Retired, Serving
from vectorlog.domain.vectors import Space
from vectorlog.event_log.codec import STORE_FILE, UPLOADED_FILE
from vectorlog.event_log.streams import Loaded, Plan
from vectorlog.files import artefact
from vectorlog.files.blobs import NoSuchBlob
from vectorlog.index.chunk_index import FileChunks
from vectorlog.operations.readers import ALONE, Readers
from vectorlog.operations.transfer.report import IMPORT, ImportReport
from vectorlog.reactions.worker import Worker
from vectorlog.use_cases.uploaded_files import blob_key
from vectorlog.work.messages import Purge

CHUNKS = 1024
"""How many chunks of small files are added to the index at a time."""

LoadedFiles = Sequence[tuple[str, Loaded[store_file.State]]]
"""Files of a store by their ids, with their streams."""


class Files:
    """The files of one store, whose model is offered.

    Args:
        deployment: the target.
        worker: of the target.
        spaces: of the store, each with the number of its vectors; its own comes first.
        store: its id.
        report: counts what is done.
        readers: read artefacts.
    """

    def __init__(
        self,
        deployment: Deployment,
        worker: Worker,
        spaces: Sequence[tuple[Space, int]],
        store: str,
        report: ImportReport,
        readers: Readers = ALONE,
    ) -> None:
        self._readers = readers
        self._deployment = deployment
        self._worker = worker
        self._spaces = spaces
        self._store = store
        self._report = report
        self._indexed: dict[str, dict[int, int]] = defaultdict(dict)
        self._beside: dict[Space, Mapping[tuple[str, int], int]] = {}
        for space, _ in spaces[1:]:
            self._beside[space] = deployment.index.count(space, store)
        for (file, generation), chunks in deployment.index.count(spaces[0][0], store).items():
            self._indexed[file][generation] = chunks

    def index(self, files: LoadedFiles) -> None:
        """Indexes files from their artefacts, and removes chunks of generations that an earlier import had indexed and
        that are retired since. Files without a complete artefact are ingested again.
        """
        incomplete: dict[str, tuple[Loaded[store_file.State], int]] = {}
        for space, number in self._spaces:
            pending: list[FileChunks] = []
            if space not in self._beside:
                for file, loaded in files:
                    self._remove_retired(file, loaded.state)
            lacking = [
                (file, loaded, loaded.state.serving)
                for file, loaded in files
                if loaded.state.serving and self._lacks(space, number, file, loaded.state.serving)
            ]
            read = partial(self._read, number)
            for (file, loaded, serving), parts in zip(lacking, self._readers.each(read, lacking), strict=True):
                numbers: set[int] = set()
                for chunks in parts:
                    numbers.update(chunk.n for chunk in chunks.chunks)
                    pending.append(chunks)
                    if sum(len(each.chunks) for each in pending) >= CHUNKS:
                        self._deployment.index.add(space, pending)
                        pending = []
                if numbers != set(range(serving.chunks)):
                    incomplete[file] = loaded, serving.generation
                elif space not in self._beside:
                    self._report.indexed += 1
            if pending:
                self._deployment.index.add(space, pending)
        if incomplete:
            self._ingest_again(incomplete)

    def _lacks(self, space: Space, number: int, file: str, serving: Serving) -> bool:
        """Whether chunks of a file are missing in the index of a space. For that to which the store moves, a file may
        not be embedded yet.
        """
        if space in self._beside:
            found = self._beside[space].get((file, serving.generation))
            return serving.move == number and found != serving.chunks
        return self._indexed[file].get(serving.generation) != serving.chunks

    def _read(self, number: int, wanted: tuple[str, Loaded[store_file.State], Serving]) -> Iterable[FileChunks]:
        """Returns the chunks of a file: read, or of a large one, to be read part by part."""
        file, loaded, serving = wanted
        chunks = self._chunks(file, loaded.state, serving, number)
        return list(chunks) if serving.chunks <= CHUNKS else chunks

    def _chunks(self, file: str, state: store_file.State, serving: Serving, number: int) -> Iterator[FileChunks]:
        row = state.placement.row(file) if state.placement else ""
        try:
            where = self._store, file, serving.generation
            for chunks in artefact.read_parts(self._deployment.blobs, *where, number=number):
                yield FileChunks(self._store, file, serving.generation, row, state.revision, serving.attributes, chunks)
        except NoSuchBlob:  # the text is missing
            return

    def _remove_retired(self, file: str, state: store_file.State) -> None:
        kept = {each.generation for each in (state.open, state.serving) if each}
        retired = [Retired(generation, chunks) for generation, chunks in self._indexed[file].items()]
        if gone := tuple(each for each in retired if each.generation not in kept):
            self._worker.work(Purge(self._store, file, gone))

    def _ingest_again(self, incomplete: dict[str, tuple[Loaded[store_file.State], int]]) -> None:
        """Opens a new generation of each file, unless another one serves by now.

        The ingest of a file whose bytes are missing ends as failed, and says so.
        """
        at = self._deployment.clock()

        def plan(loaded: Loaded[store_file.State], generation: int) -> Plan[store_file.State, store_file.Event]:
            def decide(state: store_file.State) -> Sequence[store_file.Event]:
                serves = state.serving is not None and state.serving.generation == generation
                return store_file.reingest(state, at) if serves else []

            return Plan(STORE_FILE, loaded.stream, decide, loaded=loaded)

        plans = [plan(*each) for each in incomplete.values()]
        outcomes = self._deployment.streams.decide_all(plans, meta=IMPORT)
        self._deployment.views.show(outcomes)
        uploads = self._deployment.streams.load_many(UPLOADED_FILE, list(incomplete))
        for (file, upload), outcome in zip(uploads.items(), outcomes, strict=True):
            if outcome.decision is None:
                continue
            if self._deployment.blobs.size(blob_key(file, upload.state.sha256)) is None:
                self._report.lost.append(outcome.loaded.stream)
            else:
                self._report.repaired += 1
