"""Commits and objects → an edition. Done again, it changes nothing; cut off, it goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vectorlog.deployment import Deployment
from vectorlog.domain.vectors import Space
from vectorlog.event_log.event_log import Commit
from vectorlog.operations.transfer import commits, contents, objects
from vectorlog.operations.transfer.archive import Source
from vectorlog.operations.transfer.completion import ImportReport, Settlement
from vectorlog.operations.transfer.contents import COMMITS, CONTENTS, Contents, NotAnExport, Watch
from vectorlog.reactions.projector import Projector


@dataclass(frozen=True, slots=True)
class Target:
    """Where an import goes.

    Attributes:
        beside_workers: whether the log's feed is being followed meanwhile, as on AWS.
        instead: the model for stores whose own is not offered.
    """

    deployment: Deployment
    projector: Projector
    beside_workers: bool
    instead: Space | None = None


def bring(source: Source, target: Target, watch: Watch) -> tuple[Contents, ImportReport]:
    """Imports; memory holds an entry for each stream, whatever else there is.

    Raises:
        NotAnExport: the export is not whole; what it does hold may be in by then.
        UnknownSchema: newer code wrote it; nothing was written.
        Diverged: the target has a history of its own.
    """
    with source.part(CONTENTS) as opened:
        said = contents.decode(opened.read())
    deployment, total = target.deployment, said.commits

    streamed = commits.survey(deployment.streams, watch("reading commits", _commits(source), total))
    _agree("commits", streamed.commits, total)
    found = objects.put(deployment.blobs, watch("objects", source.objects(), said.objects), streamed)
    _agree("objects", found, said.objects)
    if target.beside_workers:
        newest = map(streamed.readable, watch("newest commits", _commits(source), total))
        commits.append_newest(deployment.streams, newest, streamed.newest)
    commits.append(
        deployment.streams, map(streamed.readable, watch("commits", _commits(source), total)), deployment.views.apply
    )
    settlement = Settlement(deployment, target.projector, streamed, target.instead)
    return said, settlement.settle(lambda streams: watch("streams", streams, None))


def _commits(source: Source) -> Iterator[Commit]:
    with source.part(COMMITS) as lines:
        yield from map(contents.commit_of, lines)


def _agree(what: str, found: int, said: int) -> None:
    if found != said:
        raise NotAnExport(f"The export says that it holds {said} {what}, and it holds {found}.")
