"""Imports commits and objects into a deployment.

Repeating an import changes nothing. An interrupted import continues where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vectorlog.deployment import Deployment
from vectorlog.domain.vectors import Space
from vectorlog.event_log.event_log import Commit
from vectorlog.operations.progress import Watch
from vectorlog.operations.readers import ALONE, Readers
from vectorlog.operations.transfer import commits, contents, objects
from vectorlog.operations.transfer.archive import Source
from vectorlog.operations.transfer.completion import Completion
from vectorlog.operations.transfer.contents import COMMITS, CONTENTS, DELETIONS, Contents, NotAnExport
from vectorlog.operations.transfer.report import ImportReport
from vectorlog.reactions.leftovers import SAFE_AGE_MS
from vectorlog.reactions.projector import Projector


@dataclass(frozen=True, slots=True)
class Target:
    """The target of an import.

    Attributes:
        deployment: receives the data.
        projector: of the deployment.
        workers_running: whether workers follow the log's feed during the import, as on AWS.
        instead: the model for stores whose own model is not offered.
        readers: read and write what may be at once.
    """

    deployment: Deployment
    projector: Projector
    workers_running: bool
    instead: Space | None = None
    readers: Readers = ALONE


def import_into(source: Source, target: Target, watch: Watch) -> tuple[Contents, ImportReport]:
    """Imports an export. It holds one entry per stream in memory.

    Raises:
        NotAnExport: the export is incomplete. Some of it may have been imported.
        UnknownSchema: newer code wrote the export. Nothing was imported.
        Diverged: the target's log has different commits in a stream of the export.
    """
    with source.part(CONTENTS) as opened:
        expected = contents.decode(opened.read())
    deployment, began = target.deployment, target.deployment.clock()

    def all_commits(label: str) -> Iterator[Commit]:
        return watch(label, _commits(source, expected), expected.commits + expected.deletions)

    def put_objects() -> int:
        listed = watch("objects", source.objects(), expected.objects)
        number, existing = objects.put(deployment.blobs, listed, summary, target.readers)
        _check_number("objects", number, expected.objects)
        return existing

    summary = commits.survey(deployment.streams, lambda: all_commits("reading commits"))
    _check_number("commits", summary.commits, expected.commits + expected.deletions)
    existing = put_objects()
    if target.workers_running:
        newest = map(summary.readable, all_commits("newest commits"))
        commits.append_newest(deployment.streams, newest, summary.newest, target.readers)
    # Where workers run, they see the newest commits first anyway, and rows are right in any order.
    readers = target.readers if target.workers_running else ALONE
    commits.append(deployment.streams, map(summary.readable, all_commits("commits")), deployment.views.apply, readers)
    # Objects that waited long for their commits, perhaps since an earlier attempt, may have been deleted meanwhile.
    if deployment.clock() - began >= SAFE_AGE_MS or (existing and target.workers_running):
        put_objects()
    completion = Completion(deployment, target.projector, summary, target.instead, target.readers)
    return expected, completion.run(lambda streams: watch("streams", streams, None))


def _commits(source: Source, expected: Contents) -> Iterator[Commit]:
    for part in (COMMITS, DELETIONS) if expected.deletions else (COMMITS,):
        with source.part(part) as lines:
            yield from map(contents.commit_of, lines)


def _check_number(what: str, actual: int, expected: int) -> None:
    if actual != expected:
        raise NotAnExport(f"The export should hold {expected} {what}, but it holds {actual}.")
