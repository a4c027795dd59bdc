"""Embeds chunks, stores their artefacts and adds them to the index.

What is ingested while its store moves to another space is embedded for both. For the space that serves, the vectors of
the generation before are used again, as far as its chunks are the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from vectorlog.deployment import Deployment
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.reporting import ReportingEmbedder
from vectorlog.files import artefact
from vectorlog.files.blobs import NoSuchBlob
from vectorlog.index.chunk_index import FileChunks
from vectorlog.ingest.job import CALL, Job, Slice
from vectorlog.ingest.kept import KeptVectors
from vectorlog.ingest.progress import Notes

Windows = tuple[Vector, ...]
"""The vectors of a chunk."""


def embed(
    deployment: Deployment, batch: Sequence[Slice], embedder: ReportingEmbedder, before: KeptVectors, notes: Notes
) -> None:
    """Embeds slices of one space, and of each also for the space that its store moves to; stores their artefacts and
    adds them to the index. `before` has the vectors of the generations that serve.

    Raises:
        EmbeddingError: a provider has refused. Nothing was stored.
    """
    written = _Written()
    kept = {(each.job, n): vectors for each in batch for n, vectors in before.of(each).items()}
    chunks = [(each.job, n) for each in batch for n in range(each.first, each.end)]
    new = [each for each in chunks if each not in kept]
    made = _vectors(new, embedder, lambda count: None if kept else notes.embedded(batch, count))
    vectors = kept | dict(zip(new, made, strict=True))
    for each in batch:
        windows = [vectors[each.job, n] for n in range(each.first, each.end)]
        written.add(each, each.job.space, windows, each.job.number, beside=False)
    for space, moving in _by_move(batch).items():
        chunks = [(each.job, n) for each in moving for n in range(each.first, each.end)]
        found = iter(_vectors(chunks, deployment.models.embedder(space), lambda _: None))
        for each in moving:
            number = each.job.move.number if each.job.move else 0
            written.add(each, space, [next(found) for _ in range(each.size)], number, beside=True)
    deployment.blobs.put(written.items)
    for space, additions in written.additions.items():
        deployment.index.add(space, additions)


def index_stored(deployment: Deployment, job: Job) -> int:
    """Indexes the parts that an earlier try stored after `next`; returns the first chunk that is still to be embedded.

    Of a store that moves, a part counts if it is stored for both spaces.
    """
    end = job.start
    try:
        for both in _stored(deployment, job, end):
            if all(chunks[0].chunks[0].n == end and job.matches(chunks[0].chunks) for chunks in both):
                for part, space in both:
                    deployment.index.add(space, [part])
                end += len(both[0][0].chunks)
    except NoSuchBlob:  # the try that wrote the first part died before the text was stored
        end = 0
    return end


def _stored(deployment: Deployment, job: Job, start: int) -> Iterator[list[tuple[FileChunks, Space]]]:
    """Yields the stored parts from a chunk on, each for all spaces for which it is needed."""
    where = job.message.store, job.message.file, job.message.generation
    numbers = [(job.space, job.number)] + ([(job.move.space, job.move.number)] if job.move else [])
    parts = [artefact.read_parts(deployment.blobs, *where, start, number=number) for _, number in numbers]
    for both in zip(*parts, strict=False):
        yield [(job.file_chunks(chunks), space) for chunks, (space, _) in zip(both, numbers, strict=True)]


class _Written:
    """What is stored and indexed of a round."""

    def __init__(self) -> None:
        self.items: list[tuple[str, bytes]] = []
        self.additions: dict[Space, list[FileChunks]] = defaultdict(list)

    def add(self, each: Slice, space: Space, windows: Sequence[Windows], number: int, *, beside: bool) -> None:
        """Adds a slice with the vectors of its chunks in a space, which have this number."""
        message, document = each.job.message, each.job.document
        where = message.store, message.file, message.generation
        spans = [(span.start, span.end) for span in document.spans[each.first : each.end]]
        if each.first == 0 and not beside:
            self.items.append(artefact.text_item(*where, document.text))
        self.items.append(
            artefact.part_item(*where, each.first, spans, windows, each.details, number=number, beside=beside)
        )
        self.additions[space].append(each.job.file_chunks(each.chunks(windows)))


def _by_move(batch: Sequence[Slice]) -> Mapping[Space, list[Slice]]:
    """Returns the slices of stores that move, by the space that they move to."""
    moving: dict[Space, list[Slice]] = defaultdict(list)
    for each in batch:
        if each.job.move is not None:
            moving[each.job.move.space].append(each)
    return moving


def _vectors(
    chunks: Sequence[tuple[Job, int]], embedder: ReportingEmbedder, note: Callable[[int], None]
) -> list[Windows]:
    """Returns the vectors of these chunks, and tells how far the embedding has come."""
    vectors: list[Windows] = []
    size = max(CALL, embedder.together)
    for start in range(0, len(chunks), size):
        some = [(job, job.embedded(n, by_windows=embedder.by_windows)) for job, n in chunks[start : start + size]]
        owned = [(job.owner, text) for job, texts in some for text in texts]
        found = iter(embedder.remembered.vectors(owned, embedder.documents))
        vectors += [tuple(vector for _ in texts for vector in next(found)) for _, texts in some]
        note(len(vectors))
    return vectors
