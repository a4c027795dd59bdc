"""The views of both editions compared."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support import dynamodb_local
from vectorlog.runtime.aws import tables
from vectorlog.sqlite.database import Database
from vectorlog.views.dynamodb import DynamoDBTable
from vectorlog.views.sqlite import SCHEMA, SQLiteTable
from vectorlog.views.table import NO_ROW, Add, Key, Put, Remove, Row, RowClosed, RowConflict, Table, Write

KEYS = [
    Key(pk, sk)
    for pk in ("VS#1", "VS#1#B")
    for sk in ("a", "a#1", "a#2", "b", "b#", "b#1", "c", "é", "~", "\U0001f600")
]


def some_write(random: Random, key: Key, standing: Row | None) -> Write:
    kind = random.choice("PPPAAR")
    if kind == "P":
        replaces = standing.version if standing and random.random() < 0.9 else random.choice([NO_ROW, 3])
        status, deadline = random.choice([None, "completed", "failed"]), random.choice([None, 5, 9])
        gone, closed = random.random() < 0.25, random.random() < 0.1
        return Put(
            key,
            random.randrange(9),
            replaces,
            random.choice(["", "{}"]),
            status,
            deadline,
            gone,
            closed,
            10**15 if gone else None,
        )
    return Add(key, {random.choice("xyz"): random.randint(-3, 3)}) if kind == "A" else Remove(key)


def some_query(random: Random) -> dict[str, Any]:
    cursors = [None, "0", "a", "a#", "a#1", "b", "b#1", "é", "~~"]
    return {
        "prefix": random.choice(["", "a", "b#", "é", "z"]),
        "after": random.choice(cursors),
        "before": random.choice(cursors),
        "limit": random.choice([1, 2, 5, 100]),
        "descending": random.choice([False, True]),
        "status": random.choice([None, "completed", "failed"]),
    }


@pytest.mark.aws  # moto copies its tables too often for this
@pytest.mark.parametrize("seed", range(3))
def test_twins_agree(tmp_path: Path, seed: int) -> None:
    """The views of both editions accept, refuse and answer the same, whatever is requested."""
    random = Random(seed)
    database = Database(tmp_path / "views.db", SCHEMA, synchronous="NORMAL")
    twin = SQLiteTable(database)
    with dynamodb_local.table(tables.views) as name:
        real = DynamoDBTable(dynamodb_local.client(), name)
        for _ in range(200):
            keys = random.sample(KEYS, random.choice([1, 1, 2, 4]))
            writes = [some_write(random, key, twin.get([key]).get(key)) for key in keys]
            assert refusal(real, writes) is refusal(twin, writes)
            assert real.get(keys) == twin.get(keys)
            asked = some_query(random)
            assert real.query("VS#1", **asked) == twin.query("VS#1", **asked)
        assert {row.key: row for row in real.due(7)} == {row.key: row for row in twin.due(7)}
        assert {row.key: row for row in real.scan()} == {row.key: row for row in twin.scan()}
        real.close()
    database.close()


def refusal(table: Table, writes: list[Write]) -> type[Exception] | None:
    """How a table refuses writes; None if it made them."""
    try:
        table.write(writes)
    except (RowConflict, RowClosed) as refused:
        return type(refused)
    return None
