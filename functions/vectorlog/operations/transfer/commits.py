"""The commits of an export, on their way into a log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeVar, assert_never

from vectorlog.domain import api_key, file_batch, store_file, uploaded_file, vector_store
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.vectors import Space
from vectorlog.event_log import codec
from vectorlog.event_log.decision import AnyDecision, AnyState
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.provenance import imported
from vectorlog.event_log.streams import Streams

T = TypeVar("T")

PAGE = 256


class Diverged(Exception):
    """The target's log has another commit where the export has one; the message names its stream."""


@dataclass(slots=True)
class LogSummary:
    """What one pass over the commits shows of where each stream ends.

    Attributes:
        newest: version, by stream.
        spaces: of each store.
        generations: of each file in a store, those whose artefact is needed.
        ended: stores and uploaded files whose contents nobody needs.
        gone_on: streams that have commits of the target's own, which sees to their objects.
        older: states of streams whose newest commit has one of an older schema, folded.
    """

    newest: dict[str, int] = field(default_factory=dict)
    spaces: dict[str, Space] = field(default_factory=dict)
    generations: dict[str, tuple[int, ...]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    gone_on: set[str] = field(default_factory=set)
    commits: int = 0
    older: dict[str, object] = field(default_factory=dict)

    def note(self, commit: Commit) -> None:
        """Takes in a commit that comes after the others of its stream."""
        self.commits += 1
        self.newest[commit.stream] = commit.version
        aggregate = codec.aggregate_of(commit.stream)
        events = codec.decode_events(aggregate, commit.events)  # raises where this version cannot read them
        written = codec.decode_state(aggregate, commit.state)
        if written is None:
            written = self.older[commit.stream] = codec.fold(aggregate, events, self.older.get(commit.stream))
        else:
            self.older.pop(commit.stream, None)
        state: AnyState = written
        match state:
            case vector_store.State():
                self.spaces[commit.stream] = state.space
                if state.ended:
                    self.ended.add(commit.stream)
            case uploaded_file.State():
                if state.deleted:
                    self.ended.add(commit.stream)
            case store_file.State():
                self.generations[commit.stream] = tuple(each.generation for each in (state.open, state.serving) if each)
            case file_batch.State() | api_key.State():
                pass
            case _ as never:
                assert_never(never)

    def readable(self, commit: Commit) -> Commit:
        """The commit, with its state of today's schema if it is the newest of its stream: it may be read when the
        commits that it would be folded from are not in yet.
        """
        if commit.stream not in self.older or commit.version != self.newest[commit.stream]:
            return commit
        keys = codec.decode_keys(commit.state)
        return replace(
            commit, state=codec.encode_state(codec.aggregate_of(commit.stream), self.older[commit.stream], keys)
        )

    def needs(self, key: str) -> bool:
        """Whether an object is of what these commits keep."""
        match key.split("/"):
            case ["files", file, *_]:
                return self._lives(file)
            case ["manifests", store, *_]:
                return store in self.newest and store not in self.gone_on
            case ["artefacts", store, file, generation, *_]:
                stream = store_file_stream(store, file)
                return self._lives(store) and self._lives(stream) and int(generation) in self.generations[stream]
        return False

    def _lives(self, stream: str) -> bool:
        return stream in self.newest and stream not in self.ended and stream not in self.gone_on


def survey(streams: Streams, commits: Iterable[Commit]) -> LogSummary:
    """Reads every commit, so that nothing is written of an export that this version cannot read, and sees how far the
    target is.

    Raises:
        UnknownSchema: newer code wrote one of them.
    """
    found = LogSummary()
    for commit in commits:
        found.note(commit)
    for page in pages(found.newest):
        there = streams.log.load_many(page)
        found.gone_on.update(stream for stream, commit in there.items() if commit.version > found.newest[stream])
    return found


def append_newest(streams: Streams, commits: Iterable[Commit], newest: dict[str, int]) -> None:
    """Appends the last commit of each stream that the target does not have. Whoever reads a stream from then on reads
    its end, and never takes its past for what is to be done now.
    """
    for page in pages(commit for commit in commits if commit.version == newest[commit.stream]):
        there = streams.log.load_many([commit.stream for commit in page])
        _append(streams, [commit for commit in page if commit.stream not in there])


def append(streams: Streams, commits: Iterable[Commit], then: Callable[[Sequence[AnyDecision]], None]) -> None:
    """Appends all commits, in their order; one that is there already is no error. `then` gets each page of them.

    Raises:
        Diverged: another one is there.
    """
    for page in pages(commits):
        _append(streams, page)
        then([streams.decode(commit) for commit in page])


def _append(streams: Streams, page: Sequence[Commit]) -> None:
    marked = [replace(commit, meta=imported(commit.meta)) for commit in page]
    for commit, standing in zip(marked, streams.log.append(marked), strict=True):
        if standing.id != commit.id:
            raise Diverged(
                f"Stream {commit.stream} has another commit {commit.version} here; import into an empty edition."
            )


def pages(items: Iterable[T]) -> Iterator[list[T]]:
    """Items, a page at a time."""
    rest = iter(items)
    while page := list(islice(rest, PAGE)):
        yield page
