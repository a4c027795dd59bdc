"""The index, filled from the artefacts: nothing is read or embedded again."""

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
from vectorlog.event_log.codec import STORE_FILE, VECTOR_STORE
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.streams import Streams
from vectorlog.files import artefact
from vectorlog.files.blobs import Blobs, NoSuchBlob
from vectorlog.index.chunk_index import FileChunks
from vectorlog.operations.transfer.commits import pages
from vectorlog.operations.transfer.contents import Watch

CHUNKS = 1024
"""Chunks that are given to the index at a time."""


class Filled(Protocol):
    """What of a `ChunkIndex` it takes to fill one."""

    def add(self, space: Space, files: Sequence[FileChunks]) -> None:
        """See ChunkIndex."""
        ...

    def remove(self, space: Space, store: str, file: str, generation: int | None = None) -> None:
        """See ChunkIndex."""
        ...

    def remove_store(self, space: Space, store: str) -> None:
        """See ChunkIndex."""
        ...


@dataclass(frozen=True, slots=True)
class Generation:
    """Where an artefact belongs."""

    store: str
    file: str
    number: int

    @property
    def stream(self) -> str:
        """The file's stream."""
        return store_file_stream(self.store, self.file)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A generation that the index has to hold. `chunks`: as many as there are; None while it is being ingested."""

    space: Space
    row: str
    revision: int
    attributes: Attributes
    chunks: int | None


class Refill:
    """Puts into an index what serves, and what is being ingested, which may have been written to another one before
    this one was there.

    Files may change meanwhile: what nobody wants any more by the time that it is in is taken out again.

    Args:
        into: the index. What it holds in a higher revision stays.
        takes: which stores it is for.

    Attributes:
        files: generations that serve and are in.
        chunks: that were given to the index.
        incomplete: folders of artefacts which serve and do not hold all chunks.
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

    def fill(self, watch: Watch) -> None:
        """Goes through all artefacts. What is written later than this is not seen: whoever writes it writes to the
        index too, or `catch_up` follows.
        """
        for page in pages(watch("artefacts", self._generations("artefacts/"), None)):
            self._add(self._wanted(page))

    def catch_up(self, commits: Iterable[Commit]) -> None:
        """Does what these commits changed, and adds what is being ingested, whose rounds no commit tells of; when
        nobody writes to either index.
        """
        for page in pages(commits):
            streams = [parse_stream(text) for text in dict.fromkeys(commit.stream for commit in page)]
            named = (stream.store for stream in streams if isinstance(stream, StoreId | StoreFileId))
            stores = self._streams.load_many(VECTOR_STORE, list(dict.fromkeys(named)))
            for store, loaded in stores.items():
                if loaded.state.ended:
                    self._into.remove_store(loaded.state.space, store)
            for file in streams:
                if isinstance(file, StoreFileId):
                    self._into.remove(stores[file.store].state.space, file.store, file.file)
                    self._add(self._wanted(list(self._generations(f"artefacts/{file.store}/{file.file}/"))))
        for generations in pages(self._generations("artefacts/")):
            self._add({each: wants for each, wants in self._wanted(generations).items() if wants.chunks is None})

    def _generations(self, prefix: str) -> Iterator[Generation]:
        keys = (key.split("/") for key in self._blobs.list(prefix))  # those of a generation are neighbours
        for (_, store, file, number), _ in groupby(keys, lambda parts: parts[:-1]):
            yield Generation(store, file, int(number))

    def _add(self, wanted: Mapping[Generation, _Wanted]) -> None:
        given = dict.fromkeys(wanted, 0)
        gathered: dict[Space, list[FileChunks]] = defaultdict(list)
        for each, wants in wanted.items():
            for chunks in self._chunks(each, wants):
                given[each] += len(chunks.chunks)
                waiting = gathered[wants.space]
                waiting.append(chunks)
                if sum(len(part.chunks) for part in waiting) >= CHUNKS:
                    self._into.add(wants.space, gathered.pop(wants.space))
        for space, waiting in gathered.items():
            self._into.add(space, waiting)
        self._check(wanted, given)

    def _chunks(self, each: Generation, wants: _Wanted) -> Iterator[FileChunks]:
        try:
            for chunks in artefact.read_parts(self._blobs, each.store, each.file, each.number):
                if (
                    len(chunks[0].vectors[0]) == wants.space.dimensions
                ):  # or an import that gave the store another model is not done yet
                    yield FileChunks(
                        each.store, each.file, each.number, wants.row, wants.revision, wants.attributes, chunks
                    )
        except NoSuchBlob:  # it is being deleted, as `_check` finds out; or it is incomplete, which `_check` tells
            return

    def _check(self, wanted: Mapping[Generation, _Wanted], given: Mapping[Generation, int]) -> None:
        still = self._wanted(list(wanted))
        for each, wants in wanted.items():
            self.chunks += given[each]
            if each not in still:
                self._into.remove(wants.space, each.store, each.file, each.number)
            elif wants.chunks is not None:
                self.files += 1
                if given[each] != wants.chunks:
                    self.incomplete.append(artefact.folder(each.store, each.file, each.number))

    def _wanted(self, page: Sequence[Generation]) -> dict[Generation, _Wanted]:
        files = self._streams.load_many(STORE_FILE, [each.stream for each in page])
        stores = self._streams.load_many(VECTOR_STORE, list({each.store for each in page}))
        found = ((each, _want(each, stores[each.store].state, files[each.stream].state)) for each in page)
        return {each: wants for each, wants in found if wants is not None and self._takes(wants.space)}


def _want(each: Generation, store: vector_store.State, file: store_file.State) -> _Wanted | None:
    if store.ended or not store.exists or file.placement is None:
        return None
    row = file.placement.row(each.file)
    if file.serving is not None and file.serving.generation == each.number:
        return _Wanted(store.space, row, file.revision, file.serving.attributes, file.serving.chunks)
    if file.open is not None and file.open.generation == each.number:
        return _Wanted(store.space, row, file.revision, file.attributes, None)
    return None
