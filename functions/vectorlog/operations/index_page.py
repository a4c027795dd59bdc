"""Fills an index with the generations of a page of artefacts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from vectorlog.domain import store_file, vector_store
from vectorlog.domain.filters import Attributes
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.vectors import Chunk, Space
from vectorlog.event_log.codec import STORE_FILE, VECTOR_STORE
from vectorlog.event_log.streams import Streams
from vectorlog.files import artefact
from vectorlog.files.blobs import Blobs, NoSuchBlob
from vectorlog.index.chunk_index import FileChunks
from vectorlog.operations.parallel import Parallel, in_turn

CHUNKS = 1024
"""How many chunks are added to the index at a time."""
FEW = 4
"""An artefact of up to so many parts is read as a whole, beside others; the parts of a larger one beside each other."""


class Filled(Protocol):
    """The methods of `ChunkIndex` that filling an index needs."""

    def add(self, space: Space, files: Sequence[FileChunks]) -> None:
        """See ChunkIndex."""
        ...

    def remove(self, space: Space, store: str, file: str, generation: int | None = None) -> None:
        """See ChunkIndex."""
        ...

    def remove_store(self, space: Space, store: str) -> bool:
        """See ChunkIndex."""
        ...


@dataclass(frozen=True, slots=True)
class Generation:
    """The generation that an artefact belongs to."""

    store: str
    file: str
    number: int

    @property
    def stream(self) -> str:
        """The file's stream."""
        return store_file_stream(self.store, self.file)

    @property
    def folder(self) -> str:
        """The prefix of the artefact's keys."""
        return artefact.folder(self.store, self.file, self.number)


Listed = tuple[Generation, frozenset[str]]
"""A generation, and the names of its artefact's objects below its folder."""


