"""A deployment that offers two models whose vectors have nothing in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tests.support.bench import PROJECT, Bench, StubEmbedder
from tests.support.stubs import DIMENSIONS
from vectorlog.domain import store_move
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.index.fusion import Weights
from vectorlog.operations.folded_log import read
from vectorlog.operations.verify import Difference, differences
from vectorlog.use_cases import search

WORDS, OTHER = Space("stub:words", DIMENSIONS), Space("stub:other", DIMENSIONS)
BY_MEANING = Weights(embedding=1.0, text=0.0)


class OldEmbedder(StubEmbedder):
    """Notes what it embeds. `meanwhile` is called once, while it embeds."""

    embedded: ClassVar[list[str]] = []
    meanwhile: ClassVar[Callable[[], None] | None] = None

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        OldEmbedder.embedded += texts
        if OldEmbedder.meanwhile is not None:
            happens, OldEmbedder.meanwhile = OldEmbedder.meanwhile, None
            happens()
        return super().documents(texts)


class OtherEmbedder(StubEmbedder):
    """Has other vectors than `OldEmbedder`, and refuses texts with the word `sad`."""

    embedded: ClassVar[list[str]] = []

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        if any("sad" in text for text in texts):
            raise EmbeddingError("it is too sad", fault="text")
        OtherEmbedder.embedded += texts
        return super().documents(texts)

    def query(self, text: str) -> Vector:
        return super().query(" ".join(f"{word}-otherwise" for word in text.split()))


class MovingBench(Bench):
    """A `Bench` with both models."""

    def __init__(self, folder: Path, **rules: Any) -> None:
        old = Offer("stub", "words", DIMENSIONS, False, OldEmbedder)
        OldEmbedder.embedded, OtherEmbedder.embedded, OldEmbedder.meanwhile = [], [], None
        other = Offer("stub", "other", DIMENSIONS, False, OtherEmbedder)
        super().__init__(folder, **{"models": Models([old, other]), **rules})

    def begin(self, store: str, target: Space = OTHER) -> bool:
        """Begins a move, as the command does; whether it may."""
        at = self.clock()
        decided = self.deployment.streams.decide(VECTOR_STORE, store, lambda state: store_move.begin(state, target, at))
        return decided.decision is not None

    def cancel(self, store: str) -> None:
        at = self.clock()
        self.deployment.streams.decide(VECTOR_STORE, store, lambda state: store_move.cancel(state, at))

    def space_of(self, store: str) -> Space:
        return self.deployment.streams.load(VECTOR_STORE, store).state.space

    def by_meaning(self, store: str, query: str) -> dict[str, float]:
        """What a search by vectors alone finds, with the best score of each file."""
        asked = search.Search((query,), limit=50, weights=BY_MEANING)
        found = search.search(self.deployment, PROJECT, store, asked).results
        return {each.file: each.score for each in reversed(found)}

    def differences(self) -> list[Difference]:
        """What differs from the log once everything is projected."""
        self.pump.settle()
        return list(differences(self.deployment, read(self.deployment)))
