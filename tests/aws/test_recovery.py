"""Lost views and a lost index, rebuilt from many commits and artefacts on the real servers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import TypeVar

import pytest

from local_aws.servers import Servers
from tests.operations.transfer.answers import unwatched
from tests.support import many_files
from tests.support.aws_meter import metered
from tests.support.aws_recovery import SPACE, Lost, lost
from tests.support.waits import no_waits
from vectorlog.defaults import DAY_MS
from vectorlog.event_log.dynamodb import DynamoDBEventLog
from vectorlog.event_log.event_log import Commit
from vectorlog.index.analyser import VERSION
from vectorlog.index.opensearch.succession import Succession
from vectorlog.operations import progress
from vectorlog.operations.index_page import Added, Listed, PageFill
from vectorlog.operations.progress import Watch
from vectorlog.operations.rebuild_index import Refill
from vectorlog.runtime.aws import index_checkpoint, rebuild_index, rebuild_views, views_checkpoint

pytestmark = pytest.mark.aws

T = TypeVar("T")

FILES, STORES = 480, 4
LATENCY_S = 0.1


class Killed(Exception):
    """The process dies."""


def test_round_trips(servers: Servers) -> None:
    """The threads of one process need a tenth of the sequential round trips to DynamoDB and S3 that one thread needs,
    at most, and S3 is called once for each object.
    """
    with lost(servers) as left:
        made = many_files.fill(left.deployment.streams.log, left.deployment.blobs, FILES, STORES, uploads=False)
        with metered(left.dynamodb, left.s3) as alone:
            _alone(left).fill(unwatched)
        assert alone.round_trips > 2 * FILES
        with metered(left.dynamodb, left.s3, latency=LATENCY_S) as together:
            refill = rebuild_index.index(unwatched, no_waits())
        assert (refill.files, refill.chunks, refill.incomplete) == (FILES, FILES, [])
        assert together.round_trips <= alone.round_trips / 10
        assert together.calls["GetObject"] == 2 * FILES + 1, "and the checkpoint"
        assert sum(together.calls[name] for name in ("ListObjectsV2", "PutObject", "DeleteObjects")) < FILES / 10
        assert left.indexed({store for store, _ in made}) == FILES


@pytest.mark.parametrize("processes", [1, 2])
def test_killed(servers: Servers, processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebuild that is killed goes on where it stood, in the same new index, and ends like one that was not; then
    nothing is left to go on with.
    """
    monkeypatch.setattr(progress, "PAGE", 10)
    monkeypatch.setattr(rebuild_index, "NOTED", 1)
    save = index_checkpoint.save
    with lost(servers) as left:
        made = many_files.fill(left.deployment.streams.log, left.deployment.blobs, 60, 3, uploads=False)
        saved: list[index_checkpoint.Checkpoint] = []

        def note(blobs: object, checkpoint: index_checkpoint.Checkpoint) -> None:
            if len(saved) == 3:
                raise Killed
            saved.append(checkpoint)
            save(left.deployment.blobs, checkpoint)

        monkeypatch.setattr(index_checkpoint, "save", note)
        with pytest.raises(Killed):
            rebuild_index.index(unwatched, no_waits(), processes=processes)
        monkeypatch.setattr(index_checkpoint, "save", save)
        assert saved[-1].files == 20
        pages: list[object] = []
        fill = PageFill.__call__

        def counted(self: PageFill, page: Sequence[Listed]) -> Added:
            pages.append(page)
            return fill(self, page)

        monkeypatch.setattr(PageFill, "__call__", counted)
        refill = rebuild_index.index(unwatched, no_waits())
        assert (refill.files, refill.chunks, refill.incomplete) == (60, 60, [])
        assert len(pages) == 4
        [name] = saved[-1].successors.values()
        assert list(left.index.request("GET", f"/{left.index.layout.prefix}-*", {})) == [name]
        assert left.indexed({store for store, _ in made}) == 60
        assert index_checkpoint.load(left.deployment.blobs) is None


