"""Embedding models of Amazon Bedrock: Titan Text Embeddings V2 and Cohere Embed v3.

The limits are from the Bedrock user guide, "Titan Text Embeddings" and "Cohere Embed v3".
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)

from vectorlog.defaults import BEDROCK_MODEL
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.catalogue import Offer
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.vectors import mean, unit
from vectorlog.embedding.windows import windows

if TYPE_CHECKING:
    from botocore.client import BaseClient

TITAN = BEDROCK_MODEL
COHERE = ("cohere.embed-english-v3", "cohere.embed-multilingual-v3")
OVERLAP = 128
"""Minimum number of characters that neighbouring windows share: about 32 tokens, as for the local model."""

_CREDENTIALS = "The credentials are not valid (any more): give the function's role, or this machine, valid ones."
_DEPLOYMENT = {
    "AccessDeniedException": "The role needs bedrock:InvokeModel on this model, and the account access to it.",
    "ResourceNotFoundException": "The model must be offered in this region, and the account needs access to it.",
    "ServiceQuotaExceededException": "The account's quota for this model is used up: raise it in Service Quotas.",
    "OptInRequired": "The account is not subscribed to Bedrock: subscribe it.",
    **dict.fromkeys(
        (
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "IncompleteSignature",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "ExpiredToken",
            "ExpiredTokenException",
            "NotAuthorized",
        ),
        _CREDENTIALS,
    ),
}
"""Error codes with which Bedrock refuses every text, each with the remedy."""
_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, NoRegionError)
_TEXT = "ValidationException"
"""The error code with which Bedrock refuses a text, or a request that does not suit the model."""


@dataclass(frozen=True, slots=True)
class Titan:
    """Builds requests for Titan: one text per call, of at most 8,192 tokens and 50,000 characters.

    Attributes:
        dimensions: of the vectors that are requested.
        texts: maximum number of texts in one call.
        window: maximum UTF-8 bytes in one window; 24,000 fit the model at three bytes per token.
    """

    dimensions: int
    texts: int = 1
    window: int = 24_000

    def body(self, texts: Sequence[str], *, question: bool) -> dict[str, Any]:  # noqa: ARG002  # same for both in Titan
        """Returns the body of a request."""
        return {"inputText": texts[0], "dimensions": self.dimensions, "normalize": True}

    def vectors(self, answer: dict[str, Any]) -> list[list[float]]:
        """Returns the vectors of a response."""
        return [answer["embedding"]]


@dataclass(frozen=True, slots=True)
class Cohere:
    """Builds requests for Cohere: 96 texts per call, each of at most 2,048 characters and 512 tokens.

    Attributes:
        texts: maximum number of texts in one call.
        window: approximate UTF-8 bytes in one window. Counting bytes makes it fit in any script. Very dense text, such
            as long numbers, may still exceed 512 tokens; the model then cuts off its end, which is better than failing
            the whole file.
    """

    texts: int = 96
    window: int = 2_048

    def body(self, texts: Sequence[str], *, question: bool) -> dict[str, Any]:
        """Returns the body of a request."""
        return {
            "texts": list(texts),
            "input_type": "search_query" if question else "search_document",
            "truncate": "END",
        }

    def vectors(self, answer: dict[str, Any]) -> list[list[float]]:
        """Returns the vectors of a response."""
        vectors: list[list[float]] = answer["embeddings"]
        return vectors


Family: TypeAlias = Titan | Cohere


class BedrockEmbedder:
    """An `Embedder` on Bedrock; safe to use from several threads.

    Bedrock limits requests per minute. The client retries throttled requests, so ingest and search need a client each
    (`runtime/aws/clients.py`).

    Args:
        client: a bedrock-runtime client with a connection for each thread; the caller closes it.
        space: the space of the vectors.
        model: Bedrock's id of the model, or of an inference profile.
        family: builds the model's requests and reads its responses.
        concurrency: maximum number of requests that all `documents` calls together run in parallel.
    """

    def __init__(self, client: BaseClient, space: Space, model: str, family: Family, *, concurrency: int = 16) -> None:
        self._client = client
        self._space = space
        self._model = model
        self._family = family
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="bedrock")

    @property
    def space(self) -> Space:
        """The space passed to the constructor."""
        return self._space

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        """Returns, for each text, the vectors of its windows.

        Raises:
            EmbeddingError: of the first request that failed; the requests not yet started are cancelled.
        """
        windows_by_text = [self._windows(text) for text in texts]
        batches = self._batches([window for text_windows in windows_by_text for window in text_windows])
        requests = [self._pool.submit(self._embed, batch, question=False) for batch in batches]
        try:
            vectors = iter([vector for request in requests for vector in request.result()])
        finally:
            for request in requests:
                request.cancel()
        return [tuple(islice(vectors, len(text_windows))) for text_windows in windows_by_text]

    def query(self, text: str) -> Vector:
        """Returns the vector of a query; for a long query, the mean of its windows' vectors.

        Raises:
            EmbeddingError: as for `documents`.
        """
        batches = self._batches(self._windows(text))
        return mean([vector for batch in batches for vector in self._embed(batch, question=True)], self._space)

    def close(self) -> None:
        """Waits for running requests and stops the threads."""
        self._pool.shutdown(cancel_futures=True)

    def _windows(self, text: str) -> list[str]:
        """Cuts a text into windows. A lone surrogate is replaced by "?"."""
        encoded = text.encode("utf-8", "replace")
        valid = encoded.decode()
        size = self._family.window * len(valid) // max(1, len(encoded))
        return [valid[window.start : window.stop] for window in windows(len(valid), size, OVERLAP)]

    def _batches(self, texts: list[str]) -> list[list[str]]:
        size = self._family.texts
        return [texts[first : first + size] for first in range(0, len(texts), size)]

    def _embed(self, texts: Sequence[str], *, question: bool) -> list[Vector]:
        body = json.dumps(self._family.body(texts, question=question))
        try:
            answer = self._client.invoke_model(
                modelId=self._model, body=body, contentType="application/json", accept="application/json"
            )
            vectors = [array("f", vector) for vector in self._family.vectors(json.loads(answer["body"].read()))]
        except ClientError as error:
            raise self._embedding_error(error) from None
        except _NO_CREDENTIALS as error:
            raise EmbeddingError(f"Bedrock was not asked: {error} {_CREDENTIALS}", fault="deployment") from None
        except BotoCoreError as error:
            raise EmbeddingError(f"Bedrock could not be reached: {error}") from None
        except (KeyError, TypeError, ValueError, OverflowError):
            raise EmbeddingError(f"The answer of {self._model} is not a list of embeddings.") from None
        if len(vectors) != len(texts):
            raise EmbeddingError(f"{self._model} gave {len(vectors)} vectors for {len(texts)} texts.")
        return [unit(vector, self._space) for vector in vectors]

    def _embedding_error(self, error: ClientError) -> EmbeddingError:
        code, reason = error.response["Error"]["Code"], error.response["Error"].get("Message", "no reason given")
        message = f"{self._model} answered {code}: {reason}"
        if code in _DEPLOYMENT:
            return EmbeddingError(f"{message} {_DEPLOYMENT[code]}", fault="deployment")
        if code == _TEXT:
            return EmbeddingError(
                f"{message} If the text is too long for the model, smaller chunks help.", fault="text"
            )
        return EmbeddingError(message)


def bedrock_offers(client: BaseClient) -> list[Offer]:
    """Returns the offers of the client's region: Titan V2 at 256, 512 or 1,024 dimensions, and Cohere's English and
    multilingual models.
    """

    def titan(space: Space) -> BedrockEmbedder:
        return BedrockEmbedder(client, space, TITAN, Titan(space.dimensions))

    def cohere(name: str, space: Space) -> BedrockEmbedder:
        return BedrockEmbedder(client, space, name, Cohere())

    first = Offer("bedrock", TITAN, 1024, shortens=True, connect=titan, sizes=(256, 512))
    return [first, *(Offer("bedrock", name, 1024, shortens=False, connect=partial(cohere, name)) for name in COHERE)]
