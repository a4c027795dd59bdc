"""A worker's reaction to a provider that refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.support.bench import Bench
from tests.support.stubs import Inline, StubEmbedder, StubReader
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.ingest.ingester import Ingester
from vectorlog.ingest.job import ROUND, Requeue
from vectorlog.work.messages import Ingest


class _Refusing:
    """Models whose only embedder refuses everything after this many rounds."""

    standing_refusal = None

    def __init__(self, retry_after: float | None = None, rounds: int = 0) -> None:
        self._retry_after = retry_after
        self._rounds = rounds

    def embedder(self, space: Space) -> _Refusing:
        self._embeds = StubEmbedder(space)
        return self

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        if self._rounds:
            self._rounds -= 1
            return self._embeds.documents(texts)
        raise EmbeddingError(f"no room for {len(texts)}", retry_after=self._retry_after)


def refused(bench: Bench, models: _Refusing, message: Ingest) -> Requeue:
    deployment = replace(bench.deployment, models=models)  # type: ignore[arg-type]  # the part of Models that a worker uses
    [later] = Ingester(deployment, StubReader(), Inline()).ingest([message])
    return later


@pytest.mark.parametrize("before", [0, 3])
def test_refusals_are_counted(bench: Bench, before: int) -> None:
    """A file that waits for its provider counts its refusals, so that each wait is longer than the last."""
    store, file = bench.store(), bench.upload("text")
    bench.attach(store, file)
    later = refused(bench, _Refusing(), Ingest(store, file, 1, refusals=before))
    assert (later.message.refusals, later.delay, bench.status(store, file)) == (before + 1, None, "in_progress")


def test_counted_anew_after_progress(bench: Bench) -> None:
    """A refused file that made progress since its last refusal waits as after its first one."""
    store, file = bench.store(), bench.upload("line\n" * (ROUND + 1))
    bench.attach(store, file)
    later = refused(bench, _Refusing(rounds=1), Ingest(store, file, 1, refusals=7))
    assert (later.message.next, later.message.refusals) == (ROUND, 1)


def test_counted_anew_after_progress_that_took_its_time(bench: Bench) -> None:
    """A file that continues in another call because the time ran out waits as after its first refusal."""
    store, file = bench.store(), bench.upload("line\n" * (ROUND + 1))
    bench.attach(store, file)
    time_left = iter([True, False])
    [later] = Ingester(bench.deployment, StubReader(), Inline()).ingest(
        [Ingest(store, file, 1, refusals=7)], lambda: next(time_left)
    )
    assert (later.message.next, later.message.refusals, later.delay) == (ROUND, 0, 0)


@pytest.mark.parametrize(("asked", "delay"), [(None, None), (0.0, None), (0.0004, None), (2.5, 2500)])
def test_no_wait_is_no_answer(bench: Bench, asked: float | None, delay: int | None) -> None:
    """A provider that refuses and asks for no wait at all is waited for as if it had said nothing."""
    store, file = bench.store(), bench.upload("text")
    bench.attach(store, file)
    assert refused(bench, _Refusing(asked), Ingest(store, file, 1)).delay == delay
