"""How long embedding takes, and how much is embedded, in Prometheus' metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vectorlog.embedding.meter import Purpose
from vectorlog.ingest import tokens

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Bounds of the histogram: a query takes some ms with the built-in model, a round of chunks seconds."""


class EmbeddingMetrics:
    """Implements Meter. There are as many models as the settings name, so their names are labels.

    Tokens are of cl100k_base, whatever the model, as everywhere in the API. Counting them takes 23 ms for a MB, a
    thousandth of what the built-in model takes.

    Args:
        registry: where the metrics are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        from prometheus_client import Counter, Histogram

        labels = ("model", "purpose")
        self._seconds = Histogram(
            "vectorlog_embedding_seconds",
            "Time of calls of embedding models that returned vectors, with their retries.",
            labels,
            registry=registry,
            buckets=SECONDS,
        )
        self._tokens = Counter(
            "vectorlog_embedding_tokens", "Tokens (cl100k_base) of the texts embedded.", labels, registry=registry
        )
        self._texts = Counter("vectorlog_embedding_texts", "Texts embedded.", labels, registry=registry)

    def embedded(self, model: str, purpose: Purpose, texts: Sequence[str], seconds: float) -> None:
        """See Meter."""
        self._seconds.labels(model, purpose).observe(seconds)
        self._texts.labels(model, purpose).inc(len(texts))
        self._tokens.labels(model, purpose).inc(sum(tokens.count(_whole(text)) for text in texts))


def _whole(text: str) -> str:
    """Returns a text without halves of surrogate pairs, which a query may hold."""
    return text.encode("utf-8", "replace").decode()
