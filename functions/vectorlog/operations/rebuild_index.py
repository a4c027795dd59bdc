"""Fills an index from the artefacts. No file is read or embedded again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from vectorlog.domain import store_file, vector_store
from vectorlog.domain.filters import Attributes
from vectorlog.domain.ids import StoreFileId, StoreId, parse_stream, store_file_stream
from vectorlog.domain.vectors import Space
from vectorlog.domain.vectors_move import VectorsMoveEnded
from vectorlog.event_log.codec import STORE_FILE, VECTOR_STORE
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.streams import Streams
from vectorlog.files import artefact
from vectorlog.files.blobs import Blobs, NoSuchBlob
from vectorlog.index.chunk_index import FileChunks
from vectorlog.operations.progress import Watch, pages

CHUNKS = 1024
"""How many chunks are added to the index at a time."""


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


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A generation that the index must have. `chunks` is their number, or None while it is being ingested. `spaces` are
    those of its store, each with the number of its vectors; the store's own one comes first.
    """

    spaces: tuple[tuple[Space, int], ...]
    row: str
    revision: int
    attributes: Attributes
    chunks: int | None


class Refill:
    """Fills an index with the serving generations, and with the open ones.

    Chunks of an open generation may have been written to the old index before the new one existed. Files may change
    meanwhile: a generation that is retired by the time that it has been added is removed again.

    Args:
        streams: the log's streams.
        blobs: hold the artefacts.
        into: the index. Entries that it already has in a higher revision stay.
        takes: whether the index is for stores of a space.

    Attributes:
        files: the number of serving generations that were added.
        chunks: the number of chunks that were added.
        incomplete: folders of serving artefacts that are missing or do not have all chunks.
    """

    def __init__(
        self, streams: Streams, blobs: Blobs, into: Filled, takes: Callable[[Space], bool] = lambda _: True
    ) -> None:
        self._streams = streams
        self._blobs = blobs
        self._into = into
        self._takes = takes
        self.files = 0
        self.chunks = 0
        self.incomplete: list[str] = []
        self._listed: set[Generation] = set()

    def fill(self, watch: Watch) -> None:
        """Adds the chunks of all artefacts, and notes the serving generations that have none. It holds one entry per
        file of a store in memory.

        Artefacts that are written later are not seen. Either their writers write to this index too, or `catch_up` must
        follow.
        """
        for page in pages(watch("artefacts", self._generations("artefacts/"), None)):
            self._listed.update(page)
            self._add(self._wanted(page))
        streams = {commit.stream for commit in watch("commits", self._streams.log.scan(), None)}
        files = (id for id in map(parse_stream, sorted(streams)) if isinstance(id, StoreFileId))
        for page_of_files in pages(files):
            self._note_missing(page_of_files)

    def catch_up(self, commits: Iterable[Commit]) -> None:
        """Applies what these commits changed, and adds the open generations, whose progress is not in the log.

        Nothing else may write to either index meanwhile.
        """
        for page in pages(commits):
            streams = [parse_stream(text) for text in dict.fromkeys(commit.stream for commit in page)]
            named = (stream.store for stream in streams if isinstance(stream, StoreId | StoreFileId))
            stores = self._streams.load_many(VECTOR_STORE, list(dict.fromkeys(named)))
            left = [(commit.stream, space) for commit in page for space in self._left(commit)]
            left += [(store, loaded.state.space) for store, loaded in stores.items() if loaded.state.ended]
            for store, space in left:
                state = stores[store].state
                while (state.ended or space not in state.spaces) and self._into.remove_store(space, store):
                    continue
            for file in streams:
                if isinstance(file, StoreFileId):
                    for space in stores[file.store].state.spaces:
                        self._into.remove(space, file.store, file.file)
                    self._add(self._wanted(list(self._generations(f"artefacts/{file.store}/{file.file}/"))))
        for generations in pages(self._generations("artefacts/")):
            self._add({each: wants for each, wants in self._wanted(generations).items() if wants.chunks is None})

    def _left(self, commit: Commit) -> Iterator[Space]:
        """Yields the spaces that a commit of a store has left."""
        if isinstance(parse_stream(commit.stream), StoreId):
            for event in self._streams.decode_as(VECTOR_STORE, commit).events:
                if isinstance(event, VectorsMoveEnded):
                    yield event.left

    def _note_missing(self, files: Sequence[StoreFileId]) -> None:
        states = self._streams.load_many(STORE_FILE, [str(id) for id in files])
        serving = ((id, states[str(id)].state.serving) for id in files)
        unlisted = [Generation(id.store, id.file, each.generation) for id, each in serving if each]
        for each in self._wanted([each for each in unlisted if each not in self._listed]):
            if not artefact.part_starts(self._blobs, each.store, each.file, each.number):  # it may be a newer one
                self.incomplete.append(artefact.folder(each.store, each.file, each.number))

    def _generations(self, prefix: str) -> Iterator[Generation]:
        keys = (key.split("/") for key in self._blobs.list(prefix))  # the keys of a generation are adjacent
        for (_, store, file, number), _ in groupby(keys, lambda parts: parts[:-1]):
            yield Generation(store, file, int(number))

    def _add(self, wanted: Mapping[Generation, _Wanted]) -> None:
        added = dict.fromkeys(wanted, 0)
        by_space: dict[Space, list[FileChunks]] = defaultdict(list)
        for each, wants in wanted.items():
            for place, (space, number) in enumerate(wants.spaces):
                for chunks in self._chunks(each, wants, space, number):
                    added[each] += len(chunks.chunks) if place == 0 else 0
                    pending = by_space[space]
                    pending.append(chunks)
                    if sum(len(part.chunks) for part in pending) >= CHUNKS:
                        self._into.add(space, by_space.pop(space))
        for space, pending in by_space.items():
            self._into.add(space, pending)
        self._check(wanted, added)

    def _chunks(self, each: Generation, wants: _Wanted, space: Space, number: int) -> Iterator[FileChunks]:
        if not self._takes(space):
            return
        try:
            for chunks in artefact.read_parts(self._blobs, each.store, each.file, each.number, number=number):
                # If the dimensions differ, an import has moved the store to another model and is not complete yet.
                if len(chunks[0].vectors[0]) == space.dimensions:
                    yield FileChunks(
                        each.store, each.file, each.number, wants.row, wants.revision, wants.attributes, chunks
                    )
        except NoSuchBlob:  # it is being deleted or is incomplete; `_check` finds out which
            return

    def _check(self, wanted: Mapping[Generation, _Wanted], added: Mapping[Generation, int]) -> None:
        still = self._wanted(list(wanted))
        for each, wants in wanted.items():
            self.chunks += added[each]
            if each not in still:
                for space, _ in wants.spaces:
                    self._into.remove(space, each.store, each.file, each.number)
            elif wants.chunks is not None and self._takes(wants.spaces[0][0]):
                self.files += 1
                if added[each] != wants.chunks:
                    self.incomplete.append(artefact.folder(each.store, each.file, each.number))

    def _wanted(self, page: Sequence[Generation]) -> dict[Generation, _Wanted]:
        files = self._streams.load_many(STORE_FILE, [each.stream for each in page])
        stores = self._streams.load_many(VECTOR_STORE, list({each.store for each in page}))
        pairs = ((each, _want(each, stores[each.store].state, files[each.stream].state)) for each in page)
        wanted = {each: wants for each, wants in pairs if wants is not None}
        return {each: wants for each, wants in wanted.items() if any(self._takes(space) for space, _ in wants.spaces)}


def _want(each: Generation, store: vector_store.State, file: store_file.State) -> _Wanted | None:
    if store.ended or not store.exists or file.placement is None:
        return None
    row = file.placement.row(each.file)
    if file.serving is not None and file.serving.generation == each.number:
        return _Wanted(store.numbered_spaces, row, file.revision, file.serving.attributes, file.serving.chunks)
    if file.open is not None and file.open.generation == each.number:
        return _Wanted(store.numbered_spaces, row, file.revision, file.attributes, None)
    return None
