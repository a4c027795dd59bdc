"""Ingest jobs, cut into rounds of chunks that are embedded, written and indexed together, and requeued messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.store_file import State
from vectorlog.domain.vectors import Chunk, Frame, Space, Vector
from vectorlog.domain.vectors_move import Move
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.event_log.streams import Loaded
from vectorlog.files.artefact import Details
from vectorlog.index.chunk_index import FileChunks
from vectorlog.ingest.context import embedded, windows, words
from vectorlog.ingest.document import Document
from vectorlog.work.messages import Ingest

ROUND = 128
"""Maximum number of chunks in one round, so that memory use does not depend on the size of the files."""
CALL = 16
"""Minimum number of chunks in each call for the model that a round may make, unless the round has fewer."""


@dataclass(frozen=True, slots=True)
class Requeue:
    """A message to put back on the queue, because its file continues or is tried again later.

    Attributes:
        delay: in ms; None for the delay that the queue chooses by the number of refusals.
        reason: part of a sentence, for telemetry.
        moved: True if nothing went wrong and the work just continues in another call.
        held: True if all files wait for the same reason, which is reported once for all of them.
    """

    message: Ingest
    delay: int | None
    reason: str
    moved: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A generation that is being ingested; `loaded` is the file's stream as last loaded.

    Attributes:
        space: that of the store.
        number: of the store's vectors (`domain/vectors_move.py`).
        move: the move of the store, for whose space the generation is embedded too.
    """

    message: Ingest
    loaded: Loaded[State]
    space: Space
    document: Document
    number: int = 0
    move: Move | None = None

    @property
    def state(self) -> State:
        """The file's state as last loaded."""
        return self.loaded.state

    @property
    def stream(self) -> str:
        """The file's stream."""
        return store_file_stream(self.message.store, self.message.file)

    @property
    def start(self) -> int:
        """The chunk at which to continue: 0 if the code that embedded the first ones had read the file differently."""
        return self.message.next if self.message.next and self.message.document == self._digest else 0

    @property
    def _digest(self) -> str:
        """Identifies the document, and the vectors that its chunks are given."""
        moves = f"/{self.number}/{self.move.number if self.move else 0}" if self.number or self.move else ""
        return self.document.digest + moves

    @property
    def spaces(self) -> tuple[Space, ...]:
        """The spaces for which the generation is embedded."""
        return (self.space,) if self.move is None else (self.space, self.move.space)

    @property
    def shrank(self) -> bool:
        """Whether an earlier try, whose chunks may be in the index, had cut the file into more chunks."""
        return self.state.open is not None and self.state.open.chunks > len(self.document.spans)

    @property
    def indexed_revision(self) -> int:
        """The lowest revision of the attributes in the generation's chunks, those of earlier calls included."""
        revision = self.state.revision
        return min(self.message.revision, revision) if self.start else revision

    def file_chunks(self, chunks: Sequence[Chunk]) -> FileChunks:
        """Returns chunks of this generation in the form that the index takes."""
        message, placement = self.message, self.state.placement
        row = placement.row(message.file) if placement else ""
        return FileChunks(
            message.store,
            message.file,
            message.generation,
            row,
            self.state.revision,
            self.state.attributes,
            tuple(chunks),
        )

    def out_of_time(self, next_: int) -> Requeue:
        """Returns a message to continue immediately, in another call, from chunk `next_`."""
        return Requeue(self._continued(next_, self._refusals(next_)), 0, "out of time", moved=True)

    def refused(self, next_: int, error: EmbeddingError) -> Requeue:
        """Returns a message to continue from chunk `next_`, after the wait that the provider asks for if it does."""
        delay = int((error.retry_after or 0) * 1000) or None
        later = self._continued(next_, 1 + self._refusals(next_))
        return Requeue(later, delay, str(error), held=error.fault == "deployment")

    def _continued(self, next_: int, refusals: int) -> Ingest:
        revision, document = self.indexed_revision, self._digest if next_ else ""
        return replace(self.message, next=next_, refusals=refusals, revision=revision, document=document)

    def _refusals(self, next_: int) -> int:
        """Returns the number of refusals in a row until now: 0 if chunks were embedded since the last refusal."""
        return self.message.refusals if next_ == self.message.next else 0

    def matches(self, chunks: Sequence[Chunk]) -> bool:
        """Whether these chunks of an earlier try have the same texts as this job's, so that they can be reused."""
        if chunks[-1].n >= len(self.document.spans):
            return False
        return all((chunk.text, chunk.frame) == (self.text(chunk.n), self.frame(chunk.n)) for chunk in chunks)

    def text(self, n: int) -> str:
        """The passage of chunk `n`."""
        span = self.document.spans[n]
        return self.document.text[span.start : span.end]

    def frame(self, n: int) -> Frame:
        """The frame of chunk `n`."""
        span = self.document.spans[n]
        return Frame(span.before, span.after, words(self.state.filename, self.document.title))

    @property
    def owner(self) -> str:
        """The project that the file belongs to."""
        return self.message.project or self.message.store

    def embedded(self, n: int, *, by_windows: bool) -> list[str]:
        """The texts of chunk `n` that are embedded: those of its windows, or one."""
        return windows(self.document, n) if by_windows and self.document.windows else [embedded(self.document, n)]


