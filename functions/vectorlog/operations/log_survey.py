"""What the stores and files of a log need of an index, from one pass over a section of the log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from vectorlog.domain.ids import StoreFileId, StoreId, parse_stream
from vectorlog.domain.vectors import Space
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.event_log.streams import Streams


@dataclass(slots=True)
class Survey:
    """What was found.

    Attributes:
        spaces: of each store that is neither expired nor deleted.
        files: about how many files stores have or had. It counts a stream again if another one's commits come between,
            as they do in SQLite.
    """

    spaces: dict[str, tuple[Space, ...]] = field(default_factory=dict)
    files: int = 0


def survey(streams: Streams, section: tuple[int, int]) -> Survey:
    """Returns what a section of the log says; see `EventLog.scan`."""
    found, last = Survey(), ""
    for commit in streams.log.scan(*section):
        id = parse_stream(commit.stream)
        if isinstance(id, StoreId):
            state = streams.decode_as(VECTOR_STORE, commit).state
            found.spaces[commit.stream] = state.spaces
            if state.ended:
                del found.spaces[commit.stream]
        elif isinstance(id, StoreFileId):
            found.files += commit.stream != last
        last = commit.stream
    return found


def together(surveys: Iterable[Survey]) -> Survey:
    """Returns what all sections say."""
    whole = Survey()
    for each in surveys:
        whole.spaces |= each.spaces
        whole.files += each.files
    return whole
