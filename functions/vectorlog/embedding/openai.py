"""Embedding models behind an OpenAI-compatible `POST /v1/embeddings`; without numpy, because it runs in Lambda too."""

from __future__ import annotations

import base64
from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic import BaseModel, ValidationError

from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.vectors import unit
from vectorlog.endpoints.endpoint import Endpoint
from vectorlog.endpoints.refusal import EndpointError
from vectorlog.retry import ADDED_JITTER, RetryPolicy

INPUTS = 2_048
"""OpenAI's limit of texts in one request."""
BYTES = 300_000
"""Maximum UTF-8 bytes in one request. OpenAI's limit is 300,000 tokens; since a token is at least one byte, the texts
need not be tokenised.
"""

ANSWER_BYTES = 256 << 20
"""The most bytes of an answer: `INPUTS` vectors of 4,096 numbers have 201 MB, if each number is written with up to 24
characters.
"""

INGESTING = RetryPolicy(attempts=6, first_s=0.25, jitter=ADDED_JITTER, longest_wait_s=20, timeout_s=60)
"""For ingest, where no user waits. If the provider names no wait, the waits add up to about ten seconds. If it asks for
more than 20 s, the file goes back to the queue, so that the worker can ingest others meanwhile.
"""
SEARCHING = RetryPolicy(attempts=3, first_s=0.25, jitter=ADDED_JITTER, longest_wait_s=2, timeout_s=10)
"""For search, where a user waits: behind API Gateway for at most 29 s."""


class OpenAIEmbedder:
    """An `Embedder` over HTTP; safe to use from several threads.

    Each text is one window, because a chunk has at most 4,096 tokens and OpenAI's models accept 8,191. If a text is
    too long for another model, the provider refuses it (an `EmbeddingError` with the fault `text`).

    Args:
        endpoint: where requests are sent; the caller closes it.
        space: the space of the vectors; their number of dimensions is checked.
        model: the provider's name for the model.
        shortened: whether to request the space's number of dimensions, as it is not the model's full number.
        concurrency: maximum number of requests that all `documents` calls together run in parallel.
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
        """The space passed to the constructor."""
        return self._space

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        """Returns one vector for each text.

        Raises:
            EmbeddingError: of the first request that failed; the requests not yet started are cancelled.
        """
        requests = [self._pool.submit(self._embed, batch, INGESTING) for batch in batches(texts)]
        try:
            return [(vector,) for request in requests for vector in request.result()]
        finally:
            for request in requests:
                request.cancel()

    def query(self, text: str) -> Vector:
        """Returns the vector of a query. Retries for seconds only, because a user waits.

        Raises:
            EmbeddingError: as for `documents`.
        """
        (vector,) = self._embed([text], SEARCHING)
        return vector

    def close(self) -> None:
        """Waits for running requests and stops the threads."""
        self._pool.shutdown(cancel_futures=True)

    def _embed(self, texts: Sequence[str], policy: RetryPolicy) -> list[Vector]:
        return [unit(vector, self._space) for vector in fetch(self._endpoint, self._settings, texts, policy)]


def dimensions_of(endpoint: Endpoint, model: str) -> int:
    """Returns a model's full number of dimensions, found out by embedding one short text.

    Raises:
        EmbeddingError: the provider returned no vector.
    """
    (vector,) = fetch(endpoint, {"model": model, "encoding_format": "base64"}, ["dimensions"], SEARCHING)
    return len(vector)


def batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Splits the texts, in order, into requests within OpenAI's limits; a text over the limit is sent by itself."""
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
    """Returns the provider's vectors, one for each text, in order.

    Raises:
        EmbeddingError: as for `Endpoint.post`, or the response does not follow the API's format.
    """
    try:
        answer = endpoint.post({**settings, "input": texts}, policy, ANSWER_BYTES)
    except EndpointError as error:
        raise EmbeddingError(str(error), retry_after=error.retry_after, fault=error.fault) from None
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
