"""A lost index, rebuilt from many artefacts on the real servers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from local_aws.servers import Servers
from tests.operations.transfer.answers import unwatched
from tests.support import many_files
from tests.support.aws_meter import metered
from tests.support.aws_recovery import SPACE, Lost, lost
from tests.support.waits import no_waits
from vectorlog.index.analyser import VERSION
from vectorlog.index.opensearch.succession import Succession
from vectorlog.operations import progress
from vectorlog.operations.index_page import Added, Listed, PageFill
from vectorlog.operations.rebuild_index import Refill
from vectorlog.runtime.aws import index_checkpoint, rebuild_index

pytestmark = pytest.mark.aws

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
