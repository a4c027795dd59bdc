"""The promises of every table of views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

from tests.simulation.dynamodb import DynamoDB
from tests.support import dynamodb_local, moto_aws
from tests.support.spread_table import SpreadTable
from vectorlog.runtime.aws import tables
from vectorlog.sqlite.database import Database
from vectorlog.views.dynamodb import DynamoDBTable
from vectorlog.views.sqlite import SCHEMA, SQLiteTable
from vectorlog.views.table import (
    ENDED,
    NO_ROW,
    WRITE_LIMIT,
    Add,
    Key,
    Put,
    Remove,
    Row,
    RowClosed,
    RowConflict,
    Table,
    Write,
)

K = Key("VS#1", "C")
MANY_ROWS = ("test_many", "test_earliest", "test_pages")


@contextmanager
def sqlite(folder: Path) -> Iterator[Table]:
    database = Database(folder / "views.db", SCHEMA, synchronous="NORMAL")
    yield SQLiteTable(database)
    database.close()


@contextmanager
def moto(_: Path) -> Iterator[Table]:
    with moto_aws.aws():
        moto_aws.dynamodb().create_table(**tables.views("views"))
        table = DynamoDBTable(moto_aws.dynamodb(), "views")
        yield table
        table.close()


@contextmanager
def dynamodb(_: Path) -> Iterator[Table]:
    with dynamodb_local.table(tables.views) as name:
        table = DynamoDBTable(dynamodb_local.client(), name)
        yield table
        table.close()


@contextmanager
def simulated(_: Path) -> Iterator[Table]:
    """The adapter of DynamoDB over the simulation's rules of DynamoDB."""
    service = DynamoDB(Random(1))
    service.calm = True  # a lost answer shows as a conflict, of which the adapter's docstring tells
    table = DynamoDBTable(cast(Any, service), "views")
    yield table
    table.close()


@contextmanager
def spread(_: Path) -> Iterator[Table]:
    """The same, with every row spread that has counts."""
    table = SpreadTable()
    yield table
    table.close()


@pytest.fixture(
    params=[sqlite, moto, simulated, spread, pytest.param(dynamodb, marks=pytest.mark.aws)],
    ids=lambda adapter: adapter.__name__,
)
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Table]:
    if request.param is moto:
        moto_aws.spared(request.node.originalname, MANY_ROWS)
    with request.param(tmp_path) as made:
        yield made


def row(table: Table, key: Key = K) -> Row:
    return table.get([key])[key]


def counts(table: Table, key: Key = K) -> dict[str, int]:
    return {name: number for name, number in row(table, key).counts.items() if number}


def fill(table: Table, *sort_keys: str, status: str | None = None, gone: bool = False) -> None:
    table.write([Put(Key("VS#1", sk), 0, NO_ROW, status=status, gone=gone) for sk in sort_keys])


def listed(rows: Sequence[Row]) -> list[str]:
    return [each.key.sk for each in rows]


class TestGet:
    def test_empty(self, table: Table) -> None:
        """Missing rows are left out."""
        assert table.get([]) == {}
        assert table.get([K]) == {}
        assert table.query("VS#1") == []
        assert table.due(2**40) == []

    def test_what_was_put(self, table: Table) -> None:
        """Every field comes back as it was written, including text in any script."""
        table.write([Put(K, 3, NO_ROW, '{"é":"漢 \U0001f600"}', "completed", 1_700_000_000_123, closed=True)])
        assert row(table) == Row(K, 3, '{"é":"漢 \U0001f600"}', "completed", 1_700_000_000_123, gone=False, closed=True)

    def test_many(self, table: Table) -> None:
        """One call reads any number of keys, one of them twice, from anywhere."""
        keys = [Key(f"FILE#{number}", "C") for number in range(250)]
        for start in range(0, 250, 50):
            table.write([Put(key, 0, NO_ROW) for key in keys[start : start + 50]])
        assert set(table.get([*keys, keys[0], K])) == set(keys)


