"""The ingest: bytes to text, chunks, vectors, artefact, index entry, and the event that lets them serve.

Several files share each step: one append, one embedding call, one artefact write, one index write. Everything may be done
twice: chunks and artefacts have fixed names, and only an open generation can become the serving one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from vectorlog.domain import store_file, uploaded_file, vector_store
from vectorlog.domain.errors import Invalid
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.store_file import Failure, Ingested, State
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.event_log.codec import STORE_FILE, UPLOADED_FILE, VECTOR_STORE
from vectorlog.event_log.streams import Plan
from vectorlog.files import artefact
from vectorlog.index.chunk_index import Chunk, FileChunks, Space
from vectorlog.ingest.document import Document, ReaderCrashed, Unreadable
from vectorlog.use_cases import vector_stores
from vectorlog.use_cases.edition import Edition
from vectorlog.use_cases.uploaded_files import blob_key
from vectorlog.views.projection import INGEST_DEADLINE_MS
from vectorlog.work.messages import Ingest

ROUND = 512
"""Chunks that one round embeds, writes and indexes: bounds memory, whatever the size of the file."""
CRASHES = 2
"""A file that kills its reader so often is failed."""


class Reader(Protocol):
    """Reads a file into chunks without endangering this process."""

    def read(self, path: Path, filename: str, max_tokens: int, overlap: int) -> Document:
        """The file's text and chunks.

        Raises:
            Unreadable: the file is the cause.
            ReaderCrashed: the reader died of it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Later:
    """A message that has to come again, after `delay` ms; None: not before the queue's own patience."""

    message: Ingest
    delay: int | None
    reason: str


_Due = tuple[Ingest, State, vector_store.State, uploaded_file.State]


@dataclass(frozen=True, slots=True)
class _Job:
    """A generation that is being ingested."""

    message: Ingest
    state: State
    space: Space
    document: Document

    @property
    def stream(self) -> str:
        return store_file_stream(self.message.store, self.message.file)

    def of(self, chunks: Sequence[Chunk]) -> FileChunks:
        """Chunks of it, as the index takes them."""
        state, placement = self.state, self.state.placement
        row = placement.row(self.message.file) if placement else ""
        message = self.message
        return FileChunks(message.store, message.file, message.generation, row, state.revision, state.attributes, tuple(chunks))


@dataclass(frozen=True, slots=True)
class _Slice:
    """Chunks of a job that are still to be embedded: `first` up to `end`."""

    job: _Job
    first: int
    end: int

    @property
    def texts(self) -> list[str]:
        document = self.job.document
        return [document.text[span.start : span.end] for span in document.spans[self.first : self.end]]


