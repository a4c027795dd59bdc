"""Many threads that change one thing at the same moment, on the local log: how many are refused, and how long the last
one waits for its turn.

    ./dev bench contention 32

With `aws`, workers on one store, on DynamoDB Local: how many transactions meet another one, with the store's counts in
one item and spread. Calls to DynamoDB Local take longer than on AWS, and the more so the busier the machine is.

    .venv/bin/python -m local_aws .venv/bin/python -m benchmarks.contention aws 50
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from random import Random
from unittest.mock import patch

from local_aws import resources
from local_aws.servers import VARIABLE, Servers
from tests.support.aws_crowd import crowd, one_item
from vectorlog.domain.errors import Conflict
from vectorlog.domain.vector_store import VectorStoreUsed
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.event_log.streams import Streams

ROUNDS = 20
EACH, SINGLES = 10, 20
"""With `aws`: files in one invocation of a worker, as the stack sets it, and files that are attached meanwhile."""


def meet(streams: Streams, stream: str, threads: int) -> tuple[int, list[float]]:
    """How many of so many threads were refused, and the seconds that each took."""
    gate = threading.Barrier(threads)

    def write(_: int) -> tuple[bool, float]:
        gate.wait()
        began = time.perf_counter()
        try:
            streams.decide(VECTOR_STORE, stream, lambda _: [VectorStoreUsed(0, used=True)])
        except Conflict:
            return True, time.perf_counter() - began
        return False, time.perf_counter() - began

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(write, range(threads)))
    return sum(refused for refused, _ in found), [seconds for _, seconds in found]


def on_aws(workers: int) -> None:
    """Prints a line for each of the two."""
    servers = Servers.of(os.environ[VARIABLE])
    for name, items in (("one item", one_item), ("spread", nullcontext)):
        owned = resources.make(servers, visibility_s=1, receives=2)
        with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, servers.environment), items():
            found = crowd(servers, owned, Path(folder), workers, EACH, SINGLES)
        resources.remove(servers, owned)
        right = found.settled.completed == workers * EACH and not found.differences
        print(f"{name}: {found}; counts {'right' if right else 'WRONG'}", flush=True)


def main() -> None:
    """Prints one line."""
    if sys.argv[1:2] == ["aws"]:
        on_aws(int(sys.argv[2]) if len(sys.argv) > 2 else 50)
        return
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 32
    with tempfile.TemporaryDirectory() as folder:
        log = SQLiteEventLog(Path(folder) / "log.db")
        streams = Streams(log, lambda: 0, Random())
        rounds = [meet(streams, f"vs_{number}", threads) for number in range(ROUNDS)]
        log.close()
    refused, took = sum(each for each, _ in rounds), [seconds for _, each in rounds for seconds in each]
    print(
        f"{threads} threads, {ROUNDS} times: {refused} of {threads * ROUNDS} refused; "
        f"median {statistics.median(took):.3f} s, slowest {max(took):.3f} s"
    )


if __name__ == "__main__":
    main()
