"""A store moves to another space: its old vectors serve until all of its files have new ones."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from tests.support.bench import DIMENSIONS, PROJECT, Bench, StubEmbedder
from vectorlog.domain import store_move, vector_store
from vectorlog.domain.store_file import State
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.operations.verify import differences
from vectorlog.operations.folded_log import read
from vectorlog.use_cases import search, store_files
from vectorlog.index.fusion import Weights


class OtherEmbedder(StubEmbedder):
    """Another model, whose vectors have nothing to do with those of `StubEmbedder`; it refuses texts with `refused`."""

    embedded: list[str] = []

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        if any("refused" in text for text in texts):
            raise EmbeddingError("it is too sad", fault="text")
        OtherEmbedder.embedded += texts
        return super().documents(texts)

    def query(self, text: str) -> Vector:
        return super().query(" ".join(f"{word}-otherwise" for word in text.split()))


class CountingEmbedder(StubEmbedder):
    embedded: list[str] = []

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        CountingEmbedder.embedded += texts
        return super().documents(texts)


OTHER = Space("stub:other", DIMENSIONS)


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Bench]:
    offers = [
        Offer("stub", "words", DIMENSIONS, False, CountingEmbedder),
        Offer("stub", "other", DIMENSIONS, False, OtherEmbedder),
    ]
    bench = Bench(tmp_path, models=Models(offers))
    yield bench
    bench.close()


def begin(bench: Bench, store: str, target: Space = OTHER) -> None:
    at = bench.clock()
    outcome = bench.deployment.streams.decide(VECTOR_STORE, store, lambda state: store_move.begin(state, target, at))
    assert outcome.decision is not None


def space_of(bench: Bench, store: str) -> Space:
    return bench.deployment.streams.load(VECTOR_STORE, store).state.space


def state_of(bench: Bench, store: str, file: str) -> State:
    return store_files.load(bench.deployment, PROJECT, store, file)[1]


def by_meaning(bench: Bench, store: str, query: str) -> list[tuple[str, float]]:
    """What a search by vectors alone finds, with scores."""
    asked = search.Search((query,), limit=50, weights=Weights(embedding=1.0, text=0.0))
    return [(each.file, each.score) for each in search.search(bench.deployment, PROJECT, store, asked).results]


def test_moves(moving: Bench) -> None:
    store = moving.store()
    files = [moving.upload(f"alpha {number}") for number in range(5)]
    for file in files:
        moving.attach(store, file)
    moving.pump.settle()
    CountingEmbedder.embedded.clear()
    begin(moving, store)
    moving.pump.settle()
    assert space_of(moving, store) == OTHER
    assert CountingEmbedder.embedded == []
    for number, file in enumerate(files):
        (first, score), *_ = by_meaning(moving, store, f"alpha {number}")
        assert first == file and score > 0.98
    moving.pump.settle()
    assert not list(differences(moving.deployment, read(moving.deployment)))
    assert moving.index.count(moving.space, store) == {}
