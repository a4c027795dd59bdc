"""Generations under way, cut into rounds of chunks that are embedded, written and indexed together; and what comes
again later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.store_file import State
from vectorlog.domain.vectors import Chunk, Space
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.event_log.streams import Loaded
from vectorlog.index.chunk_index import FileChunks
from vectorlog.ingest.document import Document
from vectorlog.work.messages import Ingest

ROUND = 128
"""Chunks that one round embeds, writes and indexes: bounds memory, whatever the size of the file."""


@dataclass(frozen=True, slots=True)
class Later:
    """A message that has to come again, after `delay` ms; None: after the queue's own delay. `moved`: nothing went
    wrong, the work only goes on in another call.
    """

    message: Ingest
    delay: int | None
    reason: str
    moved: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A generation that is being ingested; `loaded` is the file's stream as it was last seen."""

    message: Ingest
    loaded: Loaded[State]
    space: Space
    document: Document

    @property
    def state(self) -> State:
        """What the file was then."""
        return self.loaded.state

    @property
    def stream(self) -> str:
        """The file's stream."""
        return store_file_stream(self.message.store, self.message.file)

    def carries(self, chunks: Sequence[Chunk]) -> FileChunks:
        """Chunks of it, as the index takes them."""
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

    def out_of_time(self, next_: int) -> Later:
        """Goes on at once from chunk `next_`, elsewhere."""
        return Later(replace(self.message, next=next_, refusals=self._refusals(next_)), 0, "out of time", moved=True)

    def refused(self, next_: int, error: EmbeddingError) -> Later:
        """Goes on from chunk `next_` when the provider asks for it, if it does."""
        delay = int((error.retry_after or 0) * 1000) or None
        return Later(replace(self.message, next=next_, refusals=1 + self._refusals(next_)), delay, str(error))

    def _refusals(self, next_: int) -> int:
        """Those in a row until now: where chunks were embedded since the last, none."""
        return self.message.refusals if next_ == self.message.next else 0

    def matches(self, chunks: Sequence[Chunk]) -> bool:
        """Whether these are its own chunks: an earlier try cut the text at the same places."""
        spans, text = self.document.spans, self.document.text
        inside = chunks[-1].n < len(spans)
        return inside and all(chunk.text == text[spans[chunk.n].start : spans[chunk.n].end] for chunk in chunks)


@dataclass(frozen=True, slots=True)
class Slice:
    """Chunks of a job that are to be embedded: `first` up to `end`."""

    job: Job
    first: int
    end: int

    @property
    def size(self) -> int:
        """How many they are."""
        return self.end - self.first

    @property
    def texts(self) -> list[str]:
        """Their texts."""
        document = self.job.document
        return [document.text[span.start : span.end] for span in document.spans[self.first : self.end]]

    @property
    def last(self) -> bool:
        """Whether the job is done with them."""
        return self.end == len(self.job.document.spans)


def slices(job: Job, start: int) -> Iterator[Slice]:
    """What is left of a job from chunk `start` on."""
    total = len(job.document.spans)
    for first in range(start, total, ROUND):
        yield Slice(job, first, min(first + ROUND, total))


def rounds(cut: Iterator[Slice]) -> Iterator[list[Slice]]:
    """Slices in rounds of up to `ROUND` chunks."""
    gathered: list[Slice] = []
    for each in cut:
        if gathered and sum(one.size for one in gathered) + each.size > ROUND:
            yield gathered
            gathered = []
        gathered.append(each)
    if gathered:
        yield gathered


def by_space(jobs: Sequence[Job]) -> list[list[Job]]:
    """Jobs whose chunks can be embedded together."""
    groups: dict[Space, list[Job]] = defaultdict(list)
    for job in jobs:
        groups[job.space].append(job)
    return list(groups.values())