class TestQuery:
    def test_order(self, table: Table) -> None:
        """Rows come in the order of their sort keys' bytes; the other direction is the exact reverse."""
        fill(table, "b", "a#2", "B", "é", "a", "a#10", "~")
        ascending = listed(table.query("VS#1"))
        assert ascending == ["B", "a", "a#10", "a#2", "b", "~", "é"]
        assert listed(table.query("VS#1", descending=True)) == ascending[::-1]

    def test_one_partition(self, table: Table) -> None:
        """Rows under another pk are never returned, even if it begins alike."""
        fill(table, "a")
        table.write([Put(Key("VS#10", "b"), 0, NO_ROW), Put(Key("VS#1#B", "c"), 0, NO_ROW)])
        assert listed(table.query("VS#1")) == ["a"]

    def test_prefix(self, table: Table) -> None:
        """A prefix returns only sort keys that begin with it."""
        fill(table, "a", "b", "b#1", "b#é", "bé", "c")
        assert listed(table.query("VS#1", prefix="b")) == ["b", "b#1", "b#é", "bé"]
        assert listed(table.query("VS#1", prefix="b#", descending=True)) == ["b#é", "b#1"]
        assert table.query("VS#1", prefix="d") == []

    def test_after_and_before(self, table: Table) -> None:
        """A list continues after `after` in its own direction and stops before `before`; neither is included."""
        fill(table, *"abcdef")
        assert listed(table.query("VS#1", after="b")) == list("cdef")
        assert listed(table.query("VS#1", before="d")) == list("abc")
        assert listed(table.query("VS#1", after="b", before="e")) == list("cd")
        assert listed(table.query("VS#1", after="e", descending=True)) == list("dcba")
        assert listed(table.query("VS#1", before="b", descending=True)) == list("fedc")
        assert listed(table.query("VS#1", after="e", before="b", descending=True)) == list("dc")

    def test_nothing_between(self, table: Table) -> None:
        """Cursors with nothing between them give an empty page."""
        fill(table, *"abc")
        assert table.query("VS#1", after="c") == []
        assert table.query("VS#1", before="a") == []
        assert table.query("VS#1", after="c", before="a") == []
        assert table.query("VS#1", after="a", before="b") == []

    def test_cursor_that_is_gone(self, table: Table) -> None:
        """A list continues from the place of a row that no longer exists."""
        fill(table, *"ace")
        assert listed(table.query("VS#1", after="b")) == list("ce")
        assert listed(table.query("VS#1", before="d")) == list("ac")
        assert listed(table.query("VS#1", after="d", descending=True)) == list("ca")

    def test_cursor_with_prefix(self, table: Table) -> None:
        """Cursors and a prefix apply together, even if a cursor lies outside of the prefix."""
        fill(table, "a1", "b1", "b2", "b3", "c1")
        assert listed(table.query("VS#1", prefix="b", after="b1")) == ["b2", "b3"]
        assert listed(table.query("VS#1", prefix="b", before="b3", descending=False)) == ["b1", "b2"]
        assert listed(table.query("VS#1", prefix="b", after="a0")) == ["b1", "b2", "b3"]
        assert listed(table.query("VS#1", prefix="b", before="c9")) == ["b1", "b2", "b3"]
        assert table.query("VS#1", prefix="b", after="c0") == []

    @pytest.mark.parametrize("descending", [False, True])
    def test_pages(self, table: Table, descending: bool) -> None:
        """Paging with any limit visits every row once, with or without tombstones in between."""
        names = [f"{number:03d}" for number in range(60)]
        fill(table, *names[::2])
        fill(table, *names[1::4], gone=True)
        expected = sorted(names[::2], reverse=descending)
        for limit in (1, 7, 30, 31):
            pages, after = [], None
            while page := table.query("VS#1", after=after, limit=limit, descending=descending):
                assert len(page) <= limit
                after = page[-1].key.sk
                pages += listed(page)
            assert pages == expected

    def test_status(self, table: Table) -> None:
        """A filter returns only rows of that status, in the same order, with the same cursors."""
        fill(table, "a", "c", "e", "g", status="completed")
        fill(table, "b", "f", status="failed")
        fill(table, "d")
        assert listed(table.query("VS#1", status="completed")) == list("aceg")
        assert listed(table.query("VS#1", status="failed", descending=True)) == list("fb")
        assert listed(table.query("VS#1", status="completed", after="b", limit=2)) == list("ce")
        assert table.query("VS#1", status="cancelled") == []

    def test_status_changes(self, table: Table) -> None:
        """A row is listed under its current status, and under no other."""
        fill(table, "a", status="in_progress")
        table.write([Put(Key("VS#1", "a"), 1, 0, status="completed")])
        assert table.query("VS#1", status="in_progress") == []
        assert listed(table.query("VS#1", status="completed")) == ["a"]


