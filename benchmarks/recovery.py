"""What rebuilding, checking and moving many files takes in calls and sequential round trips, on the local servers.

`python -m local_aws python -m benchmarks.recovery [FILES [ALONE]]` prints it. Round trips are those to DynamoDB and S3;
what the local servers take in time says nothing about AWS.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local_aws.servers import VARIABLE, Servers
from tests.support import many_files
from tests.support.aws_meter import Cost, metered
from tests.support.aws_recovery import SPACE, Lost, lost
from tests.support.waits import no_waits
from vectorlog.index.opensearch.succession import Succession
from vectorlog.operations.progress import silent
from vectorlog.operations.readers import ALONE as ALONE_READS
from vectorlog.operations.readers import Readers
from vectorlog.operations.rebuild_index import Refill
from vectorlog.operations.rebuild_views import Projection
from vectorlog.operations.transfer import archive
from vectorlog.operations.transfer.export import export
from vectorlog.operations.verify import UnderWay, verify
from vectorlog.runtime.aws import rebuild_index, rebuild_views
from vectorlog.views.views import Views

FILES = 20_000
FILES_OF_A_STORE = 200
ALONE = 300
"""Files that one thread alone works on: its round trips grow with the files."""
THREADS = 16
LATENCY_S = 0.02
"""Added to each call, so that calls of different threads overlap. If some do not, more round trips are counted."""


def main(files: int, alone: int = ALONE) -> None:
    """Prints two lines for each measurement."""
    servers = Servers.of(os.environ[VARIABLE])
    with lost(servers) as left:
        _fill(left, alone)
        _report("index, one thread", alone, left, lambda: _alone(left), 0.0)
        _report("export, one thread", alone, left, lambda: _export(left, 1), 0.0)
        _report("views, as before", alone, left, lambda: _views_in_lanes(left), LATENCY_S)
        left.deployment.views.table = left.deployment.views.tables[1]
        _report("verify, one thread", alone, left, lambda: _verify(left, 1), 0.0)
    with lost(servers) as left:
        _fill(left, files)
        _report("index, one process", files, left, lambda: rebuild_index.index(silent, no_waits()), LATENCY_S)
        _report("export, one process", files, left, lambda: _export(left, THREADS), LATENCY_S)
        _report("views, one process", files, left, lambda: rebuild_views.views(silent, no_waits()), LATENCY_S)
        left.deployment.views.table = left.deployment.views.tables[1]
        _report("verify, one process", files, left, lambda: _verify(left, THREADS), LATENCY_S)


def _fill(left: Lost, files: int) -> None:
    many_files.fill(left.deployment.streams.log, left.deployment.blobs, files, files // FILES_OF_A_STORE or 1)


def _alone(left: Lost) -> None:
    succession = Succession(left.index, [SPACE])
    succession.begin()
    Refill(left.deployment.streams, left.deployment.blobs, succession, succession.takes).fill(silent)
    succession.switch()


def _views_in_lanes(left: Lost) -> None:
    with ThreadPoolExecutor(8) as pool:
        projection = Projection(left.deployment.streams, lambda *steps: list(pool.map(lambda step: step(), steps)))
        projection.take(left.deployment.streams.log.scan(), Views(left.deployment.views.tables[1]))


def _export(left: Lost, threads: int) -> None:
    with (
        ThreadPoolExecutor(threads) as pool,
        tempfile.TemporaryDirectory() as folder,
        archive.writing(Path(folder) / "export.tar") as sink,
    ):
        export(left.deployment, sink, silent, Readers(pool, threads) if threads > 1 else ALONE_READS)


def _verify(left: Lost, threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        readers = Readers(pool, threads) if threads > 1 else ALONE_READS
        report = verify(left.deployment, lambda: UnderWay(0, 0), lambda: None, readers)
    assert report.differing == (), report.differing[:3]


def _report(what: str, files: int, left: Lost, work: Callable[[], object], latency: float) -> None:
    began, cpu = time.monotonic(), time.process_time()
    with metered(left.dynamodb, left.s3, latency=latency) as cost:
        work()
    seconds, cpu_s = time.monotonic() - began, time.process_time() - cpu
    print(f"{what}: {files:,} files, {cost.round_trips:,} round trips, {1000 * cost.round_trips / files:.1f} per 1,000")
    print(f"  {seconds:.0f} s, {1000 * cpu_s / files:.1f} ms of CPU per file; {_calls(cost)}", flush=True)


def _calls(cost: Cost) -> str:
    units = f"{cost.write_units:,.0f} WCU, {cost.read_units:,.0f} RCU"
    return ", ".join([*(f"{number:,} {name}" for name, number in cost.calls.most_common()), units])


if __name__ == "__main__":
    main(*([int(each) for each in sys.argv[1:]] or [FILES]))
