"""Lists the chunks of a file in a store, as they are indexed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vectorlog.deployment import Deployment
from vectorlog.domain.errors import Invalid
from vectorlog.domain.store_file import Serving
from vectorlog.files.pieces import Piece, read_pieces
from vectorlog.use_cases import indexed_text
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.pages import Page


@dataclass(frozen=True, slots=True)
class ChunkId:
    """The id of a chunk in lists: the generation that it belongs to, and its number."""

    generation: int
    n: int


@dataclass(frozen=True, slots=True)
class ChunkPage:
    """The page that a request asks for."""

    limit: int = 20
    order: Literal["asc", "desc"] = "asc"
    after: ChunkId | None = None


@dataclass(frozen=True, slots=True)
class ChunkView:
    """A chunk of a file in a store as it is shown."""

    store: str
    file: str
    id: ChunkId
    piece: Piece


def list_page(deployment: Deployment, actor: Actor, store: str, file: str, request: ChunkPage) -> Page[ChunkView]:
    """Returns a page of the chunks of the serving generation, by their numbers.

    Raises:
        NotFound: the store does not exist, or the file is not in it.
        Invalid: no generation serves; or the cursor is a chunk of another generation, or one that there is not.
    """

    def read(serving: Serving) -> Page[ChunkView]:
        first, end = _range(request, serving)
        generation = serving.generation
        pieces = list(read_pieces(deployment.blobs, store, file, generation, first, end - first))
        views = [ChunkView(store, file, ChunkId(generation, piece.n), piece) for piece in pieces]
        if request.order == "asc":
            return Page(tuple(views), end < serving.chunks)
        return Page(tuple(reversed(views)), first > 0)

    _, page = indexed_text.of_serving(deployment, actor, store, file, read)
    return page


def _range(request: ChunkPage, serving: Serving) -> tuple[int, int]:
    """Returns the numbers of the first chunk of the page and of the one after its last."""
    after = request.after
    if after is not None and after.generation != serving.generation:
        message = "Invalid 'after': the file was ingested again since. List its chunks from the beginning."
        raise Invalid(message, param="after")
    if after is not None and after.n >= serving.chunks:
        raise Invalid(f"Invalid 'after': the file has only {serving.chunks} chunks.", param="after")
    if request.order == "asc":
        first = 0 if after is None else after.n + 1
        return first, min(first + request.limit, serving.chunks)
    end = serving.chunks if after is None else after.n
    return max(0, end - request.limit), end
