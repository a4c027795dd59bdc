"""A stream's event source mapping, step by step, with a clock that tests advance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.payloads import Json
from local_aws.stream_mapping import StreamMapping, StreamSettings

START = 1_700_000_000_000


def record(number: int, key: str = "a", at: int = START) -> Json:
    change = {
        "Keys": {"pk": {"S": key}, "sk": {"N": "0"}},
        "SequenceNumber": str(number),
        "ApproximateCreationDateTime": at // 1000,
    }
    return {"eventName": "INSERT", "dynamodb": change}


def numbers(records: Sequence[Json]) -> list[int]:
    return [int(each["dynamodb"]["SequenceNumber"]) for each in records]


class Driven:
    """A mapping with a function whose answers a test sets, and a clock."""

    def __init__(
        self, settings: StreamSettings, answer: Callable[[list[int]], Json | None] | None = None, *, shards: int = 1
    ) -> None:
        self.now = START
        self.batches: list[list[int]] = []
        self.given_up: list[tuple[list[int], str]] = []
        self._answer = answer or (lambda _: None)
        self.mapping = StreamMapping(self._invoke, settings, lambda: self.now, self._give_up, shards=shards)

    def _invoke(self, event: Json) -> Json | None:
        batch = numbers(event["Records"])
        self.batches.append(batch)
        return self._answer(batch)

    def _give_up(self, records: Sequence[Json], reason: str) -> None:
        self.given_up.append((numbers(records), reason))

    def run(self, ms: int = 0) -> list[list[int]]:
        """Steps until there is nothing to do, advancing the clock in between; returns the batches of this run."""
        before, end = len(self.batches), self.now + ms
        while True:
            while self.mapping.step():
                pass
            if self.now >= end:
                return self.batches[before:]
            self.now += 10


def refuse(*bad: int) -> Callable[[list[int]], Json]:
    """Raises for a batch that holds one of them."""

    def answer(batch: list[int]) -> Json:
        if set(bad) & set(batch):
            raise RuntimeError("bad record")
        return {"batchItemFailures": []}

    return answer


def report(*bad: int) -> Callable[[list[int]], Json]:
    """Names those of them that a batch holds."""
    return lambda batch: {"batchItemFailures": [{"itemIdentifier": str(each)} for each in batch if each in bad]}


class TestBatches:
    def test_size(self) -> None:
        """A batch holds no more than its maximum, and records come in order."""
        driven = Driven(StreamSettings(batch_size=3))
        driven.mapping.offer([record(n) for n in range(1, 8)])
        assert driven.run() == [[1, 2, 3], [4, 5, 6], [7]]

    def test_window(self) -> None:
        """An incomplete batch waits for its window, from its first record on; a full one does not wait."""
        driven = Driven(StreamSettings(batch_size=3, window=100))
        driven.mapping.offer([record(1)])
        assert driven.run(50) == []
        driven.mapping.offer([record(2)])
        assert driven.run(40) == []
        assert driven.run(10) == [[1, 2]]
        driven.mapping.offer([record(n) for n in (3, 4, 5, 6)])
        assert driven.run() == [[3, 4, 5]]

    def test_nothing(self) -> None:
        """Without records there is no invocation."""
        driven = Driven(StreamSettings())
        assert driven.mapping.step() is False
        assert driven.batches == []

    def test_shards(self) -> None:
        """Records of one key are in one shard; a failing shard holds up no other."""
        driven = Driven(StreamSettings(bisect=False), refuse(1), shards=4)
        keys = [f"k{n}" for n in range(20)]
        driven.mapping.offer([record(place + 1, key) for place, key in enumerate(keys)])
        driven.mapping.offer([record(place + 101, key) for place, key in enumerate(keys)])
        driven.run()
        assert 2 <= len(driven.batches) <= 4
        for batch in driven.batches:
            assert [each - 100 for each in batch if each > 100] == [each for each in batch if each <= 100]
        assert sorted(chain.from_iterable(driven.batches)) == [*range(1, 21), *range(101, 121)]


class TestFailures:
    def test_order(self) -> None:
        """A failed batch is retried after a pause, before anything newer."""
        failing = iter([True, True])

        def answer(_: list[int]) -> None:
            if next(failing, False):
                raise RuntimeError("no")

        driven = Driven(StreamSettings(batch_size=2, bisect=False, pauses=(100, 300)), answer)
        driven.mapping.offer([record(n) for n in (1, 2, 3)])
        assert driven.run() == [[1, 2]]
        assert driven.run(90) == []
        assert driven.run(10) == [[1, 2]]
        assert driven.run(290) == []
        assert driven.run(10) == [[1, 2], [3]]

    def test_bisect(self) -> None:
        """A failing batch is halved until the bad record is alone; the others are processed once each, in order."""
        driven = Driven(StreamSettings(batch_size=8, retries=1), refuse(6))
        driven.mapping.offer([record(n) for n in range(1, 10)])
        driven.run(10_000)
        went_through = [batch for batch in driven.batches if 6 not in batch]
        assert went_through == [[1, 2, 3, 4], [5], [7, 8], [9]]
        assert driven.given_up == [([6], "RuntimeError('bad record')")]
        assert driven.batches.count([6]) == 2

    def test_partial(self) -> None:
        """The shard continues at the first item that an answer names; earlier ones are not repeated."""
        driven = Driven(StreamSettings(batch_size=5, retries=0), report(3, 5))
        driven.mapping.offer([record(n) for n in range(1, 6)])
        driven.run(10_000)
        assert driven.batches[:2] == [[1, 2, 3, 4, 5], [3, 4, 5]]
        assert sorted(number for batch, _ in driven.given_up for number in batch) == [3, 5]

    @pytest.mark.parametrize("identifier", ["", None, "77"])
    def test_wrong_answers(self, identifier: str | None) -> None:
        """An answer that names no item of the batch fails all of it."""
        answers = iter([{"batchItemFailures": [{"itemIdentifier": identifier}]}, None])
        driven = Driven(StreamSettings(bisect=False), lambda _: next(answers))
        driven.mapping.offer([record(1), record(2)])
        assert driven.run(1000) == [[1, 2], [1, 2]]

    @pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}])
    def test_success(self, answer: Json | None) -> None:
        """No answer, or one that names nothing, is a success."""
        driven = Driven(StreamSettings(), lambda _: answer)
        driven.mapping.offer([record(1)])
        assert driven.run(1000) == [[1]]

    def test_retries(self) -> None:
        """After its retries a batch is given up and reported; the shard continues."""
        driven = Driven(StreamSettings(batch_size=1, retries=2), refuse(1))
        driven.mapping.offer([record(1), record(2)])
        assert driven.run(10_000) == [[1], [1], [1], [2]]
        assert [batch for batch, _ in driven.given_up] == [[1]]

    def test_age(self) -> None:
        """Records that are too old are given up without an attempt, and a batch is retried until its records are too
        old.
        """
        driven = Driven(StreamSettings(max_age=60_000, bisect=False, pauses=(20_000,)), refuse(2))
        driven.mapping.offer([record(1, at=START - 61_000), record(2), record(3, at=START + 30_000)])
        assert driven.run(80_000) == [[2, 3], [2, 3], [2, 3], [2, 3], [3]]
        assert driven.given_up == [([1], "older than 60000 ms"), ([2], "older than 60000 ms")]

    @given(
        keys=st.lists(st.sampled_from("abcdef"), max_size=40),
        bad=st.sets(st.integers(1, 40), max_size=5),
        size=st.integers(1, 10),
        bisect=st.booleans(),
        partial=st.booleans(),
        shards=st.integers(1, 4),
    )
    def test_any_failures(
        self, keys: list[str], bad: set[int], size: int, bisect: bool, partial: bool, shards: int
    ) -> None:
        """Whatever fails for a while: every record is processed, and those of one key first in order."""
        left = dict.fromkeys(bad, 3)
        through: dict[str, list[int]] = defaultdict(list)

        def answer(batch: list[int]) -> Json | None:
            for place, number in enumerate(batch):
                if left.get(number, 0):
                    left[number] -= 1
                    if not partial:
                        raise RuntimeError("not yet")
                    done, failures = batch[:place], {"batchItemFailures": [{"itemIdentifier": str(number)}]}
                    break
            else:
                done, failures = batch, None
            for number in done:
                through[keys[number - 1]].append(number)
            return failures

        driven = Driven(StreamSettings(batch_size=size, bisect=bisect, pauses=(10,)), answer, shards=shards)
        driven.mapping.offer([record(place + 1, key) for place, key in enumerate(keys)])
        driven.run(2_000)
        for key in set(keys):
            assert through[key] == [place + 1 for place, each in enumerate(keys) if each == key]
        assert driven.given_up == []