class TestPut:
    def test_replaces(self, table: Table) -> None:
        """A newer version replaces the whole row."""
        table.write([Put(K, 0, NO_ROW, "old", "failed", 5)])
        table.write([Put(K, 2, 0, "new")])
        assert row(table) == Row(K, 2, "new")

    @pytest.mark.parametrize("replaces", [NO_ROW, 1, 3])
    def test_conflict(self, table: Table, replaces: int) -> None:
        """A row is not replaced unless it is at the version that was read."""
        table.write([Put(K, 2, NO_ROW, "stands")])
        with pytest.raises(RowConflict):
            table.write([Put(K, 4, replaces, "late")])
        assert row(table) == Row(K, 2, "stands")

    def test_conflict_with_nothing(self, table: Table) -> None:
        """A row that vanished is not replaced either."""
        with pytest.raises(RowConflict):
            table.write([Put(K, 1, 0)])
        assert table.get([K]) == {}

    def test_conflict_undoes_all(self, table: Table) -> None:
        """One conflict, and nothing of the whole write happens, neither before nor after it."""
        table.write([Put(K, 2, NO_ROW), Put(Key("VS#1", "z"), 0, NO_ROW)])
        writes: list[Write] = [
            Put(Key("VS#1", "a"), 0, NO_ROW),
            Add(Key("VS#1", "b"), {"n": 1}),
            Remove(Key("VS#1", "z")),
            Put(K, 3, 1),
            Put(Key("VS#1", "y"), 0, NO_ROW),
        ]
        with pytest.raises(RowConflict):
            table.write(writes)
        assert listed(table.query("VS#1")) == ["C", "z"]

    def test_one_winner(self, table: Table) -> None:
        """Of many writers that replace the same version exactly one succeeds."""
        table.write([Put(K, 0, NO_ROW)])

        def replace(writer: int) -> bool:
            try:
                table.write([Put(K, 1, 0, str(writer))])
            except RowConflict:
                return False
            return True

        with ThreadPoolExecutor(16) as pool:
            won = list(pool.map(replace, range(16)))
        assert sum(won) == 1
        assert row(table).data == str(won.index(True))

    @pytest.mark.parametrize("needed", [{"a": 2}, {"a": None}, {"a": 1, "b": 1}, {"b": 0}])
    def test_other_counts(self, table: Table, needed: dict[str, int | None]) -> None:
        """A row that does not have the counts that a write needs is not written, and nor is anything else."""
        table.write([Add(K, {"a": 1})])
        with pytest.raises(RowConflict):
            table.write([Put(K, 0, NO_ROW, counts=needed), Add(Key("VS#2", "C"), {"a": 1})])
        with pytest.raises(RowConflict):
            table.write([Put(K, 0, NO_ROW, counts=needed)])
        assert row(table).version == NO_ROW
        assert table.get([Key("VS#2", "C")]) == {}

    def test_these_counts(self, table: Table) -> None:
        """A row that has the counts is written, and keeps them; None means that there is no such count."""
        table.write([Put(K, 0, NO_ROW, counts={"a": None})])
        table.write([Add(K, {"a": 1, "b": 2})])
        table.write([Add(K, {"a": -1})])
        table.write([Put(K, 1, 0, "new", counts={"a": 0, "b": 2, "c": None})])
        assert (row(table).version, row(table).counts["b"]) == (1, 2)


class TestTombstone:
    def test_hidden_from_lists(self, table: Table) -> None:
        """A tombstone is in no list, but can be read by its key."""
        fill(table, "a", "b", status="completed")
        table.write([Put(Key("VS#1", "a"), 1, 0, status="completed", gone=True, expires_at=10**15)])
        assert listed(table.query("VS#1")) == ["b"]
        assert listed(table.query("VS#1", status="completed")) == ["b"]
        assert row(table, Key("VS#1", "a")).gone

    def test_holds_back_the_older(self, table: Table) -> None:
        """What was decided before the end does not come back: its guard fails."""
        table.write([Put(K, 5, NO_ROW, gone=True)])
        with pytest.raises(RowConflict):
            table.write([Put(K, 4, 3)])
        with pytest.raises(RowConflict):
            table.write([Put(K, 4, NO_ROW)])

    def test_newer_replaces_it(self, table: Table) -> None:
        """What was decided after the end is visible again."""
        table.write([Put(K, 5, NO_ROW, gone=True, expires_at=10**15)])
        table.write([Put(K, 6, 5, "back")])
        assert table.query("VS#1") == [Row(K, 6, "back")]


