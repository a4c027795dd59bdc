"""Finds the serving generations that have no artefact at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from vectorlog.domain.ids import StoreFileId, parse_stream
from vectorlog.domain.store_file import Serving
from vectorlog.event_log.codec import STORE_FILE
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.streams import Streams
from vectorlog.files import artefact
from vectorlog.files.blobs import Blobs
from vectorlog.operations.index_page import Generation, Wanted
from vectorlog.operations.progress import pages
from vectorlog.operations.seen import Seen

Section = tuple[int, int]
"""A part of the log, and of how many; see `EventLog.scan`."""
StillWanted = Callable[[Sequence[Generation]], dict[Generation, Wanted]]
"""Returns those of some generations that the index must have; see `PageFill.wanted`."""


class MissingArtefacts:
    """Finds them in a section of the log, one page of commits in memory.

    Args:
        streams: the log's streams.
        blobs: hold the artefacts.
        wanted: tells which generations are wanted by now.
        seen: the folders of the artefacts that were listed.
    """

    def __init__(self, streams: Streams, blobs: Blobs, wanted: StillWanted, seen: Seen) -> None:
        self._streams = streams
        self._blobs = blobs
        self._wanted = wanted
        self._seen = seen

    def __call__(self, section: Section) -> list[str]:
        """Returns the folders of the artefacts that are missing."""
        return sorted(set(self._found(section)))

    def _found(self, section: Section) -> Iterator[str]:
        for page in pages(self._streams.log.scan(*section)):
            # Most of these have been retired since: the artefacts of what serves were listed.
            suspects = dict.fromkeys(commit.stream for commit in page if self._is_suspect(commit))
            newest = self._streams.load_many(STORE_FILE, list(suspects))
            generations = (_serving(stream, loaded.state.serving) for stream, loaded in newest.items())
            unlisted = [each for each in generations if each is not None and each.folder not in self._seen]
            for each in self._wanted(unlisted):
                if not artefact.part_starts(self._blobs, each.store, each.file, each.number):  # it may be a newer one
                    yield each.folder

    def _is_suspect(self, commit: Commit) -> bool:
        if not isinstance(parse_stream(commit.stream), StoreFileId):
            return False
        serving = self._streams.decode_as(STORE_FILE, commit).state.serving
        generation = _serving(commit.stream, serving)
        return generation is not None and generation.folder not in self._seen


def _serving(stream: str, serving: Serving | None) -> Generation | None:
    id = StoreFileId.parse(stream)
    return Generation(id.store, id.file, serving.generation) if serving else None
