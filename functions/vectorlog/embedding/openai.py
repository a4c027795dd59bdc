"""Embedding models behind an OpenAI-compatible `POST /v1/embeddings`. Standard library and urllib3 only: it runs in
Lambda too.
"""

from __future__ import annotations

import base64
from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic import BaseModel, ValidationError

from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.endpoint import Endpoint
from vectorlog.embedding.vectors import unit
from vectorlog.retry import ADDED_JITTER, RetryPolicy

INPUTS = 2_048
"""Texts that OpenAI takes in one request."""
BYTES = 300_000
"""UTF-8 bytes that one request carries: OpenAI takes 300,000 tokens, and a token is a byte at least, so no estimate is
needed.
"""

INGESTING = RetryPolicy(attempts=6, first_s=0.25, jitter=ADDED_JITTER, longest_wait_s=20, timeout_s=60)
"""Nobody waits. Ten seconds of waits where the provider names none; what asks for more than 20 s goes back to the
queue, because a worker that sleeps ingests nothing.
"""
SEARCHING = RetryPolicy(attempts=3, first_s=0.25, jitter=ADDED_JITTER, longest_wait_s=2, timeout_s=10)
"""Someone waits, for 29 s at most behind API Gateway."""


class OpenAIEmbedder:
    """An `Embedder` over HTTP; safe to use from several threads.

    Each text is one window: a chunk holds at most 4,096 tokens and OpenAI's models read 8,191. A text that is longer
    than its model reads is refused by the provider (an `EmbeddingError` that is not temporary). The endpoint is the
    caller's to close.

    Args:
        endpoint: where the requests go.
        space: whose vectors these are; their number of dimensions is checked.
        model: the provider's name of it.
        shortened: whether to ask for the space's dimensions; otherwise the model's own number is expected.
        concurrency: requests of `documents` calls that run at once.
    """

    def __init__(
        self, endpoint: Endpoint, space: Space, model: str, *, shortened: bool = False, concurrency: int = 8
    ) -> None:
        self._endpoint = endpoint
        self._space = space
        self._settings = {"model": model, "encoding_format": "base64"} | (
            {"dimensions": space.dimensions} if shortened else {}
        )
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="embedding")

    @property
    def space(self) -> Space:
        """As it was given."""
        return self._space

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        """One vector for each text.

        Raises:
            EmbeddingError: from the first request that failed for good; no further ones are started then.
        """
        requests = [self._pool.submit(self._embed, batch, INGESTING) for batch in batches(texts)]
        try:
            return [(vector,) for request in requests for vector in request.result()]
        finally:
            for request in requests:
                request.cancel()

    def query(self, text: str) -> Vector:
        """The vector of a question; tried for seconds, not for a minute, because someone waits.

        Raises:
            EmbeddingError: as `documents`.
        """
        (vector,) = self._embed([text], SEARCHING)
        return vector

    def close(self) -> None:
        """Ends the threads once running requests have ended."""
        self._pool.shutdown(cancel_futures=True)

    def _embed(self, texts: Sequence[str], policy: RetryPolicy) -> list[Vector]:
        return [unit(vector, self._space) for vector in fetch(self._endpoint, self._settings, texts, policy)]


def dimensions_of(endpoint: Endpoint, model: str) -> int:
    """The number of dimensions that a model gives of itself, learnt by one small request.

    Raises:
        EmbeddingError: the provider gave no vector.
    """
    (vector,) = fetch(endpoint, {"model": model, "encoding_format": "base64"}, ["dimensions"], SEARCHING)
    return len(vector)


def batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in order, cut where a request is full; a text over the limit goes alone."""
    batch: list[str] = []
    size = 0
    for text in texts:
        length = len(text.encode("utf-8", "replace"))
        if batch and (len(batch) == INPUTS or size + length > BYTES):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += length
    if batch:
        yield batch


def fetch(endpoint: Endpoint, settings: dict[str, Any], texts: Sequence[str], policy: RetryPolicy) -> list[Vector]:
    """The provider's vectors, one for each text, in order.

    Raises:
        EmbeddingError: as `Endpoint.post`, or the answer is not what the API promises.
    """
    answer = endpoint.post({**settings, "input": texts}, policy)
    try:
        items = sorted(_Answer.model_validate_json(answer).data, key=lambda item: item.index)
        vectors = [_decoded(item.embedding) for item in items]
    except (ValidationError, ValueError, OverflowError):
        raise EmbeddingError(f"The answer of {settings['model']} is not a list of embeddings.") from None
    if [item.index for item in items] != list(range(len(texts))):
        raise EmbeddingError(
            f"{settings['model']} gave {len(items)} vectors for {len(texts)} texts, or numbered them wrongly."
        )
    return vectors


class _Item(BaseModel):
    index: int
    embedding: str | list[float]  # some servers ignore `encoding_format`


class _Answer(BaseModel):
    data: list[_Item]


def _decoded(embedding: str | list[float]) -> Vector:
    return (
        array("f", base64.b64decode(embedding, validate=True)) if isinstance(embedding, str) else array("f", embedding)
    )
