"""What Prometheus gets to know of embedding."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from tests.support.stubs import StubEmbedder
from vectorlog.domain.vectors import Space
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.reporting import ReportingEmbedder
from vectorlog.runtime.local.embedding_metrics import EmbeddingMetrics
from vectorlog.telemetry.telemetry import Telemetry


class Clock:
    """Two seconds later each time that it is asked."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 2
        return self.now


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def embedder(registry: CollectorRegistry) -> ReportingEmbedder:
    stub = StubEmbedder(Space("stub:words", 16))
    return ReportingEmbedder(stub, Telemetry(), Clock(), meter=EmbeddingMetrics(registry))


def test_measured(registry: CollectorRegistry, embedder: ReportingEmbedder) -> None:
    """Texts, their tokens and the seconds of calls are counted by model, and by whether they are documents."""
    embedder.documents(["one two three", "four"])
    embedder.query("who?")
    documents = {"model": "stub:words", "purpose": "documents"}
    query = {"model": "stub:words", "purpose": "query"}
    value = registry.get_sample_value
    assert value("vectorlog_embedding_texts_total", documents) == 2
    assert value("vectorlog_embedding_tokens_total", documents) == 4
    assert value("vectorlog_embedding_seconds_sum", documents) == 2
    assert value("vectorlog_embedding_tokens_total", query) == 2
    assert value("vectorlog_embedding_seconds_count", query) == 1


def test_refused(registry: CollectorRegistry, embedder: ReportingEmbedder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that gave no vectors is a refusal, and no part of these times."""
    monkeypatch.setattr(StubEmbedder, "throttled", True)
    with pytest.raises(EmbeddingError):
        embedder.documents(["one"])
    assert [sample for metric in registry.collect() for sample in metric.samples] == []


def test_half_a_pair(registry: CollectorRegistry) -> None:
    """A text with half of a surrogate pair, which JSON can hold, is counted and does no harm."""
    EmbeddingMetrics(registry).embedded("stub:words", "query", ["half \ud83d"], 1.0)
    assert (
        registry.get_sample_value("vectorlog_embedding_texts_total", {"model": "stub:words", "purpose": "query"}) == 1
    )
