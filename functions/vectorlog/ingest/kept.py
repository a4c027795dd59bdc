"""Vectors of the generation before, which are used again while a store moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from vectorlog.deployment import Deployment
from vectorlog.domain.vectors import Chunk, Vector
from vectorlog.files import artefact
from vectorlog.files.blobs import NoSuchBlob
from vectorlog.ingest.job import Job, Slice


class KeptVectors:
    """The vectors of the generations that serve, for files of stores that move.

    The artefact of each file is read once, part by part, as the slices of its job come in order.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._chunks: dict[Job, Iterator[Chunk]] = {}
        self._ahead: dict[Job, Chunk] = {}

    def of(self, each: Slice) -> dict[int, tuple[Vector, ...]]:
        """Returns the vectors of those chunks of a slice that are the same in the generation that serves; none if the
        store does not move. The space that it leaves has them already.
        """
        job, kept = each.job, dict[int, tuple[Vector, ...]]()
        if job.move is None or job.state.serving is None:
            return kept
        if job not in self._chunks:
            self._chunks[job] = self._read(job, job.state.serving.generation, each.first)
        while (chunk := self._ahead.pop(job, None) or next(self._chunks[job], None)) is not None:
            if chunk.n >= each.end:
                self._ahead[job] = chunk
                break
            if chunk.n >= each.first and (chunk.text, chunk.frame) == (job.text(chunk.n), job.frame(chunk.n)):
                kept[chunk.n] = chunk.vectors
        return kept

    def _read(self, job: Job, generation: int, first: int) -> Iterator[Chunk]:
        where = job.message.store, job.message.file, generation
        with suppress(NoSuchBlob):  # it was retired a moment ago
            for chunks in artefact.read_parts(self._deployment.blobs, *where, first, number=job.number):
                yield from chunks
