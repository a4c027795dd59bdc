"""Every refusal by a provider is logged and counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tests.support.stubs import DIMENSIONS, StubEmbedder
from tests.support.told import Tallied, Told
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.embedding.embedder import Embedder, EmbeddingError
from vectorlog.embedding.reporting import STANDS_S, ReportingEmbedder
from vectorlog.endpoints.refusal import Fault
from vectorlog.telemetry.rarely import EVERY_S, Rarely
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
    alarm: dict[tuple[str, ...], int] = {("deployment_faults", "embedding"): 1}
    alarm = alarm if says["code"] == "deployment" else {}
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


class Picky(StubEmbedder):
    """Refuses the texts that a test names, each with its fault."""

    def __init__(self, **faults: Fault) -> None:
        super().__init__(Space("stub:words", DIMENSIONS))
        self.faults = faults
        self.calls = 0

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        self.calls += 1
        for text in texts:
            self._check(text)
        return super().documents(texts)

    def query(self, text: str) -> Vector:
        self.calls += 1
        self._check(text)
        return super().query(text)

    def _check(self, text: str) -> None:
        if text in self.faults:
            raise EmbeddingError(f"stub says no to {text}", fault=self.faults[text])


class Seconds:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class TestWhoseFault:
    """A text that is refused fails its file; a provider that refuses every text makes all files wait."""

    def fault_of(self, embedder: Picky) -> str:
        with pytest.raises(EmbeddingError) as caught:
            ReportingEmbedder(embedder, Telemetry()).documents(["bad"])
        return caught.value.fault

    def test_the_text(self) -> None:
        """If the provider embeds another text, it is the text's fault."""
        assert self.fault_of(Picky(bad="text")) == "text"

    def test_every_text(self) -> None:
        """If it refuses a text that no provider refuses for what it says, the deployment is at fault."""
        assert self.fault_of(Picky(bad="text", dimensions="text")) == "deployment"

    def test_not_known(self) -> None:
        """If the provider is busy when it is asked, nothing is decided yet: the file waits."""
        assert self.fault_of(Picky(bad="text", dimensions="busy")) == "busy"
        assert self.fault_of(Picky(bad="text", dimensions="deployment")) == "deployment"

    def test_it_stands_for_a_while(self) -> None:
        """A refusal of every text is remembered for seconds, so that files need not be read to find it out again."""
        seconds, embedder = Seconds(), Picky(bad="deployment", worse="text", busy="busy")
        reporting = ReportingEmbedder(embedder, Telemetry(), seconds)
        for text in ("busy", "worse"):
            with pytest.raises(EmbeddingError):
                reporting.documents([text])
            assert reporting.standing_refusal is None
        with pytest.raises(EmbeddingError):
            reporting.documents(["bad"])
        assert str(reporting.standing_refusal) == "stub says no to bad"
        seconds.now += STANDS_S
        assert reporting.standing_refusal is None
        with pytest.raises(EmbeddingError):
            reporting.documents(["bad"])
        reporting.query("good")
        assert reporting.standing_refusal is None


def test_one_line_a_minute(told: Told) -> None:
    """However many files wait for the operator, the log says so once a minute for each model; the metric counts all."""
    tallied, seconds = Tallied(), Seconds()
    reporting = ReportingEmbedder(Picky(bad="deployment"), Telemetry(tallied, Rarely(seconds)))
    for _ in range(100):
        with pytest.raises(EmbeddingError):
            reporting.documents(["bad"])
    assert len(told.lines("provider_refused")) == 1
    assert tallied.numbers["deployment_faults", "embedding"] == 100
    seconds.now += EVERY_S
    with pytest.raises(EmbeddingError):
        reporting.query("bad")
    assert len(told.lines("provider_refused")) == 2
