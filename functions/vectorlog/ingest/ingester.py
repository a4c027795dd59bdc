"""Ingest: turns uploaded bytes into text, chunks, vectors, an artefact and index entries, then lets them serve.

Several files share each step: one append, one embedding call, one write of artefacts, one write to the index. Every
step is safe to repeat: chunks and artefacts have fixed keys, and only an open generation can start to serve.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, wait
from dataclasses import replace

from vectorlog.deployment import Deployment
from vectorlog.domain import store_file
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.store_file import Failure, Ingested, State
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.event_log.codec import STORE_FILE, UPLOADED_FILE, VECTOR_STORE
from vectorlog.event_log.streams import Plan
from vectorlog.ingest.crowd import ALONE, Crowd
from vectorlog.ingest.document import Reader
from vectorlog.ingest.embed import embed, index_stored
from vectorlog.ingest.endings import STORE_EXPIRED, Endings, meta_for, needed
from vectorlog.ingest.job import Job, Requeue, Slice, by_space, rounds, slices
from vectorlog.ingest.kept import KeptVectors
from vectorlog.ingest.progress import Notes
from vectorlog.ingest.reading import Due, Reading
from vectorlog.views.deadlines import INGEST_DEADLINE_MS
from vectorlog.work.messages import Ingest

GATHER_S = 0.25
"""Seconds for which files that have been read wait for other files, to be embedded together; a slow file does not delay
the others for longer.
"""
_OTHER_TEXT = "It embeds other texts. Change the file, or its chunking, and attach it again."


class Ingester:
    """Ingests several files at a time; `executor` runs the readers in parallel."""

    def __init__(
        self, deployment: Deployment, reader: Reader, executor: Executor, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._deployment = deployment
        self._reading = Reading(deployment, reader, timer)
        self._executor = executor
        self._endings = Endings(deployment)

    def ingest(
        self, messages: Sequence[Ingest], time_left: Callable[[], bool] = lambda: True, crowd: Crowd = ALONE
    ) -> list[Requeue]:
        """Ingests each message's generation until it serves or fails; returns the messages to put back on the queue.

        `time_left` is called before each round. Once it returns False, the files that are not finished are requeued, to
        continue from the chunk where they stopped. If others wait, files that take long to read are requeued too.
        """
        self._deployment.wake()  # while the files are read
        requeues: list[Requeue] = []
        prepare = self._reading.begin(list(self._due(messages)), crowd)
        reading = [self._executor.submit(each) for each in prepare]
        while reading:
            read, unread = wait(reading, GATHER_S)
            if not read:
                read, unread = wait(reading, return_when=FIRST_COMPLETED)
            requeues += self._finish([each.result() for each in reading if each in read], time_left)
            reading = [each for each in reading if each in unread]
        return requeues

    def _finish(self, outcomes: Sequence[Job | Requeue | None], time_left: Callable[[], bool]) -> list[Requeue]:
        """Runs the remaining steps for files that have been read."""
        requeues = [outcome for outcome in outcomes if isinstance(outcome, Requeue)]
        jobs = self._record_chunk_counts([outcome for outcome in outcomes if isinstance(outcome, Job)])
        for group in by_space(jobs):
            requeues += self._embed_all(group, time_left)
        return requeues

    def give_up(self, message: Ingest, reason: str) -> None:
        """See `Endings.give_up`."""
        self._endings.give_up(message, reason)

    def _due(self, messages: Sequence[Ingest]) -> Iterator[Due]:
        """Yields the messages whose generation is open and has to be ingested.

        For the others it removes chunks and artefacts that are no longer needed, or ends the generation.
        """
        streams = self._deployment.streams
        states = streams.load_many(STORE_FILE, [store_file_stream(each.store, each.file) for each in messages])
        stores = streams.load_many(VECTOR_STORE, list({each.store for each in messages}))
        files = streams.load_many(UPLOADED_FILE, list({each.file for each in messages}))
        now = self._deployment.clock()
        for message in dict.fromkeys(messages):
            loaded = states[store_file_stream(message.store, message.file)]
            state, store, file = loaded.state, stores[message.store].state, files[message.file].state
            if not store.exists or not needed(state, message.generation):
                self._endings.discard(message, store)
            elif store.ended:
                self._endings.fail(message, STORE_EXPIRED)
                self._endings.discard(message, store)
            elif state.open is None or state.open.generation != message.generation:
                continue  # it is already serving; a newer one may be open, with other settings
            elif not file.is_available(now):
                self._endings.decide(message, lambda current: store_file.detach(current, now, "file_deleted"))
            elif self._deployment.worked(state.open.since, now) > INGEST_DEADLINE_MS:
                self._endings.give_up(message, "it was not finished within a day")
            else:
                yield Due(message, loaded, store, file)

    def _record_chunk_counts(self, jobs: Sequence[Job]) -> list[Job]:
        """Appends each generation's number of chunks; returns the jobs with their streams as they are then."""

        def plan(job: Job) -> Plan[State, store_file.Event]:
            chunks = len(job.document.spans)
            return Plan(
                STORE_FILE,
                job.stream,
                lambda state: store_file.chunked(state, job.message.generation, chunks),
                loaded=job.loaded,
                meta=meta_for(job.message),
            )

        outcomes = self._deployment.streams.decide_all([plan(job) for job in jobs])
        recorded = [replace(job, loaded=outcome.loaded) for job, outcome in zip(jobs, outcomes, strict=True)]
        for job in recorded:
            if job.start == 0 and job.shrank:
                self._endings.remove(job.message, job.spaces)
        return recorded

    def _embed_all(self, jobs: Sequence[Job], time_left: Callable[[], bool]) -> list[Requeue]:
        """Embeds, indexes and serves the jobs of one space, small ones first; returns the messages to requeue."""
        waiting = {job: job.start for job in sorted(jobs, key=lambda job: len(job.document.spans))}
        embedder, notes = self._deployment.models.embedder(jobs[0].space), Notes(self._deployment, jobs)
        before = KeptVectors(self._deployment)
        try:
            for batch in rounds(self._remaining_slices(list(waiting)), embedder.together):
                if not time_left():
                    return [job.out_of_time(next_) for job, next_ in waiting.items()]
                embed(self._deployment, batch, embedder, before, notes)
                waiting |= {each.job: each.end for each in batch}
                done = [each.job for each in batch if each.last]
                self._serve(done)
                for job in done:
                    del waiting[job]
            self._serve(list(waiting))  # earlier tries had embedded every chunk of these
        except EmbeddingError as error:
            return self._refused(waiting, error, time_left)
        return []

    def _refused(self, waiting: dict[Job, int], error: EmbeddingError, time_left: Callable[[], bool]) -> list[Requeue]:
        """Handles a refusal by the provider and returns the messages to requeue.

        Unless it refused the text, all jobs wait. Otherwise several jobs are tried again one by one, so that only those
        that cause it fail.
        """
        if error.fault != "text":
            later = [(job, job.refused(next_, error)) for job, next_ in waiting.items()]
            return [kept for job, requeue in later for kept in self._endings.wait(job.loaded.state, requeue)]
        if len(waiting) > 1:
            return [requeue for job in waiting for requeue in self._embed_all([job], time_left)]
        for job in waiting:
            self._endings.fail(
                job.message,
                Failure("server_error", f"The embedding provider refused the text: {error}. {_OTHER_TEXT}"),
            )
        return []

    def _remaining_slices(self, jobs: Sequence[Job]) -> Iterator[Slice]:
        """Yields the chunks still to be embedded; indexes the parts that an earlier try stored after `next`."""
        for job in jobs:
            yield from slices(job, index_stored(self._deployment, job))

    def _serve(self, jobs: Sequence[Job]) -> None:
        """Appends the events that make the generations serve; removes those that are no longer needed."""
        at = self._deployment.clock()

        def plan(job: Job) -> Plan[State, store_file.Event]:
            document = job.document
            command = Ingested(
                at=at,
                generation=job.message.generation,
                chunks=len(document.spans),
                usage_bytes=len(document.text.encode()),
                pages=len(document.pages),
                revision=job.indexed_revision,
                warnings=document.warnings,
                move=job.move.number if job.move else 0,
            )
            return Plan(
                STORE_FILE,
                job.stream,
                lambda state: store_file.ingested(state, command),
                loaded=job.loaded,
                meta=meta_for(job.message),
            )

        outcomes = self._deployment.streams.decide_all([plan(job) for job in jobs])
        stores = self._deployment.streams.load_many(VECTOR_STORE, list({job.message.store for job in jobs}))
        for job, outcome in zip(jobs, outcomes, strict=True):
            store = stores[job.message.store].state  # purges may have run before these chunks were written
            if store.ended or (outcome.decision is None and not needed(outcome.state, job.message.generation)):
                self._endings.remove(job.message, job.spaces)
            else:
                self._endings.remove_chunks(job.message, [each for each in job.spaces if each not in store.spaces])
