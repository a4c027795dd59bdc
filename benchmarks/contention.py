"""Many threads that change one thing at the same moment, on the local log: how many are refused, and how long the last
one waits for its turn.

    ./dev bench contention 32
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from vectorlog.domain.errors import Conflict
from vectorlog.domain.vector_store import VectorStoreUsed
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.event_log.sqlite import SQLiteEventLog
from vectorlog.event_log.streams import Streams

ROUNDS = 20


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


def main() -> None:
    """Prints one line."""
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
