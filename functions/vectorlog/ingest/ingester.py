"""The ingest: bytes to text, chunks, vectors, artefact, index entry, and the event that lets them serve.

Several files share each step: one append, one embedding call, one artefact write, one index write. Everything may be
done twice: chunks and artefacts have fixed names, and only an open generation can become the serving one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, wait
from dataclasses import replace

from vectorlog.deployment import Deployment
from vectorlog.domain import store_file, uploaded_file, vector_store
from vectorlog.domain.errors import Invalid
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.store_file import Failure, Ingested, State
from vectorlog.domain.vectors import Chunk, Space
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.event_log.codec import STORE_FILE, UPLOADED_FILE, VECTOR_STORE
from vectorlog.event_log.provenance import meta_of
from vectorlog.event_log.streams import Loaded, Outcome, Plan
from vectorlog.files import artefact
from vectorlog.files.blobs import NoSuchBlob
from vectorlog.index.chunk_index import FileChunks
from vectorlog.ingest.document import Reader, ReaderCrashed, Unreadable
from vectorlog.ingest.job import Job, Later, Slice, by_space, rounds, slices
from vectorlog.use_cases import vector_stores
from vectorlog.use_cases.uploaded_files import blob_key
from vectorlog.views.projection import INGEST_DEADLINE_MS
from vectorlog.work.messages import Ingest

EXPIRED = Failure("server_error", "The vector store expired before the file was ingested. Attach it to a new store.")
GATHER_S = 0.25
"""How long files that were read wait for those that are read beside them; a slow file holds up nobody else for longer.
"""
CRASHES = 2
"""A file that kills its reader so often is failed."""


_Due = tuple[Ingest, Loaded[State], vector_store.State, uploaded_file.State]


class Ingester:
    """Ingests files, several at a time; `executor` runs the readers side by side."""

    def __init__(self, deployment: Deployment, reader: Reader, executor: Executor) -> None:
        self._deployment = deployment
        self._reader = reader
        self._executor = executor

    def ingest(self, messages: Sequence[Ingest], time_left: Callable[[], bool] = lambda: True) -> list[Later]:
        """Brings each message's generation to its end, and gives back what has to come again.

        `time_left` is asked before each round; once it says no, a file goes on later from the chunk where it stopped.
        """
        later: list[Later] = []
        reading = [self._executor.submit(self._prepare, due) for due in self._due(messages)]
        while reading:
            read, unread = wait(reading, GATHER_S)
            if not read:
                read, unread = wait(reading, return_when=FIRST_COMPLETED)
            later += self._go_on([each.result() for each in reading if each in read], time_left)
            reading = [each for each in reading if each in unread]
        return later

    def _go_on(self, outcomes: Sequence[Job | Later | None], time_left: Callable[[], bool]) -> list[Later]:
        """Takes files that were read through the other steps."""
        later = [outcome for outcome in outcomes if isinstance(outcome, Later)]
        jobs = self._note_chunks([outcome for outcome in outcomes if isinstance(outcome, Job)])
        for group in by_space(jobs):
            later += self._embed_all(group, time_left)
        return later

    def give_up(self, message: Ingest, reason: str) -> None:
        """Ends a generation that keeps failing for a reason that is not the file's; what one that nobody wants any more
        left is removed.
        """
        sentence = f"The file could not be ingested: {reason}. Attach it again to retry."
        outcome = self._fail(message, Failure("server_error", sentence))
        if outcome.decision:
            self._deployment.telemetry.file_given_up(message.ref, reason)
        if not _wanted(outcome.state, message.generation):
            self._discard(message, self._deployment.streams.load(VECTOR_STORE, message.store).state)

    def _due(self, messages: Sequence[Ingest]) -> Iterator[_Due]:
        """The messages whose generation is still open; what the others left behind is removed."""
        streams = self._deployment.streams
        states = streams.load_many(STORE_FILE, [store_file_stream(each.store, each.file) for each in messages])
        stores = streams.load_many(VECTOR_STORE, list({each.store for each in messages}))
        files = streams.load_many(UPLOADED_FILE, list({each.file for each in messages}))
        now = self._deployment.clock()
        for message in dict.fromkeys(messages):
            loaded = states[store_file_stream(message.store, message.file)]
            state, store, file = loaded.state, stores[message.store].state, files[message.file].state
            if not store.exists or not _wanted(state, message.generation):
                self._discard(message, store)
            elif store.ended:
                self._fail(message, EXPIRED)
                self._discard(message, store)
            elif state.open is None:
                continue  # it serves already
            elif not file.is_available(now):
                self._decide(message, lambda found: store_file.detach(found, now, "file_deleted"))
            elif now - state.open.since > INGEST_DEADLINE_MS:
                self.give_up(message, "it was not finished within a day")
            else:
                yield message, loaded, store, file

    def _prepare(self, due: _Due) -> Job | Later | None:
        message, loaded, store, file = due
        chunking = loaded.state.chunking
        try:
            vector_stores.require_model(self._deployment, store)
            with self._deployment.blobs.local(blob_key(message.file, file.sha256)) as path:
                document = self._reader.read(path, file.filename, chunking.max_tokens, chunking.overlap)
        except Invalid as error:
            self._fail(message, Failure("server_error", error.message))
        except NoSuchBlob:
            self._without_bytes(message)
        except Unreadable as error:
            self._fail(message, Failure(error.code, str(error)))
        except ReaderCrashed as error:
            crashed = replace(message, crashes=message.crashes + 1)
            if crashed.crashes < CRASHES:
                return Later(crashed, 0, str(error))
            cause = f"Reading this file stopped the reader {CRASHES} times: {error}"
            self._fail(
                message,
                Failure(
                    "invalid_file", f"{cause}. Save it again in another format, or split it, and attach the new file."
                ),
            )
        else:
            return Job(message, loaded, store.space, document)
        return None

    def _without_bytes(self, message: Ingest) -> None:
        """Ends a generation whose bytes are gone: because the file was deleted a moment ago, or else for a fault of
        ours.
        """
        now = self._deployment.clock()
        if self._deployment.streams.load(UPLOADED_FILE, message.file).state.is_available(now):
            self._fail(
                message,
                Failure("server_error", "The file's bytes are missing. Upload it again and attach the new file."),
            )
        else:
            self._decide(message, lambda found: store_file.detach(found, now, "file_deleted"))

    def _note_chunks(self, jobs: Sequence[Job]) -> list[Job]:
        """Appends how many chunks there will be; gives the jobs as their streams then stand."""

        def plan(job: Job) -> Plan[State, store_file.Event]:
            chunks = len(job.document.spans)
            return Plan(
                STORE_FILE,
                job.stream,
                lambda state: store_file.chunked(state, job.message.generation, chunks),
                loaded=job.loaded,
                meta=_meta(job.message),
            )

        outcomes = self._deployment.streams.decide_all([plan(job) for job in jobs])
        return [replace(job, loaded=outcome.loaded) for job, outcome in zip(jobs, outcomes, strict=True)]

    def _embed_all(self, jobs: Sequence[Job], time_left: Callable[[], bool]) -> list[Later]:
        """Embeds, indexes and serves jobs of one space, small ones first; gives back those that have to come again."""
        waiting = {job: job.message.next for job in sorted(jobs, key=lambda job: len(job.document.spans))}
        try:
            for cut in rounds(self._open_slices(list(waiting))):
                if not time_left():
                    return [job.out_of_time(next_) for job, next_ in waiting.items()]
                self._embed(cut)
                waiting |= {each.job: each.end for each in cut}
                done = [each.job for each in cut if each.last]
                self._serve(done)
                for job in done:
                    del waiting[job]
            self._serve(list(waiting))  # every chunk of these was there already
        except EmbeddingError as error:
            return self._refused(waiting, error, time_left)
        return []

    def _refused(self, waiting: dict[Job, int], error: EmbeddingError, time_left: Callable[[], bool]) -> list[Later]:
        """A temporary refusal delays; a final one of several is tried again one by one, so that it fails only its
        cause.
        """
        if error.temporary:
            return [job.refused(next_, error) for job, next_ in waiting.items()]
        if len(waiting) > 1:
            return [later for job in waiting for later in self._embed_all([job], time_left)]
        remedy = "Check the deployment's embedding settings, then attach the file again."
        for job in waiting:
            self._fail(
                job.message, Failure("server_error", f"The embedding provider refused the text: {error}. {remedy}")
            )
        return []

    def _open_slices(self, jobs: Sequence[Job]) -> Iterator[Slice]:
        """What is still to be embedded. Parts that an earlier try has left behind `next` are indexed as they are."""
        for job in jobs:
            message, end = job.message, job.message.next
            for chunks in artefact.read_parts(
                self._deployment.blobs, message.store, message.file, message.generation, start=end
            ):
                if chunks[0].n == end and job.matches(chunks):
                    self._deployment.index.add(job.space, [job.carries(chunks)])
                    end += len(chunks)
            yield from slices(job, end)

    def _embed(self, cut: Sequence[Slice]) -> None:
        deployment, space = self._deployment, cut[0].job.space
        texts = [text for each in cut for text in each.texts]
        vectors = iter(deployment.models.embedder(space).documents(texts))
        items: list[tuple[str, bytes]] = []
        additions: list[FileChunks] = []
        for each in cut:
            message, document = each.job.message, each.job.document
            windows = [next(vectors) for _ in range(each.size)]
            spans = [(span.start, span.end) for span in document.spans[each.first : each.end]]
            if each.first == 0:
                items.append(artefact.text_item(message.store, message.file, message.generation, document.text))
            items.append(
                artefact.part_item(message.store, message.file, message.generation, each.first, spans, windows)
            )
            chunks = [Chunk(each.first + place, text, windows[place]) for place, text in enumerate(each.texts)]
            additions.append(each.job.carries(chunks))
        deployment.blobs.put(items)
        deployment.index.add(space, additions)

    def _serve(self, jobs: Sequence[Job]) -> None:
        at = self._deployment.clock()

        def plan(job: Job) -> Plan[State, store_file.Event]:
            document = job.document
            command = Ingested(
                at=at,
                generation=job.message.generation,
                chunks=len(document.spans),
                usage_bytes=len(document.text.encode()),
                pages=len(document.pages),
                revision=job.state.revision,
            )
            return Plan(
                STORE_FILE,
                job.stream,
                lambda state: store_file.ingested(state, command),
                loaded=job.loaded,
                meta=_meta(job.message),
            )

        outcomes = self._deployment.streams.decide_all([plan(job) for job in jobs])
        stores = self._deployment.streams.load_many(VECTOR_STORE, list({job.message.store for job in jobs}))
        for job, outcome in zip(jobs, outcomes, strict=True):
            ended = stores[job.message.store].state.ended  # its purge may have run before these chunks were written
            if ended or (outcome.decision is None and not _wanted(outcome.state, job.message.generation)):
                self._remove(job.message, job.space)

    def _discard(self, message: Ingest, store: vector_store.State) -> None:
        if store.owner is not None:
            self._remove(message, store.space)

    def _remove(self, message: Ingest, space: Space) -> None:
        self._deployment.index.remove(space, message.store, message.file, message.generation)
        artefact.delete(self._deployment.blobs, message.store, message.file, message.generation)

    def _fail(self, message: Ingest, failure: Failure) -> Outcome[State, store_file.Event]:
        at = self._deployment.clock()
        return self._decide(message, lambda state: store_file.fail(state, at, message.generation, failure))

    def _decide(
        self, message: Ingest, decide: Callable[[State], Sequence[store_file.Event]]
    ) -> Outcome[State, store_file.Event]:
        stream = store_file_stream(message.store, message.file)
        return self._deployment.streams.decide(STORE_FILE, stream, decide, meta=_meta(message))


def _meta(message: Ingest) -> str:
    return meta_of("ingest", message.request)


def _wanted(state: State, generation: int) -> bool:
    serves = state.serving is not None and state.serving.generation == generation
    return serves or (state.open is not None and state.open.generation == generation)
