"""Commits that arrive late, twice and in other orders of streams give the rows of plain projection, in SQLite's table;
tests/aws/test_deliveries.py shows the same of DynamoDB's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.support.bench import Bench
from tests.support.lived import before_the_work, disordered, lasting, live
from vectorlog.event_log.decision import AnyDecision
from vectorlog.operations import folded_log
from vectorlog.operations.folded_log import History
from vectorlog.reactions import purge
from vectorlog.sqlite.database import Database
from vectorlog.views.sqlite import SCHEMA, SQLiteTable
from vectorlog.views.table import Key, Row
from vectorlog.views.views import Views

ORDERS = 20
TIMES = 2
"""How often each commit is delivered."""


@pytest.fixture
def slow(tmp_path: Path) -> Bench:
    """A deployment in which a batch is fanned out after its request, as on AWS."""
    return Bench(tmp_path, inline_files=0)


def test_any_order(slow: Bench, tmp_path: Path) -> None:
    """In whatever order streams are projected, twice each, the rows are those of plain projection, before and after the
    deleted store is purged.
    """
    with closing(slow):
        live(slow)
        history = folded_log.read(slow.deployment)
        decisions = [slow.deployment.streams.decode(commit) for commit in slow.log.scan()]
    plain = _projected(tmp_path / "plain.db", [decisions], history)
    assert plain[1].keys() >= {key for key, row in history.rows.items() if row.version >= 0 and not _is_open(key)}
    for seed in range(ORDERS):
        draw = Random(seed)
        order = [each for _ in range(TIMES) for each in disordered(decisions, draw, lambda each: each.stream)]
        pages = []
        while order:
            size = draw.choice((1, 3, 10, 100))
            pages.append(order[:size])
            order = order[size:]
        assert _projected(tmp_path / f"{seed}.db", pages, history) == plain, f"seed {seed}"


def _projected(
    path: Path, pages: Sequence[Sequence[AnyDecision]], history: History
) -> tuple[Mapping[Key, Row], Mapping[Key, Row]]:
    """The rows that last, before and after the purge."""
    with closing(Database(path, SCHEMA, synchronous="NORMAL")) as database:
        views = Views(SQLiteTable(database))
        for page in pages:
            views.apply(page)
        projected = before_the_work(lasting(views.table, history), history)
        for store, state in history.stores.items():
            if state.deleted:
                purge.rows_in(views.table, store)
        return projected, lasting(views.table, history)


def _is_open(key: Key) -> bool:
    return key.sk.startswith("O#")
