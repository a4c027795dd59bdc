"""Fills an index from the artefacts. No file is read or embedded again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from vectorlog.domain.ids import StoreFileId, StoreId, parse_stream
from vectorlog.domain.vectors import Space
from vectorlog.domain.vectors_move import VectorsMoveEnded
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.streams import Streams
from vectorlog.files.blobs import Blobs
from vectorlog.operations.index_page import Added, Filled, Generation, Listed, PageFill
from vectorlog.operations.missing_artefacts import MissingArtefacts, Section
from vectorlog.operations.parallel import Parallel, in_turn
from vectorlog.operations.progress import Watch, pages
from vectorlog.operations.seen import Seen

ARTEFACTS = "artefacts/"
_KEYS = 1000
"""Keys that are listed at a time: as many as S3 lists in one call."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Who fills an index besides the process that lists the artefacts.

    Attributes:
        parallel: works on pages and on sections of the log.
        fill: adds a page; see `PageFill`.
        missing: finds what has no artefact, in a section; see `MissingArtefacts`.
        sections: in how many sections the log is read.
    """

    parallel: Parallel
    fill: Callable[[Sequence[Listed]], Added]
    missing: Callable[[Seen, Section], list[str]]
    sections: int


class Refill:
    """Fills an index with the serving generations, and with the open ones.

    Chunks of an open generation may have been written to the old index before the new one existed. Files may change
    meanwhile: a generation that is retired by the time that it has been added is removed again.

    Args:
        streams: the log's streams.
        blobs: hold the artefacts.
        into: the index. Entries that it already has in a higher revision stay.
        takes: whether the index is for stores of a space.
        crew: who fills it; None for this thread alone.

    Attributes:
        files: the number of serving generations that were added.
        chunks: the number of chunks that were added.
        incomplete: folders of serving artefacts that are missing or do not have all chunks.
    """

    def __init__(
        self,
        streams: Streams,
        blobs: Blobs,
        into: Filled,
        takes: Callable[[Space], bool] = lambda _: True,
        crew: Crew | None = None,
    ) -> None:
        self._streams = streams
        self._blobs = blobs
        self._into = into
        self._page = PageFill(streams, blobs, into, takes)
        self._crew = crew or Crew(in_turn, self._page, self._missing, 1)
        self.files = 0
        self.chunks = 0
        self.incomplete: list[str] = []

    def fill(
        self,
        watch: Watch,
        total: int | None = None,
        *,
        after: str = "",
        passed: Callable[[str], object] = lambda _: None,
    ) -> None:
        """Adds the chunks of all artefacts, and notes the serving generations that have none. It holds 8 bytes per file
        in memory, and the pages that the crew is at.

        Artefacts that are written later are not seen. Either their writers write to this index too, or `catch_up` must
        follow.

        Args:
            watch: shows the artefacts that are listed, and then the sections of the log.
            total: about how many artefacts there are; None if that is not known.
            after: the folder of the artefact up to which an earlier run has filled the index; see `passed`.
            passed: called now and then with the folder of an artefact. It and all artefacts before it are in the index.
        """
        seen = Seen()

        def left() -> Iterator[Listed]:
            for each in watch("artefacts", self._listed(), total):
                seen.add(each[0].folder)
                if each[0].folder > after:
                    yield each

        for added in self._crew.parallel(self._crew.fill, pages(left())):
            self._count(added)
            passed(added.last)
        sections = [(section, self._crew.sections) for section in range(self._crew.sections)]
        missing = self._crew.parallel(partial(self._crew.missing, seen), sections)
        for folders in watch("log", missing, len(sections)):
            self.incomplete += folders

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
                    keys = sorted(self._blobs.list(f"{ARTEFACTS}{file.store}/{file.file}/"))
                    self._count(self._page(list(_generations(keys))))
        for generations in pages(self._listed()):
            self._count(self._page(generations, only_open=True))

    def _left(self, commit: Commit) -> Iterator[Space]:
        """Yields the spaces that a commit of a store has left."""
        if isinstance(parse_stream(commit.stream), StoreId):
            for event in self._streams.decode_as(VECTOR_STORE, commit).events:
                if isinstance(event, VectorsMoveEnded):
                    yield event.left

    def _listed(self) -> Iterator[Listed]:
        """Yields all artefacts, in the order of their folders."""
        return _generations(_keys_of(self._blobs))

    def _missing(self, seen: Seen, section: Section) -> list[str]:
        return MissingArtefacts(self._streams, self._blobs, self._page.wanted, seen)(section)

    def _count(self, added: Added) -> None:
        self.files += added.files
        self.chunks += added.chunks
        self.incomplete += added.incomplete


def _keys_of(blobs: Blobs) -> Iterator[str]:
    after = ARTEFACTS
    while page := blobs.page(after, _KEYS):
        for each in page:
            if not each.key.startswith(ARTEFACTS):
                return
            yield each.key
        if len(page) < _KEYS:
            return
        after = page[-1].key


def _generations(keys: Iterable[str]) -> Iterator[Listed]:
    """Yields the generations of artefacts' keys, those of a generation being adjacent."""
    for (_, store, file, number), of_one in groupby((key.split("/") for key in keys), lambda parts: parts[:-1]):
        yield Generation(store, file, int(number)), frozenset(name for *_, name in of_one)
