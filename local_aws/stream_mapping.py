"""Lambda's event source mapping on a DynamoDB stream, driven step by step.

DynamoDB Local has one shard. Here its records are spread over several by a hash of their partition key, as in DynamoDB.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

from local_aws.batch_answer import failed_items
from local_aws.payloads import Invoke, Json, stream_event

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Settings of an event source mapping; times in ms.

    Attributes:
        window: how long an incomplete batch waits for more records.
        retries: of a batch after its first attempt; None: until its records are too old.
        max_age: of a record since it was written; older ones are given up. None: never.
        bisect: whether a failed batch is halved, which does not count as a retry.
        pauses: after the first, second, … consecutive failure of a shard's batch; the last one applies to all that
            follow.
    """

    batch_size: int = 100
    window: int = 0
    retries: int | None = None
    max_age: int | None = None
    bisect: bool = True
    pauses: Sequence[int] = (100, 200, 400, 800, 1_600, 3_200)


class StreamMapping:
    """Feeds a function with a stream's records: in order within a shard, one batch at a time, skipping none except by
    the settings.

    Args:
        invoke: the function.
        clock: in ms.
        given_up: the on-failure destination; receives the records that were given up, and why.
    """

    def __init__(
        self,
        invoke: Invoke,
        settings: StreamSettings,
        clock: Callable[[], int],
        given_up: Callable[[Sequence[Json], str], None],
        *,
        shards: int = 4,
    ) -> None:
        self.shards = tuple(_Shard(invoke, settings, clock, given_up) for _ in range(shards))

    def offer(self, records: Sequence[Json]) -> None:
        """Accepts records in the stream's order."""
        for record in records:
            partition = record["dynamodb"]["Keys"]["pk"]["S"]
            self.shards[crc32(partition.encode()) % len(self.shards)].offer(record)

    def step(self) -> bool:
        """Lets each shard do a step; returns whether one of them did something."""
        return sum(shard.step() for shard in self.shards) > 0


@dataclass(frozen=True, slots=True)
class _Batch:
    records: tuple[Json, ...]
    failures: int = 0


class _Shard:
    def __init__(
        self,
        invoke: Invoke,
        settings: StreamSettings,
        clock: Callable[[], int],
        given_up: Callable[[Sequence[Json], str], None],
    ) -> None:
        self._invoke = invoke
        self._settings = settings
        self._clock = clock
        self._given_up = given_up
        self._arrived: deque[tuple[int, Json]] = deque()
        self._again: list[_Batch] = []  # batches to try before anything newer; the next one is the last
        self._not_before = 0
        self._lock = threading.Lock()

    def offer(self, record: Json) -> None:
        with self._lock:
            self._arrived.append((self._clock(), record))

    def step(self) -> bool:
        """Passes one batch to the function if one is due; returns whether it was."""
        batch = self._next()
        if batch is None:
            return False
        batch = self._young_enough(batch)
        if not batch.records:
            return True
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch.records]
        try:
            failed = failed_items(self._invoke(stream_event(batch.records)), numbers)
        except Exception as error:  # noqa: BLE001  # whatever ends a function, Lambda tries its batch again
            self._failed(batch, 0, repr(error))
            return True
        if failed:  # the shard continues at the first of them
            self._failed(batch, min(map(numbers.index, failed)), "it was named in batchItemFailures")
        return True

    def _next(self) -> _Batch | None:
        if self._clock() < self._not_before:
            return None
        if self._again:
            return self._again.pop()
        with self._lock:
            full = len(self._arrived) >= self._settings.batch_size
            waited = bool(self._arrived) and self._clock() - self._arrived[0][0] >= self._settings.window
            if not (full or waited):
                return None
            taken = min(len(self._arrived), self._settings.batch_size)
            return _Batch(tuple(self._arrived.popleft()[1] for _ in range(taken)))

    def _young_enough(self, batch: _Batch) -> _Batch:
        """Drops the records that are too old."""
        if self._settings.max_age is None:
            return batch
        oldest = self._clock() - self._settings.max_age
        old = [record for record in batch.records if _written(record) < oldest]
        if old:
            self._given_up(old, f"older than {self._settings.max_age} ms")
        return _Batch(tuple(record for record in batch.records if _written(record) >= oldest), batch.failures)

    def _failed(self, batch: _Batch, first: int, reason: str) -> None:
        """Schedules a retry of everything from record number `first` on."""
        left = batch.records[first:]
        log.warning("a batch of %s records failed from record %s on: %s", len(batch.records), first, reason)
        if self._settings.bisect and len(left) > 1:
            # If the function reported how far it came, the batch is cut there; otherwise in the middle.
            halves = (left,) if first else _halves(left)
            self._again += [_Batch(half, batch.failures) for half in reversed(list(halves))]
        elif self._settings.retries is not None and batch.failures >= self._settings.retries:
            self._given_up(left, reason)
            return
        else:
            self._again.append(_Batch(left, batch.failures + 1))
        pauses = self._settings.pauses
        self._not_before = self._clock() + pauses[min(batch.failures, len(pauses) - 1)]


def _halves(records: tuple[Json, ...]) -> Iterator[tuple[Json, ...]]:
    middle = len(records) // 2
    yield records[:middle]
    yield records[middle:]


def _written(record: Json) -> int:
    """When a record was written, in ms, to the second."""
    return int(record["dynamodb"]["ApproximateCreationDateTime"]) * 1000
