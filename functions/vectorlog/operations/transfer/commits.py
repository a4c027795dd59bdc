"""Reads the commits of an export, and appends them to a log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar, assert_never

from vectorlog.domain import api_key, file_batch, store_file, uploaded_file, vector_store
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.vectors import Space
from vectorlog.event_log import codec
from vectorlog.event_log.decision import AnyDecision, AnyState
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.provenance import imported
from vectorlog.event_log.streams import Streams
from vectorlog.operations.progress import pages

T = TypeVar("T")


class Diverged(Exception):
    """The target's log has a different commit at the same version. The message names the stream."""


@dataclass(slots=True)
class LogSummary:
    """A summary of each stream's newest state, from one pass over the commits.

    Attributes:
        newest: the newest version of each stream.
        spaces: the space of each store.
        generations: the generations of each file in a store whose artefacts are needed.
        ended: stores and uploaded files whose contents are no longer needed.
        continued: streams to which the target has appended commits since. The target takes care of their objects.
        commits: the number of commits.
        older: folded states of the streams whose newest commit has a state of an older schema.
    """

    newest: dict[str, int] = field(default_factory=dict)
    spaces: dict[str, Space] = field(default_factory=dict)
    generations: dict[str, tuple[int, ...]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    continued: set[str] = field(default_factory=set)
    commits: int = 0
    older: dict[str, object] = field(default_factory=dict)

    def note(self, commit: Commit) -> None:
        """Adds a commit. Those of one stream must be in order."""
        self.commits += 1
        self.newest[commit.stream] = commit.version
        aggregate = codec.aggregate_of(commit.stream)
        events = codec.decode_events(aggregate, commit.events)  # raises if this version cannot read them
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
        """Returns the commit. If it is the newest of its stream, its state is converted to the current schema.

        It may be read before the older commits, from which its state would be folded, are imported.
        """
        if commit.stream not in self.older or commit.version != self.newest[commit.stream]:
            return commit
        keys = codec.decode_keys(commit.state)
        return replace(
            commit, state=codec.encode_state(codec.aggregate_of(commit.stream), self.older[commit.stream], keys)
        )

    def needs(self, key: str) -> bool:
        """Returns whether these commits need an object."""
        match key.split("/"):
            case ["files", file, *_]:
                return self._is_live(file)
            case ["manifests", store, *_]:
                return store in self.newest and store not in self.continued
            case ["artefacts", store, file, generation, *_]:
                stream = store_file_stream(store, file)
                return self._is_live(store) and self._is_live(stream) and int(generation) in self.generations[stream]
        return False

    def _is_live(self, stream: str) -> bool:
        return stream in self.newest and stream not in self.ended and stream not in self.continued


def survey(streams: Streams, commits: Iterable[Commit]) -> LogSummary:
    """Reads every commit, and compares the streams with the target's log.

    Reading everything first means that nothing is imported from an export that this version cannot read.

    Raises:
        UnknownSchema: newer code wrote one of the commits.
    """
    summary = LogSummary()
    for commit in commits:
        summary.note(commit)
    for page in pages(summary.newest):
        existing = streams.log.load_many(page)
        summary.continued.update(
            stream for stream, commit in existing.items() if commit.version > summary.newest[stream]
        )
    return summary


def append_newest(streams: Streams, commits: Iterable[Commit], newest: dict[str, int]) -> None:
    """Appends the newest commit of each stream that the target does not have.

    Workers then read a stream's newest state, and do not repeat work that was due in its past.
    """
    for page in pages(commit for commit in commits if commit.version == newest[commit.stream]):
        existing = streams.log.load_many([commit.stream for commit in page])
        _append(streams, [commit for commit in page if commit.stream not in existing])


def append(streams: Streams, commits: Iterable[Commit], then: Callable[[Sequence[AnyDecision]], None]) -> None:
    """Appends all commits in order, and calls `then` with each page of them. Existing commits are skipped.

    Raises:
        Diverged: the log has a different commit at the same version.
    """
    for page in pages(commits):
        _append(streams, page)
        then([streams.decode(commit) for commit in page])


def _append(streams: Streams, page: Sequence[Commit]) -> None:
    marked = [replace(commit, meta=imported(commit.meta)) for commit in page]
    for commit, existing in zip(marked, streams.log.append(marked), strict=True):
        if existing.id != commit.id:
            raise Diverged(
                f"Stream {commit.stream} has another commit {commit.version} here; import into an empty deployment."
            )