@dataclass(frozen=True, slots=True)
class Slice:
    """Chunks of a job that are embedded together: `first` up to but not including `end`.

    `byte` is where the first of them begins in the text, in UTF-8.
    """

    job: Job
    first: int
    end: int
    byte: int

    @property
    def size(self) -> int:
        """Number of chunks."""
        return self.end - self.first

    @property
    def details(self) -> Details | None:
        """What the artefact keeps of the chunks, if the reader told where they are."""
        document = self.job.document
        spans, locations = document.spans[self.first : self.end], document.locations[self.first : self.end]
        if not locations:
            return None
        # No chunk holds another, so the last one also ends last.
        end = self.byte + len(document.text[spans[0].start : spans[-1].end].encode())
        frames = [self.job.frame(n) for n in range(self.first, self.end)]
        return Details([span.tokens for span in spans], locations, (self.byte, end), frames)

    def chunks(self, vectors: Sequence[tuple[Vector, ...]]) -> list[Chunk]:
        """Returns the chunks with their vectors."""
        numbers = range(self.first, self.end)
        return [
            Chunk(n, self.job.text(n), windows, self.job.document.location(n), self.job.frame(n))
            for n, windows in zip(numbers, vectors, strict=True)
        ]

    @property
    def last(self) -> bool:
        """Whether these are the last chunks of the job."""
        return self.end == len(self.job.document.spans)


def slices(job: Job, start: int) -> Iterator[Slice]:
    """Cuts a job's chunks from number `start` on into slices of up to `ROUND` chunks."""
    spans, text = job.document.spans, job.document.text
    byte = reached = 0
    for first in range(start, len(spans), ROUND):
        byte += len(text[reached : spans[first].start].encode())
        reached = spans[first].start
        yield Slice(job, first, min(first + ROUND, len(spans)), byte)


def rounds(parts: Iterator[Slice], together: int) -> Iterator[list[Slice]]:
    """Groups slices, in order, into rounds of up to `ROUND` chunks in total. A round ends with a file once it has
    `together` chunks, so that files do not wait for each other in vain.
    """
    current: list[Slice] = []
    for each in parts:
        if current and sum(one.size for one in current) + each.size > ROUND:
            yield current
            current = []
        current.append(each)
        if each.last and sum(one.size for one in current) >= together:
            yield current
            current = []
    if current:
        yield current


def by_space(jobs: Sequence[Job]) -> list[list[Job]]:
    """Groups jobs by space; chunks of one space can be embedded together."""
    groups: dict[Space, list[Job]] = defaultdict(list)
    for job in jobs:
        groups[job.space].append(job)
    return list(groups.values())