def test_not_with_another_index(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebuild begins anew if it is told to, or if the index that an earlier one was filling is not there any more."""
    monkeypatch.setattr(progress, "PAGE", 10)
    with lost(servers) as left:
        many_files.fill(left.deployment.streams.log, left.deployment.blobs, 30, 1, uploads=False)

        def begin() -> None:
            succession = Succession(left.index, [SPACE])
            succession.begin()
            form = f"{VERSION} {left.index.layout}"
            checkpoint = index_checkpoint.Checkpoint(form, succession.successors, "artefacts/z", 30, 30)
            index_checkpoint.save(left.deployment.blobs, checkpoint)

        begin()
        assert rebuild_index.index(unwatched, no_waits(), anew=True).files == 30
        begin()
        Succession(left.index, [SPACE]).begin()
        assert rebuild_index.index(unwatched, no_waits()).files == 30


def _alone(left: Lost) -> Refill:
    succession = Succession(left.index, [SPACE])
    succession.begin()
    return Refill(left.deployment.streams, left.deployment.blobs, succession, succession.takes)


@pytest.mark.parametrize("processes", [1, 2])
def test_views_killed(servers: Servers, processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebuild of the views that is killed goes on with the sections of the log that are left, and ends like one that
    was not; then nothing is left to go on with.
    """
    with lost(servers) as left:
        many_files.fill(left.deployment.streams.log, left.deployment.blobs, 60, 3, uploads=False)
        commits = sum(1 for _ in left.deployment.streams.log.scan())
        with pytest.raises(Killed):
            rebuild_views.views(_killing(5), no_waits(), processes=processes, since=1)
        run = views_checkpoint.begun(left.deployment.blobs)
        assert run is not None
        known = [views_checkpoint.noted(left.deployment.blobs, section) for section in range(run.sections)]
        assert 5 <= sum(each is not None for each in known) < run.sections
        read: list[tuple[int, ...]] = []
        scan = DynamoDBEventLog.scan

        def noted(self: DynamoDBEventLog, *section: int) -> Iterator[Commit]:
            read.append(section)
            return scan(self, *section)

        monkeypatch.setattr(DynamoDBEventLog, "scan", noted)
        assert rebuild_views.views(unwatched, no_waits(), since=1) == commits
        assert sorted(read) == [(section, run.sections) for section, each in enumerate(known) if each is None]
        assert views_checkpoint.begun(left.deployment.blobs) is None
        assert list(left.deployment.blobs.list(views_checkpoint.FOLDER)) == []
        assert left.rows_differ() == []


@pytest.mark.parametrize("change", ["stack", "table", "day"])
def test_views_not_gone_on_with(servers: Servers, change: str) -> None:
    """A rebuild of the views begins anew if functions may not have written the table meanwhile, if the table was made
    anew, or if it began long ago.
    """
    with lost(servers) as left:
        many_files.fill(left.deployment.streams.log, left.deployment.blobs, 20, 1, uploads=False)
        with pytest.raises(Killed):
            rebuild_views.views(_killing(5), no_waits(), since=1)
        run = views_checkpoint.begun(left.deployment.blobs)
        assert run is not None
        table = "another" if change == "table" else run.table
        began = run.began - (DAY_MS if change == "day" else 0)
        blobs = left.deployment.blobs
        blobs.put([("rebuilds/views/run", json.dumps(asdict(replace(run, table=table, began=began))).encode())])
        with pytest.raises(Killed):
            rebuild_views.views(_killing(0), no_waits(), since=2 if change == "stack" else 1)
        again = views_checkpoint.begun(blobs)
        assert again is not None
        assert again.began >= run.began
        assert views_checkpoint.noted(blobs, run.sections - 1) is None


def _killing(after: int) -> Watch:
    """A process that dies after it has seen so many sections of the log."""

    def watch(label: str, items: Iterable[T], total: int | None) -> Iterator[T]:
        del label, total
        for place, item in enumerate(items):
            if place == after:
                raise Killed
            yield item

    return watch