class Worker:
    """Ingests files, several at a time; `executor` runs the readers side by side."""

    def __init__(self, edition: Edition, reader: Reader, executor: Executor) -> None:
        self._edition = edition
        self._reader = reader
        self._executor = executor

    def ingest(self, messages: Sequence[Ingest]) -> list[Later]:
        """Brings each message's generation to its end, and gives back what has to be tried again."""
        later: list[Later] = []
        jobs: list[_Job] = []
        for outcome in self._executor.map(self._prepare, self._due(messages)):
            if isinstance(outcome, Later):
                later.append(outcome)
            elif outcome is not None:
                jobs.append(outcome)
        self._note_chunks(jobs)
        done: list[_Job] = []
        for group in _by_space(jobs):
            finished, postponed = self._embed_all(group)
            done += finished
            later += postponed
        self._serve(done)
        return later

    def give_up(self, message: Ingest, reason: str) -> None:
        """Ends a generation that keeps failing for a reason that is not the file's."""
        self._fail(message, Failure("server_error", f"The file could not be ingested: {reason}. Attach it again to retry."))

    def _due(self, messages: Sequence[Ingest]) -> Iterator[_Due]:
        """The messages whose generation is still open; what the others left behind is removed."""
        streams = self._edition.streams
        states = streams.load_many(STORE_FILE, [store_file_stream(each.store, each.file) for each in messages])
        stores = streams.load_many(VECTOR_STORE, list({each.store for each in messages}))
        files = streams.load_many(UPLOADED_FILE, list({each.file for each in messages}))
        now = self._edition.clock()
        for message in dict.fromkeys(messages):
            state = states[store_file_stream(message.store, message.file)].state
            store, file = stores[message.store].state, files[message.file].state
            if not store.exists or store.ended or not _wanted(state, message.generation):
                self._discard(message, store)
            elif state.open is None:
                continue  # it serves already
            elif not file.lives(now):
                self._decide(message, lambda found: store_file.detach(found, now, "file_deleted"))
            elif now - state.open.since > INGEST_DEADLINE_MS:
                self.give_up(message, "it was not finished within a day")
            else:
                yield message, state, store, file

    def _prepare(self, due: _Due) -> _Job | Later | None:
        message, state, store, file = due
        chunking = state.chunking
        try:
            vector_stores.require_model(self._edition, store)
            with self._edition.blobs.local(blob_key(message.file, file.sha256)) as path:
                document = self._reader.read(path, file.filename, chunking.max_tokens, chunking.overlap)
        except Invalid as error:
            self._fail(message, Failure("server_error", error.message))
        except Unreadable as error:
            self._fail(message, Failure(error.code, str(error)))
        except ReaderCrashed as error:
            crashed = replace(message, crashes=message.crashes + 1)
            if crashed.crashes < CRASHES:
                return Later(crashed, 0, str(error))
            cause = f"Reading this file stopped the reader {CRASHES} times: {error}"
            self._fail(message, Failure("invalid_file", f"{cause}. Save it again in another format, or split it, and attach the new file."))
        else:
            return _Job(message, state, Space(store.model, store.dimensions), document)
        return None

    def _note_chunks(self, jobs: Sequence[_Job]) -> None:
        def plan(job: _Job) -> Plan[State, store_file.Event]:
            chunks = len(job.document.spans)
            return Plan(STORE_FILE, job.stream, lambda state: store_file.chunked(state, job.message.generation, chunks))

        self._edition.streams.decide_all([plan(job) for job in jobs])

    def _embed_all(self, jobs: Sequence[_Job]) -> tuple[list[_Job], list[Later]]:
        """Embeds and indexes jobs of one space; a refusal of all is tried again one by one, so that it fails only its cause."""
        try:
            for slices in _rounds(self._open_slices(jobs)):
                self._embed(slices)
        except EmbeddingError as error:
            if error.temporary:
                delay = None if error.retry_after is None else int(error.retry_after * 1000)
                return [], [Later(job.message, delay, str(error)) for job in jobs]
            if len(jobs) > 1:
                finished: list[_Job] = []
                postponed: list[Later] = []
                for job in jobs:
                    one, more = self._embed_all([job])
                    finished += one
                    postponed += more
                return finished, postponed
            remedy = "Check the deployment's embedding settings, then attach the file again."
            self._fail(jobs[0].message, Failure("server_error", f"The embedding provider refused the text: {error}. {remedy}"))
            return [], []
        return list(jobs), []

    def _open_slices(self, jobs: Sequence[_Job]) -> Iterator[_Slice]:
        """What is still to be embedded; parts that an earlier try has left are indexed as they are."""
        edition = self._edition
        for job in jobs:
            message, end = job.message, 0
            for chunks in artefact.read_parts(edition.blobs, message.store, message.file, message.generation):
                if chunks[0].n == end and _unchanged(job, chunks):
                    edition.index.add(job.space, [job.of(chunks)])
                    end += len(chunks)
            for first in range(end, len(job.document.spans), ROUND):
                yield _Slice(job, first, min(first + ROUND, len(job.document.spans)))

    def _embed(self, slices: Sequence[_Slice]) -> None:
        edition, space = self._edition, slices[0].job.space
        texts = [text for each in slices for text in each.texts]
        vectors = iter(edition.models.embedder(space).documents(texts))
        items: list[tuple[str, bytes]] = []
        additions: list[FileChunks] = []
        for each in slices:
            message, document = each.job.message, each.job.document
            windows = [next(vectors) for _ in range(each.first, each.end)]
            spans = [(span.start, span.end) for span in document.spans[each.first : each.end]]
            if each.first == 0:
                items.append(artefact.text_item(message.store, message.file, message.generation, document.text))
            items.append(artefact.part_item(message.store, message.file, message.generation, each.first, spans, windows))
            chunks = [Chunk(each.first + place, text, windows[place]) for place, text in enumerate(each.texts)]
            additions.append(each.job.of(chunks))
        edition.blobs.put(items)
        edition.index.add(space, additions)

    def _serve(self, jobs: Sequence[_Job]) -> None:
        at = self._edition.clock()

        def plan(job: _Job) -> Plan[State, store_file.Event]:
            document = job.document
            command = Ingested(
                at=at,
                generation=job.message.generation,
                chunks=len(document.spans),
                usage_bytes=len(document.text.encode()),
                pages=len(document.pages),
                revision=job.state.revision,
            )
            return Plan(STORE_FILE, job.stream, lambda state: store_file.ingested(state, command))

        outcomes = self._edition.streams.decide_all([plan(job) for job in jobs])
        for job, outcome in zip(jobs, outcomes, strict=True):
            if outcome.decision is None and not _wanted(outcome.state, job.message.generation):
                self._remove(job.message, job.space)

    def _discard(self, message: Ingest, store: vector_store.State) -> None:
        if store.owner is not None:
            self._remove(message, Space(store.model, store.dimensions))

    def _remove(self, message: Ingest, space: Space) -> None:
        self._edition.index.remove(space, message.store, message.file, message.generation)
        artefact.delete(self._edition.blobs, message.store, message.file, message.generation)

    def _fail(self, message: Ingest, failure: Failure) -> None:
        at = self._edition.clock()
        self._decide(message, lambda state: store_file.fail(state, at, message.generation, failure))

    def _decide(self, message: Ingest, decide: Callable[[State], Sequence[store_file.Event]]) -> None:
        self._edition.streams.decide(STORE_FILE, store_file_stream(message.store, message.file), decide)


def _wanted(state: State, generation: int) -> bool:
    serves = state.serving is not None and state.serving.generation == generation
    return serves or (state.open is not None and state.open.generation == generation)


def _unchanged(job: _Job, chunks: Sequence[Chunk]) -> bool:
    spans = job.document.spans
    return chunks[-1].n < len(spans) and all(chunk.text == job.document.text[spans[chunk.n].start : spans[chunk.n].end] for chunk in chunks)


def _by_space(jobs: Sequence[_Job]) -> list[list[_Job]]:
    groups: dict[Space, list[_Job]] = defaultdict(list)
    for job in jobs:
        groups[job.space].append(job)
    return list(groups.values())


def _rounds(slices: Iterator[_Slice]) -> Iterator[list[_Slice]]:
    gathered: list[_Slice] = []
    size = 0
    for each in slices:
        if gathered and size + each.end - each.first > ROUND:
            yield gathered
            gathered, size = [], 0
        gathered.append(each)
        size += each.end - each.first
    if gathered:
        yield gathered
