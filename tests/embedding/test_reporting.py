"""Every refusal by a provider is logged and counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.stubs import DIMENSIONS, StubEmbedder
from tests.support.told import Tallied, Told
from vectorlog.domain.vectors import Space
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.embedding.embedder import Embedder, EmbeddingError
from vectorlog.telemetry.telemetry import Telemetry


class Refusing(StubEmbedder):
    """Refuses documents for now, and queries for good."""

    def documents(self, texts: object) -> list[tuple[object, ...]]:  # type: ignore[override]  # never answers
        raise EmbeddingError("stub answered 429: slow down", retry_after=1.5)

    def query(self, text: str) -> object:  # type: ignore[override]  # never answers
        raise EmbeddingError("stub answered 401: wrong key", fault="deployment")


CALLS: list[tuple[Callable[[Embedder], object], dict[str, object]]] = [
    (
        lambda embedder: embedder.documents(["private words"]),
        {"level": "WARNING", "code": "temporary", "reason": "stub answered 429: slow down", "wait_ms": 1500},
    ),
    (
        lambda embedder: embedder.query("private words"),
        {"level": "ERROR", "code": "deployment", "reason": "stub answered 401: wrong key"},
    ),
]


@pytest.mark.parametrize(("call", "says"), CALLS, ids=["documents", "query"])
def test_refused(told: Told, call: Callable[[Embedder], object], says: dict[str, object]) -> None:
    """A refusal is reported with the model, the provider's reason and the wait that it asked for, and raised again."""
    tallied = Tallied()
    offer = Offer("stub", "words", DIMENSIONS, False, lambda space: Refusing(space))  # type: ignore[arg-type,return-value]  # as above
    models = Models([offer], telemetry=Telemetry(tallied))
    with pytest.raises(EmbeddingError):
        call(models.embedder(models.resolve()))
    assert told.lines() == [{**says, "event": "provider_refused", "model": "stub:words"}]
    alarm = {("deployment_faults", "embedding"): 1} if says["code"] == "deployment" else {}
    assert tallied.numbers == {("provider_refusals", "stub:words", str(says["code"])): 1, **alarm}


def test_dimensions(told: Told) -> None:
    """A refusal of the request for a model's dimensions is reported too."""

    def dimensions() -> int:
        raise EmbeddingError("stub could not be reached")

    models = Models([Offer("stub", "words", dimensions, False, StubEmbedder)])
    with pytest.raises(EmbeddingError):
        models.resolve()
    assert [(line["event"], line["model"]) for line in told.lines()] == [("provider_refused", "stub:words")]


def test_answers(told: Told) -> None:
    """Vectors are passed on, and nothing is reported."""
    models = Models([Offer("stub", "words", DIMENSIONS, False, StubEmbedder)])
    space = Space("stub:words", DIMENSIONS)
    assert models.embedder(space).query("alpha") == StubEmbedder(space).query("alpha")
    assert models.embedder(space).space == space
    assert told.lines() == []
