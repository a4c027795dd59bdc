"""Reads the commits of an export, and appends them to a log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from vectorlog.event_log.decision import AnyDecision
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.provenance import imported
from vectorlog.event_log.streams import Streams
from vectorlog.operations.progress import pages
from vectorlog.operations.readers import ALONE, Readers
from vectorlog.operations.transfer.summary import LogSummary


class Diverged(Exception):
    """The target's log has different commits than the export. The message names a stream, and says what to do."""


def survey(streams: Streams, commits: Callable[[], Iterable[Commit]]) -> LogSummary:
    """Reads every commit, and compares the streams with the target's log.

    Reading everything first means that nothing is imported from an export that this version cannot read, or that does
    not fit to the target's log.

    Raises:
        UnknownSchema: newer code wrote one of the commits.
        Diverged: the target has different commits in a stream of the export.
    """
    summary, standing = LogSummary(), dict[str, tuple[int, str]]()
    for commit in commits():
        summary.note(commit)
    for page in pages(summary.newest):
        for stream, commit in streams.log.load_many(page).items():
            newest = summary.newest[stream]
            if commit.version > newest:
                summary.continued.add(stream)
                summary.take(stream, streams.decode(commit).state)
                [commit] = streams.log.read(stream, newest, 1)
            standing[stream] = commit.version, commit.id
    if standing:
        _compare(standing, commits())
    return summary


def _compare(standing: dict[str, tuple[int, str]], commits: Iterable[Commit]) -> None:
    """Compares commits with those of the target: a version and id for each stream that both have."""
    diverged: dict[str, int] = {}
    for commit in commits:
        version, id = standing.get(commit.stream, (None, ""))
        if commit.version == version and commit.id != id:
            diverged[commit.stream] = commit.version
    if diverged:
        stream, version = next(iter(diverged.items()))
        more = f" and {len(diverged) - 1:,} other streams differ too" if len(diverged) > 1 else ""
        raise _diverged(stream, version, more)


def append_newest(streams: Streams, commits: Iterable[Commit], newest: dict[str, int], readers: Readers) -> None:
    """Appends the newest commit of each stream that the target does not have.

    Workers then read a stream's newest state, and do not repeat work that was due in its past.
    """

    def append_page(page: Sequence[Commit]) -> None:
        existing = streams.log.load_many([commit.stream for commit in page])
        versions = {stream: commit.version for stream, commit in existing.items()}
        _append(streams, [commit for commit in page if versions.get(commit.stream, -1) < commit.version])

    for _ in readers.each(append_page, pages(commit for commit in commits if commit.version == newest[commit.stream])):
        continue


def append(
    streams: Streams, commits: Iterable[Commit], then: Callable[[Sequence[AnyDecision]], None], readers: Readers = ALONE
) -> None:
    """Appends all commits, and calls `then` with each page of them, in order unless `readers` do several pages at once.
    Existing commits are skipped.

    Raises:
        Diverged: the log has a different commit at the same version, which was appended during the import.
    """

    def append_page(page: Sequence[Commit]) -> None:
        _append(streams, page)
        then([streams.decode(commit) for commit in page])

    for _ in readers.each(append_page, pages(commits)):
        continue


def _append(streams: Streams, page: Sequence[Commit]) -> None:
    marked = [replace(commit, meta=imported(commit.meta)) for commit in page]
    for commit, existing in zip(marked, streams.log.append(marked), strict=True):
        if existing.id != commit.id:
            raise _diverged(commit.stream, commit.version)


def _diverged(stream: str, version: int, more: str = "") -> Diverged:
    return Diverged(
        f"Stream {stream} has another commit {version} here{more}. This deployment has made changes of its own, by "
        "requests or by finishing work, which the export does not know. Import into an empty deployment."
    )
