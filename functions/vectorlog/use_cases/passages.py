"""A place in the text of a file in a store: a passage, and the text around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vectorlog.deployment import Deployment
from vectorlog.domain.store_file import Serving
from vectorlog.files.pieces import Piece, read_pieces
from vectorlog.use_cases import indexed_text
from vectorlog.use_cases.actor import Actor

AROUND = 4
"""How many chunks are shown before and after a passage."""


@dataclass(frozen=True, slots=True)
class Place:
    """A passage: the number of a chunk in a generation of a file."""

    generation: int
    n: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A passage with the chunks around it.

    Attributes:
        pieces: the chunks in order; consecutive ones may share text.
        passage: the number of the chunk that was asked for; None if there is none, or the file was ingested again
            since.
        changed: whether the file was ingested again since.
        generation: that of the chunks.
        chunks: how many chunks the file has.
    """

    filename: str
    pieces: Sequence[Piece]
    passage: int | None
    changed: bool
    generation: int
    chunks: int


def read(deployment: Deployment, actor: Actor, store: str, file: str, place: Place | None) -> Shown:
    """Returns what is around a place, or the beginning of the file. It reads no more of the text than it returns.

    Raises:
        NotFound: the store does not exist, or the caller has no role on it, or the file is not in it.
        Expired: the store has expired.
        Invalid: no generation serves.
    """

    def around(serving: Serving) -> tuple[Serving, int | None, Sequence[Piece]]:
        known = place is not None and place.generation == serving.generation and place.n < serving.chunks
        passage = place.n if place is not None and known else None
        first = max(0, (passage or 0) - AROUND)
        count = (passage or 0) + AROUND + 1 - first
        return (
            serving,
            passage,
            list(read_pieces(deployment.blobs, store, file, serving.generation, first, count)),
        )

    view, (serving, passage, pieces) = indexed_text.of_serving(deployment, actor, store, file, around)
    return Shown(
        view.state.filename,
        pieces,
        passage,
        place is not None and place.generation != serving.generation,
        serving.generation,
        serving.chunks,
    )
