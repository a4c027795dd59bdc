"""What `rebuild vectors` says of stores that change between its survey and its decision."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.operations.transfer.answers import unwatched
from tests.support.bench import PROJECT
from tests.support.moving import OTHER, MovingBench
from vectorlog.cli.rebuild_vectors import Choice, move
from vectorlog.operations.rebuild_vectors import Moves, Wanted
from vectorlog.use_cases import vector_stores


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[MovingBench]:
    made = MovingBench(tmp_path)
    yield made
    made.close()


def choice(store: str | None = None) -> Choice:
    every = store is None
    return Choice(store, None, every, OTHER.model, None, cancel=False, wait=True, yes=True)


def moves_of(bench: MovingBench) -> Moves:
    return Moves(bench.deployment.streams, bench.deployment.views, bench.clock)


def test_a_move_that_ends_meanwhile(bench: MovingBench, capsys: pytest.CaptureFixture[str]) -> None:
    """A move ends after a repeat of the command has surveyed it: the command says that the store has arrived."""
    store = bench.store()
    bench.attach(store, bench.upload("alpha"))
    bench.pump.settle()
    assert bench.begin(store)
    moves = moves_of(bench)
    found = moves.survey(Wanted(store=store, model=OTHER.model), bench.deployment.models, unwatched)
    bench.pump.settle()
    assert bench.space_of(store) == OTHER
    move(moves, found, choice(store), works=True)
    assert f"{store} serves from {OTHER.name}, " in capsys.readouterr().out


def test_a_store_that_is_deleted_meanwhile(bench: MovingBench, capsys: pytest.CaptureFixture[str]) -> None:
    """A store that is deleted after it was surveyed is named, and the command fails."""
    store = bench.store()
    moves = moves_of(bench)
    found = moves.survey(Wanted(model=OTHER.model), bench.deployment.models, unwatched)
    vector_stores.delete(bench.deployment, PROJECT, store)
    with pytest.raises(click.ClickException, match="Not moved: 1 store"):
        move(moves, found, choice(), works=True)
    assert f"{store} was not moved" in capsys.readouterr().err