class TestAdd:
    def test_makes_the_row(self, table: Table) -> None:
        """The first count creates a row without a version."""
        table.write([Add(K, {"completed": 2})])
        assert row(table).version == NO_ROW
        assert counts(table) == {"completed": 2}

    def test_accumulates(self, table: Table) -> None:
        """Counts go up and down, below zero too; a count that is not named stays."""
        table.write([Add(K, {"a": 2, "b": 1})])
        table.write([Add(K, {"a": -3, "c": 4})])
        table.write([Add(K, {"b": -1, "c": 2**40})])
        assert counts(table) == {"a": -1, "c": 4 + 2**40}

    def test_put_keeps_counts(self, table: Table) -> None:
        """A row can be put where only counts exist, and put again, without changing them."""
        table.write([Add(K, {"a": 2})])
        table.write([Put(K, 0, NO_ROW, "first")])
        table.write([Put(K, 1, 0, "second")])
        assert (row(table).data, counts(table)) == ("second", {"a": 2})

    def test_add_keeps_the_row(self, table: Table) -> None:
        """Counting changes neither the version nor any other field."""
        table.write([Put(K, 3, NO_ROW, "text", "completed", 7)])
        table.write([Add(K, {"a": 1})])
        assert row(table) == Row(K, 3, "text", "completed", 7, counts={"a": 1})

    def test_closed(self, table: Table) -> None:
        """A closed row refuses counts, together with the whole write; it can still be put."""
        table.write([Add(K, {"a": 1})])
        table.write([Put(K, 0, NO_ROW, closed=True)])
        with pytest.raises(RowClosed):
            table.write([Put(Key("VS#1", "file"), 0, NO_ROW), Add(K, {"a": 1})])
        assert listed(table.query("VS#1")) == ["C"]
        table.write([Put(K, 1, 0, "again", closed=True)])
        assert (row(table).data, counts(table)) == ("again", {"a": 1})

    def test_nothing_is_lost(self, table: Table) -> None:
        """Sixteen threads that add to one count lose nothing."""

        def add(_: int) -> None:
            for _ in range(10):
                table.write([Add(K, {"a": 1, "b": -2})])

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(add, range(16)))
        assert counts(table) == {"a": 160, "b": -320}

    @pytest.mark.parametrize(
        ("before", "alive"),
        [(None, False), (Add(K, {"a": 1}), False), (Put(K, 3, NO_ROW), True), (Put(K, 3, NO_ROW, status=ENDED), None)],
    )
    def test_alive(self, table: Table, before: Write | None, alive: bool | None) -> None:
        """Counts that are added to a row which is there and has not ended, or to one that is not there, are refused for
        any other, with the whole write.
        """
        table.write([before] if before else [])
        if alive is not None:
            table.write([Add(K, {"a": 1}, alive=alive)])
        expected = counts(table) if table.get([K]) else {}
        for wrong in {True, False} - {alive}:
            with pytest.raises(RowConflict):
                table.write([Add(K, {"a": 1}, alive=wrong), Add(Key("VS#2", "C"), {"a": 1})])
        assert (counts(table) if table.get([K]) else {}) == expected
        assert table.get([Key("VS#2", "C")]) == {}
        table.write([Add(K, {"a": 1})])
        assert counts(table) == {"a": expected.get("a", 0) + 1}

    @pytest.mark.parametrize("alive", [True, False])
    def test_alive_and_closed(self, table: Table, alive: bool) -> None:
        """A closed row refuses them too."""
        table.write([Put(K, 3, NO_ROW, closed=True)])
        with pytest.raises(RowConflict):
            table.write([Add(K, {"a": 1}, alive=alive)])


