"""Deployments to move between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.operations.transfer.moves import Counting
from tests.support.bench import Bench
from tests.support.pump import Pump
from tests.support.stubs import DIMENSIONS, DictIndex
from vectorlog.domain.vectors import Space
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.reactions.projector import Projector


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Creates deployments, each in its own folder and with its own random numbers; `offers` are their models."""
    made: list[Bench] = []

    def make(name: str, offer: Space = Space("stub:words", DIMENSIONS)) -> Bench:
        (tmp_path / name).mkdir()
        bench = Bench(tmp_path / name, index=DictIndex(), seed=len(made) + 1)
        provider, _, model = offer.model.partition(":")
        bench.deployment = replace(
            bench.deployment, models=Models([Offer(provider, model, offer.dimensions, False, Counting)])
        )
        work, embed = bench.pump.work, bench.pump.embed
        projector = Projector(bench.deployment.streams, bench.deployment.views, work, embed)
        bench.pump = Pump(bench.deployment, bench.log, projector, work, embed)
        made.append(bench)
        return bench

    yield make
    for bench in made:
        bench.close()