@dataclass(frozen=True, slots=True)
class Added:
    """What a page has added.

    Attributes:
        last: the folder of its last artefact.
        files: the number of serving generations.
        chunks: the number of their chunks, and of those of open ones.
        incomplete: the folders of serving artefacts that lack chunks.
    """

    last: str
    files: int
    chunks: int
    incomplete: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A generation that the index must have. `chunks` is their number, or None while it is being ingested. `spaces` are
    those of its store, each with the number of its vectors; the store's own one comes first.
    """

    spaces: tuple[tuple[Space, int], ...]
    row: str
    revision: int
    attributes: Attributes
    chunks: int | None


@dataclass(frozen=True, slots=True)
class _Reading:
    """An artefact to be read: `names` are those of its objects, and `number` is that of the vectors."""

    generation: Generation
    names: Collection[str]
    wants: Wanted
    space: Space
    number: int


class PageFill:
    """Adds the chunks of generations to an index, unless they are retired. Several pages may be filled at once.

    A generation that is retired by the time that it has been added is removed again.

    Args:
        streams: the log's streams.
        blobs: hold the artefacts.
        into: the index. Entries that it already has in a higher revision stay.
        takes: whether the index is for stores of a space.
        reads: reads artefacts. What is read and not yet added is bounded by it and by `CHUNKS`.
    """

    def __init__(
        self, streams: Streams, blobs: Blobs, into: Filled, takes: Callable[[Space], bool], reads: Parallel = in_turn
    ) -> None:
        self._streams = streams
        self._blobs = blobs
        self._into = into
        self._takes = takes
        self._reads = reads

    def __call__(self, page: Sequence[Listed], *, only_open: bool = False) -> Added:
        """Adds the generations that are wanted: those that serve or are open, or those that are open only. Repeating it
        changes nothing.
        """
        names = dict(page)
        wanted = self.wanted(list(names))
        if only_open:
            wanted = {each: wants for each, wants in wanted.items() if wants.chunks is None}
        added = self._add(wanted, names)
        files, incomplete = self._checked(wanted, added)
        return Added(page[-1][0].folder if page else "", files, sum(added.values()), tuple(incomplete))

    def wanted(self, page: Sequence[Generation]) -> dict[Generation, Wanted]:
        """Returns those of the generations that the index must have, by what the log says now."""
        if not page:
            return {}
        files = self._streams.load_many(STORE_FILE, [each.stream for each in page])
        stores = self._streams.load_many(VECTOR_STORE, list({each.store for each in page}))
        pairs = ((each, _want(each, stores[each.store].state, files[each.stream].state)) for each in page)
        wanted = {each: wants for each, wants in pairs if wants is not None}
        return {each: wants for each, wants in wanted.items() if any(self._takes(space) for space, _ in wants.spaces)}

    def _add(self, wanted: Mapping[Generation, Wanted], names: Mapping[Generation, Collection[str]]) -> dict[str, int]:
        """Adds chunks; returns the number of those with the vectors of the store's own space, by folder."""
        added: dict[str, int] = defaultdict(int)
        pending: dict[Space, list[FileChunks]] = defaultdict(list)
        for reading, parts in self._read(wanted, names):
            for part in parts:
                if (reading.space, reading.number) == reading.wants.spaces[0]:
                    added[reading.generation.folder] += len(part.chunks)
                waiting = pending[reading.space]
                waiting.append(part)
                if sum(len(each.chunks) for each in waiting) >= CHUNKS:
                    self._into.add(reading.space, pending.pop(reading.space))
        for space, waiting in pending.items():
            self._into.add(space, waiting)
        return added

    def _read(
        self, wanted: Mapping[Generation, Wanted], names: Mapping[Generation, Collection[str]]
    ) -> Iterator[tuple[_Reading, Iterable[FileChunks]]]:
        small: list[_Reading] = []
        large: list[_Reading] = []
        for each, wants in wanted.items():
            for space, number in wants.spaces:
                if self._takes(space):
                    reading = _Reading(each, names[each], wants, space, number)
                    (small if len(artefact.starts_of(names[each])) <= FEW else large).append(reading)
        yield from zip(small, self._reads(self._whole, small), strict=True)
        yield from ((reading, self._parts(reading)) for reading in large)

    def _whole(self, reading: _Reading) -> list[FileChunks]:
        within = reading.generation.folder
        try:
            parts = artefact.read_named(self._blobs, within, reading.names, number=reading.number)
            return [each for chunks in parts for each in _fitting(reading, chunks)]
        except NoSuchBlob:  # it is being deleted or is incomplete; `_checked` finds out which
            return []

    def _parts(self, reading: _Reading) -> Iterator[FileChunks]:
        one = partial(self._part, reading)
        for part in self._reads(one, artefact.starts_of(reading.names)):
            yield from part

    def _part(self, reading: _Reading, first: int) -> list[FileChunks]:
        name = artefact.part_name(reading.names, first, reading.number)
        try:
            chunks = artefact.read_part(self._blobs, reading.generation.folder, name, first, reading.number)
        except NoSuchBlob:  # as in `_whole`
            return []
        return list(_fitting(reading, chunks)) if chunks else []

    def _checked(self, wanted: Mapping[Generation, Wanted], added: Mapping[str, int]) -> tuple[int, list[str]]:
        """Removes what is retired by now; returns the number of what serves, and the folders that lack chunks."""
        still, files, incomplete = self.wanted(list(wanted)), 0, list[str]()
        for each, wants in wanted.items():
            if each not in still:
                for space, _ in wants.spaces:
                    self._into.remove(space, each.store, each.file, each.number)
            elif wants.chunks is not None and self._takes(wants.spaces[0][0]):
                files += 1
                if added.get(each.folder, 0) != wants.chunks:
                    incomplete.append(each.folder)
        return files, incomplete


def _fitting(reading: _Reading, chunks: tuple[Chunk, ...]) -> Iterator[FileChunks]:
    """Yields the chunks, unless their dimensions differ: an import has then moved the store to another model, and is
    not complete yet.
    """
    each, wants = reading.generation, reading.wants
    if len(chunks[0].vectors[0]) == reading.space.dimensions:
        yield FileChunks(each.store, each.file, each.number, wants.row, wants.revision, wants.attributes, chunks)


def _want(each: Generation, store: vector_store.State, file: store_file.State) -> Wanted | None:
    if store.ended or not store.exists or file.placement is None:
        return None
    row = file.placement.row(each.file)
    if file.serving is not None and file.serving.generation == each.number:
        return Wanted(store.numbered_spaces, row, file.revision, file.serving.attributes, file.serving.chunks)
    if file.open is not None and file.open.generation == each.number:
        return Wanted(store.numbered_spaces, row, file.revision, file.attributes, None)
    return None
