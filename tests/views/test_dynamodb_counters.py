"""Rows whose counts are spread over counters: they behave as one row, for processes that know it and others."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from tests.support.spread_table import Service, process
from tests.views.test_twins import KEYS, refusal, some_write
from vectorlog.domain.errors import Unavailable
from vectorlog.views.dynamodb import DynamoDBTable
from vectorlog.views.dynamodb_calls import BUSY
from vectorlog.views.dynamodb_counter_items import COUNTERS
from vectorlog.views.dynamodb_counters import HOT
from vectorlog.views.memory import MemoryTable
from vectorlog.views.table import ENDED, NO_ROW, Add, Key, Put, Remove, Row, RowClosed, RowConflict, Write

K = Key("VS#1", "C")
FILE = Key("VS#1", "F#1")
COUNTER = "COUNTERS#VS#1|C"


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def table(service: Service) -> Iterator[DynamoDBTable]:
    made = process(service)
    yield made
    made.close()


@pytest.fixture
def other(service: Service) -> Iterator[DynamoDBTable]:
    """What another process has, which learns nothing from the first one."""
    made = process(service)
    yield made
    made.close()


def heat(service: Service, table: DynamoDBTable, times: int = HOT) -> None:
    service.meeting = ["VS#1"] * times
    table.write([Put(FILE, 0, NO_ROW), Add(K, {"a": 1})])


def is_spread(service: Service) -> bool:
    return bool(service.query(TableName="views", **_counters())["Items"])


def _counters() -> dict[str, object]:
    return {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": COUNTER}}}


def test_when_it_is_busy(service: Service, table: DynamoDBTable) -> None:
    """A row is one item until two additions to it were refused; from then on additions go to a counter beside it."""
    heat(service, table, HOT - 1)
    assert not is_spread(service)
    service.meeting = ["VS#1"]
    table.write([Add(K, {"a": 1})])
    assert is_spread(service)
    service.added.clear()
    table.write([Add(K, {"a": 1})])
    [(pk, _)] = service.added
    assert pk == COUNTER
    assert table.get([K])[K].counts == {"a": 3}


def test_what_was_not_met(service: Service, table: DynamoDBTable) -> None:
    """Only rows on which writers met are spread, not all that a transaction adds to."""
    service.meeting = ["VS#1"] * HOT
    table.write([Add(K, {"a": 1}), Add(Key("USAGE#p", "stores"), {"a": 1})])
    service.added.clear()
    table.write([Add(K, {"a": 1}), Add(Key("USAGE#p", "stores"), {"a": 1})])
    assert [pk for pk, _ in service.added] == [COUNTER, "USAGE#p"]


def test_busy_to_the_end(service: Service, table: DynamoDBTable) -> None:
    """A row is spread also if the write that found it busy was given up, so that its repetition gets through."""
    service.meeting = ["VS#1"] * BUSY.attempts
    with pytest.raises(Unavailable):
        table.write([Add(K, {"a": 1})])
    service.added.clear()
    table.write([Add(K, {"a": 1})])
    assert [pk for pk, _ in service.added] == [COUNTER]
    assert table.get([K])[K].counts == {"a": 1}


@pytest.mark.parametrize("times", range(1, HOT + 2))
def test_what_helps_nobody_may_fail(service: Service, table: DynamoDBTable, times: int) -> None:
    """A write is done even if DynamoDB does not say then whether its row is spread, or does not spread it."""
    service.throttled = True
    heat(service, table, times)
    table.gather(K, lambda _: True)
    service.throttled = False
    assert table.get([K])[K].counts == {"a": 1}


def test_gathered_later(service: Service, table: DynamoDBTable) -> None:
    """A quiet row that cannot be read stays spread, and is gathered the next time."""
    heat(service, table)
    service.throttled = True
    table.gather(K, lambda _: True)
    service.throttled = False
    assert is_spread(service)
    table.gather(K, lambda _: True)
    assert not is_spread(service)


def test_a_counter_each(service: Service, table: DynamoDBTable) -> None:
    """A process stays with its counter, for whatever row, until it meets another one there."""
    heat(service, table)
    service.added.clear()
    for _ in range(5):
        table.write([Add(K, {"a": 1})])
    assert len(set(service.added)) == 1
    for _ in range(40):  # by chance it may take the same one again
        service.meeting = [COUNTER]
        table.write([Add(K, {"a": 1})])
    assert len(set(service.added)) > COUNTERS / 2
    assert table.get([K])[K].counts == {"a": 46}


def test_who_does_not_know(service: Service, table: DynamoDBTable, other: DynamoDBTable) -> None:
    """A process that does not know of the counters adds to the row, and everyone's counts are in the sum. It learns of
    them from a read of the row.
    """
    heat(service, table)
    table.write([Add(K, {"a": 1, "b": 1})])
    other.write([Add(K, {"a": 1})])
    assert table.get([K]) == other.get([K]) == {K: Row(K, counts={"a": 3, "b": 1})}
    assert list(other.scan()) == list(table.scan()) == [*table.get([K]).values(), Row(FILE, 0)]
    service.added.clear()
    other.write([Add(K, {"a": 1})])
    assert [pk for pk, _ in service.added] == [COUNTER]


def test_without_counts(service: Service, table: DynamoDBTable) -> None:
    """A read that needs no counts costs no more than that of another row."""
    heat(service, table)
    asked: list[int] = []
    service.between = lambda: asked.append(1)
    assert table.get([K], counts=False)[K].version == NO_ROW
    assert asked == []


@pytest.mark.parametrize(
    "end", [Put(K, 1, 0, closed=True), Put(K, 1, 0, status=ENDED), Put(K, 1, 0, counts={"a": 3}), Remove(K)]
)
def test_ends(service: Service, table: DynamoDBTable, other: DynamoDBTable, end: Put | Remove) -> None:
    """A row that is closed, ends, is removed, or must have certain counts is one item again, with all of its counts.
    A process that still knows of counters does not add to them.
    """
    table.write([Put(K, 0, NO_ROW)])
    heat(service, table)
    table.write([Add(K, {"a": 1}, alive=True)])
    other.get([K])
    other.write([Add(K, {"a": 1}, alive=True)])
    table.write([end])
    assert not is_spread(service)
    left = table.get([K])
    assert left == (
        {} if isinstance(end, Remove) else {K: Row(K, 1, status=end.status, closed=end.closed, counts={"a": 3})}
    )
    if isinstance(end, Put) and end.closed:
        with pytest.raises(RowClosed):
            other.write([Add(K, {"a": 1}), Put(Key("VS#1", "F#2"), 0, NO_ROW)])
    if end != Put(K, 1, 0, counts={"a": 3}):
        with pytest.raises(RowConflict):
            other.write([Add(K, {"a": 1}, alive=True), Put(Key("VS#1", "F#2"), 0, NO_ROW)])
    assert table.get([K, Key("VS#1", "F#2")]) == left


def test_ends_for_who_does_not_know(service: Service, table: DynamoDBTable, other: DynamoDBTable) -> None:
    """A row is not closed beside its counters by a process that does not know of them: it has to read the row again.
    A removal does so itself.
    """
    table.write([Put(K, 0, NO_ROW)])
    other.get([K])
    heat(service, table)
    table.write([Add(K, {"a": 1})])
    with pytest.raises(RowConflict):
        other.write([Put(K, 1, 0, closed=True)])
    assert other.get([K])[K].counts == {"a": 2}
    other.write([Put(K, 1, 0, closed=True)])
    assert (table.get([K])[K].closed, is_spread(service)) == (True, False)


@pytest.mark.parametrize("beside", [[], [Remove(FILE)]])
def test_removed_by_who_does_not_know(
    service: Service, table: DynamoDBTable, other: DynamoDBTable, beside: list[Write]
) -> None:
    """No counter outlives its row."""
    heat(service, table)
    other.write([Remove(K), *beside])
    assert not is_spread(service)
    assert K not in table.get([K])


def test_first_put(service: Service, table: DynamoDBTable) -> None:
    """A row that has only counts, and is spread, keeps them when it is made; what was added for one that is not there
    is refused from then on.
    """
    heat(service, table)
    table.write([Add(K, {"a": 1}, alive=False)])
    table.write([Put(K, 0, NO_ROW, "made", counts={"a": 2})])
    assert table.get([K]) == {K: Row(K, 0, "made", counts={"a": 2})}
    with pytest.raises(RowConflict):
        table.write([Add(K, {"a": 1}, alive=False)])


def test_used(service: Service, table: DynamoDBTable) -> None:
    """A newer version of a row refuses nobody who adds to its counters, and touches none of them."""
    table.write([Put(K, 0, NO_ROW)])
    heat(service, table)
    service.added.clear()
    table.write([Put(K, 1, 0, "used"), Put(Key("VS#1", "F#2"), 0, NO_ROW)])
    assert {pk for pk, _ in service.added} == {"VS#1"}
    table.write([Add(K, {"a": 1}, alive=True)])
    assert table.get([K]) == {K: Row(K, 1, "used", counts={"a": 2})}


@pytest.mark.parametrize("changes", [1, 2, 3])
def test_read_while_others_add(service: Service, table: DynamoDBTable, other: DynamoDBTable, changes: int) -> None:
    """Files that one process attaches and another one completes, while the counts are read, are counted as they were at
    one moment. The first process does not know that the row is spread, so its additions are in the row itself.
    """
    heat(service, table)
    left = 0

    def attach_and_complete() -> None:
        nonlocal left
        if left:
            left -= 1
            other.write([Add(K, {"open": 1})])
            table.write([Add(K, {"open": -1, "done": 1})])
            other.write([Add(K, {"open": 1})])

    service.between = attach_and_complete
    for number in range(1, 5):
        left = changes
        ended = number * changes
        assert table.get([K])[K].counts == {"a": 1, "open": ended, "done": ended}
        assert left == 0


def test_read_while_it_is_gathered(service: Service, table: DynamoDBTable, other: DynamoDBTable) -> None:
    """Nothing is missing or counted twice in a read during which the counters go, and come back."""
    heat(service, table)
    other.get([K])
    table.write([Add(K, {"a": 1})])
    steps = iter([other._counters.gather, other._counters.spread, other._counters.gather])

    def step() -> None:
        service.between = lambda: None
        if (todo := next(steps, None)) is not None:
            todo(K)
            service.between = step

    service.between = step
    for _ in range(5):
        assert table.get([K]) == {K: Row(K, counts={"a": 2})}


def test_added_while_it_is_gathered(service: Service, table: DynamoDBTable, other: DynamoDBTable) -> None:
    """What is added to a counter between its reading and its removal is not lost."""
    heat(service, table)
    other.get([K])
    table.write([Add(K, {"a": 1})])
    read, waiting = service.query, [Add(K, {"a": 1})]

    def query(**request: object) -> dict[str, Any]:
        found = read(**request)
        if waiting:
            other.write([waiting.pop()])
        return found

    service.query = query  # type: ignore[method-assign]
    table._counters.gather(K)
    assert not is_spread(service)
    assert table.get([K])[K].counts == {"a": 3}


@pytest.mark.parametrize("seed", range(20))
def test_like_one_row(seed: int) -> None:
    """Whatever two processes write, and whenever rows are spread and gathered, they accept, refuse and read what a
    table in memory does. Whoever replaces a row has read it, as all of our code has.
    """
    random, service, twin = Random(seed), Service(), MemoryTable()
    processes = [process(service), process(service)]
    for _ in range(150):
        mine = random.choice(processes)
        keys = random.sample(KEYS[:6], random.choice([1, 1, 2, 4]))
        writes = [_more(random, some_write(random, key, twin.get([key]).get(key)), twin) for key in keys]
        mine.get([write.key for write in writes if isinstance(write, Put)])
        assert refusal(mine, writes) is refusal(twin, writes)
        for key in keys:
            if random.random() < 0.4:
                random.choice(processes)._counters.spread(key)
            elif random.random() < 0.1:
                random.choice(processes)._counters.gather(key)
        found = random.choice(processes).get(keys)
        assert {key: row for key, row in found.items() if _says(row)} == {
            key: row for key, row in twin.get(keys).items() if _says(row)
        }
    rows = random.choice(processes).scan()
    assert {row.key: row for row in rows if _says(row)} == {row.key: row for row in twin.scan() if _says(row)}


def _says(row: Row) -> bool:
    """A row that only has no counts says nothing; a spread may make one."""
    return row.version != NO_ROW or bool(row.counts)


def _more(random: Random, write: Write, twin: MemoryTable) -> Write:
    """Has additions require what they may require, and ends require counts, now and then."""
    match write:
        case Add():
            return Add(write.key, write.counts, random.choice([None, None, True, False]))
        case Put() if write.closed:
            held = twin.get([write.key]).get(write.key)
            return Put(write.key, write.version, write.replaces, closed=True, counts=dict(held.counts) if held else {})
        case _:
            return write