class TestRemove:
    def test_removed(self, table: Table) -> None:
        """A removed row is gone everywhere, and its place is free."""
        table.write([Put(K, 3, NO_ROW, status="completed", deadline=1)])
        table.write([Remove(K)])
        assert table.get([K]) == {}
        assert table.query("VS#1") == table.query("VS#1", status="completed") == table.due(2) == []
        table.write([Put(K, 0, NO_ROW)])

    def test_nothing_there(self, table: Table) -> None:
        """Removing a row twice is like removing it once."""
        table.write([Remove(K)])
        assert table.get([K]) == {}


class TestWrite:
    def test_nothing(self, table: Table) -> None:
        """An empty write does nothing."""
        table.write([])

    def test_limit(self, table: Table) -> None:
        """A write takes `WRITE_LIMIT` rows, and refuses more before it writes any."""
        writes = [Put(Key("VS#1", f"{number:03d}"), 0, NO_ROW) for number in range(WRITE_LIMIT + 1)]
        with pytest.raises(ValueError, match="fit"):
            table.write(writes)
        assert table.query("VS#1") == []
        table.write(writes[:-1])
        assert len(table.query("VS#1", limit=WRITE_LIMIT + 1)) == WRITE_LIMIT

    def test_one_key_once(self, table: Table) -> None:
        """Two writes on one row are refused, because no table could order them."""
        with pytest.raises(ValueError, match="one key"):
            table.write([Put(K, 0, NO_ROW), Add(K, {"a": 1})])
        assert table.get([K]) == {}


class TestDue:
    def test_oldest_first(self, table: Table) -> None:
        """A sweep gets what is overdue, the oldest first, up to its limit, from every partition."""
        deadlines = {"a": 30, "b": 10, "c": 40, "d": 20}
        table.write([Put(Key(f"VS#{name}", name), 0, NO_ROW, deadline=at) for name, at in deadlines.items()])
        assert listed(table.due(30)) == ["b", "d", "a"]
        assert listed(table.due(30, limit=2)) == ["b", "d"]
        assert table.due(9) == []

    def test_settled(self, table: Table) -> None:
        """A row that was put without a deadline is no longer overdue."""
        table.write([Put(K, 0, NO_ROW, deadline=10)])
        table.write([Put(K, 1, 0)])
        assert table.due(10**15) == []

    def test_earliest(self, table: Table) -> None:
        """The earliest deadline of the given rows is found among many others, up to a time and not beyond it."""
        assert table.earliest_deadline(10**15, ["F#", "open#"]) is None
        others = [Put(Key("VS#2", f"C{number}"), 0, NO_ROW, deadline=number) for number in range(400)]
        for start in range(0, 400, 100):
            table.write(others[start : start + 100])
        wanted = [("F#a", 3_000), ("open#b", 2_000), ("F#c", 4_000)]
        table.write([Put(Key("VS#1", sk), 0, NO_ROW, deadline=deadline) for sk, deadline in wanted])
        assert table.earliest_deadline(2_000, ["F#", "open#"]) == 2_000
        assert table.earliest_deadline(10**15, ["F#"]) == 3_000
        assert table.earliest_deadline(1_999, ["F#", "open#"]) is None

    def test_tombstone_may_vanish_only_after_its_time(self, table: Table) -> None:
        """A tombstone holds back older writes until it expires."""
        table.write([Put(K, 5, NO_ROW, gone=True, expires_at=4_000_000_000_000)])
        table.due(3_999_999_999_999)
        assert row(table).gone


class TestScan:
    def test_every_row_once(self, table: Table) -> None:
        """A scan returns all rows of all partitions once, including tombstones and rows with counts only."""
        fill(table, "a", "b")
        table.write([Put(Key("FILE#1", "C"), 4, NO_ROW, "{}", gone=True), Add(K, {"total": 2})])
        assert sorted(each.key for each in table.scan()) == [Key("FILE#1", "C"), K, Key("VS#1", "a"), Key("VS#1", "b")]
        assert {each.key: each for each in table.scan()} == table.get([each.key for each in table.scan()])

    def test_sections(self, table: Table) -> None:
        """The sections of a scan have each row once, and none has all."""
        rows = [Key(f"VS#{number}", "a") for number in range(16)]
        for row in rows:
            table.write([Put(row, 1, NO_ROW, "{}")])
        sections = [[each.key for each in table.scan(section, 4)] for section in range(4)]
        assert sorted(key for section in sections for key in section) == sorted(rows)
        assert all(len(section) < 16 for section in sections)
