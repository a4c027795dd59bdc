"""A worker's reaction to a provider that refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.support.bench import DAY_MS, PROJECT, Bench
from tests.support.stubs import Inline, StubEmbedder, StubReader
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.remembered import Remembered
from vectorlog.endpoints.refusal import Fault
from vectorlog.ingest.endings import LAST_TRY_MS
from vectorlog.ingest.ingester import Ingester
from vectorlog.ingest.job import ROUND, Requeue
from vectorlog.use_cases import store_files
from vectorlog.work.messages import Ingest


class _Refusing:
    """Models whose only embedder refuses everything after this many rounds."""

    standing_refusal: EmbeddingError | None = None
    together = 128
    by_windows = False

    def __init__(self, retry_after: float | None = None, rounds: int = 0) -> None:
        self.remembered = Remembered()
        self._retry_after = retry_after
        self._rounds = rounds

    def embedder(self, space: Space) -> _Refusing:
        self._embeds = StubEmbedder(space)
        return self

    def languages(self, model: str) -> tuple[str, ...]:
        return ()

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
    store, file = bench.store(), bench.upload("".join(f"line {line}\n" for line in range(ROUND + 1)))
    bench.attach(store, file)
    later = refused(bench, _Refusing(rounds=1), Ingest(store, file, 1, refusals=7))
    assert (later.message.next, later.message.refusals) == (ROUND, 1)


def test_counted_anew_after_progress_that_took_its_time(bench: Bench) -> None:
    """A file that continues in another call because the time ran out waits as after its first refusal."""
    store, file = bench.store(), bench.upload("".join(f"line {line}\n" for line in range(ROUND + 1)))
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


class _Deployment(_Refusing):
    """Models that refuse every text, or one, and count how often they are asked."""

    def __init__(self, fault: Fault, only: str = "") -> None:
        super().__init__()
        self.fault: Fault = fault
        self.only = only
        self.asked = 0

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        self.asked += 1
        if not self.only or self.only in texts:
            raise EmbeddingError("stub answered 401: wrong key. Check the key.", fault=self.fault)
        return self._embeds.documents(texts)


def ingested(bench: Bench, models: _Refusing, *messages: Ingest) -> list[Requeue]:
    deployment = replace(bench.deployment, models=models)  # type: ignore[arg-type]  # as above
    return Ingester(deployment, StubReader(), Inline()).ingest(messages)


def attached(bench: Bench, *texts: str) -> list[Ingest]:
    """The messages of files in one store."""
    store = bench.store()
    files = [bench.upload(text) for text in texts]
    for file in files:
        bench.attach(store, file)
    return [Ingest(store, file, 1) for file in files]


def test_a_refused_key_fails_nothing(bench: Bench) -> None:
    """What is the deployment's fault waits like a throttle; the reason is told once, not for each file."""
    messages = attached(bench, "a", "b", "c")
    later = ingested(bench, _Deployment("deployment"), *messages)
    assert [each.message.refusals for each in later] == [1, 1, 1]
    assert all(each.held for each in later)
    assert {bench.status(each.store, each.file) for each in messages} == {"in_progress"}


def test_a_refused_text_fails_alone(bench: Bench) -> None:
    """What is the text's fault fails that file, with the provider's reason, and no other."""
    messages = attached(bench, "good", "bad", "fine")
    assert ingested(bench, _Deployment("text", only="bad"), *messages) == []
    assert [bench.status(each.store, each.file) for each in messages] == ["completed", "failed", "completed"]
    failure = _failure(bench, messages[1])
    assert "wrong key" in failure
    assert "attach it again" in failure


def test_the_reason_at_the_deadline(bench: Bench) -> None:
    """After a day a file that waited fails with the cause and the remedy, before the sweep, which knows neither."""
    [message] = attached(bench, "a")
    bench.clock.advance(DAY_MS - 3_600_000)
    [_] = ingested(bench, _Deployment("deployment"), message)
    bench.clock.advance(3_600_000 - LAST_TRY_MS)
    assert ingested(bench, _Deployment("deployment"), message) == []
    assert "Check the key" in _failure(bench, message)


def test_not_read_while_it_is_known(bench: Bench) -> None:
    """While a provider is known to refuse every text, files are not read in vain."""
    [message] = attached(bench, "a")
    models = _Deployment("deployment")
    models.standing_refusal = EmbeddingError("stub answered 401: wrong key. Check the key.", fault="deployment")
    [later] = ingested(bench, models, message)
    assert (models.asked, later.held, later.message.refusals) == (0, True, 1)


def _failure(bench: Bench, message: Ingest) -> str:
    failure = store_files.get(bench.deployment, PROJECT, message.store, message.file).state.failure
    assert failure is not None
    assert failure.code == "server_error"
    return failure.message
