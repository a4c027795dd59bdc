"""Embedding models of Amazon Bedrock: Titan Text Embeddings V2 and Cohere Embed v3.

Limits are those of the Bedrock user guide, "Titan Text Embeddings" and "Cohere Embed v3".
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

from botocore.exceptions import BotoCoreError, ClientError

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
"""Characters that neighbouring windows share at least: some 32 tokens, as those of the local model."""

_FINAL = {
    "AccessDeniedException": "The role needs bedrock:InvokeModel on this model, and the account access to it.",
    "ResourceNotFoundException": "The model must be offered in this region, and the account needs access to it.",
    "ValidationException": "If the text is too long for the model, smaller chunks help.",
}
"""What can never succeed, and what helps."""


@dataclass(frozen=True, slots=True)
class Titan:
    """How Titan is asked: one text a call, of 8,192 tokens and 50,000 characters.

    Attributes:
        texts: in one call.
        window: UTF-8 bytes of a text in one window; 24,000 leave room for tokens of three bytes.
    """

    dimensions: int
    texts: int = 1
    window: int = 24_000

    def body(self, texts: Sequence[str], *, question: bool) -> dict[str, Any]:  # noqa: ARG002  # Titan makes no difference
        """A request."""
        return {"inputText": texts[0], "dimensions": self.dimensions, "normalize": True}

    def vectors(self, answer: dict[str, Any]) -> list[list[float]]:
        """What an answer holds."""
        return [answer["embedding"]]


@dataclass(frozen=True, slots=True)
class Cohere:
    """How Cohere is asked: 96 texts a call, each of 2,048 characters and 512 tokens.

    Attributes:
        texts: in one call.
        window: UTF-8 bytes, about, of a text in one window, so that it fits whatever the script. One so dense that it
            has more tokens still (long numbers) loses its end in the model, which is better than failing its file.
    """

    texts: int = 96
    window: int = 2_048

    def body(self, texts: Sequence[str], *, question: bool) -> dict[str, Any]:
        """A request."""
        return {
            "texts": list(texts),
            "input_type": "search_query" if question else "search_document",
            "truncate": "END",
        }

    def vectors(self, answer: dict[str, Any]) -> list[list[float]]:
        """What an answer holds."""
        found: list[list[float]] = answer["embeddings"]
        return found


Family: TypeAlias = Titan | Cohere


class BedrockEmbedder:
    """An `Embedder` on Bedrock; safe to use from several threads.

    Bedrock limits requests per minute. Its client repeats what was refused for now: make one for ingest and one for
    search (`runtime/aws/clients.py`).

    Args:
        client: of bedrock-runtime, with a connection for each thread; the caller's to close.
        space: whose vectors these are.
        model: Bedrock's id of it, or of an inference profile.
        family: how it is asked.
        concurrency: requests of `documents` calls that run at once.
    """

    def __init__(self, client: BaseClient, space: Space, model: str, family: Family, *, concurrency: int = 16) -> None:
        self._client = client
        self._space = space
        self._model = model
        self._family = family
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="bedrock")

    @property
    def space(self) -> Space:
        """As it was given."""
        return self._space

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        """For each text the vectors of its windows.

        Raises:
            EmbeddingError: from the first request that failed for good; no further ones are started then.
        """
        each = [self._windows(text) for text in texts]
        batches = self._batches([window for of_text in each for window in of_text])
        requests = [self._pool.submit(self._embed, batch, question=False) for batch in batches]
        try:
            vectors = iter([vector for request in requests for vector in request.result()])
        finally:
            for request in requests:
                request.cancel()
        return [tuple(islice(vectors, len(of_text))) for of_text in each]

    def query(self, text: str) -> Vector:
        """The vector of a question, or the mean of its windows'.

        Raises:
            EmbeddingError: as `documents`.
        """
        batches = self._batches(self._windows(text))
        return mean([vector for batch in batches for vector in self._embed(batch, question=True)], self._space)

    def close(self) -> None:
        """Ends the threads once running requests have ended."""
        self._pool.shutdown(cancel_futures=True)

    def _windows(self, text: str) -> list[str]:
        """A lone surrogate counts as "?"."""
        encoded = text.encode("utf-8", "replace")
        readable = encoded.decode()
        size = self._family.window * len(readable) // max(1, len(encoded))
        return [readable[window.start : window.stop] for window in windows(len(readable), size, OVERLAP)]

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
            raise self._refused(error) from None
        except BotoCoreError as error:
            raise EmbeddingError(f"Bedrock could not be reached: {error}") from None
        except (KeyError, TypeError, ValueError, OverflowError):
            raise EmbeddingError(f"The answer of {self._model} is not a list of embeddings.") from None
        if len(vectors) != len(texts):
            raise EmbeddingError(f"{self._model} gave {len(vectors)} vectors for {len(texts)} texts.")
        return [unit(vector, self._space) for vector in vectors]

    def _refused(self, error: ClientError) -> EmbeddingError:
        code, reason = error.response["Error"]["Code"], error.response["Error"].get("Message", "no reason given")
        message = f"{self._model} answered {code}: {reason}"
        return (
            EmbeddingError(f"{message} {_FINAL[code]}", temporary=False) if code in _FINAL else EmbeddingError(message)
        )


def bedrock_offers(client: BaseClient) -> list[Offer]:
    """Titan V2 at 256, 512 or 1,024 dimensions, and Cohere's English and multilingual models, of the client's
    region.
    """

    def titan(space: Space) -> BedrockEmbedder:
        return BedrockEmbedder(client, space, TITAN, Titan(space.dimensions))

    def cohere(name: str, space: Space) -> BedrockEmbedder:
        return BedrockEmbedder(client, space, name, Cohere())

    first = Offer("bedrock", TITAN, 1024, shortens=True, connect=titan, sizes=(256, 512))
    return [first, *(Offer("bedrock", name, 1024, shortens=False, connect=partial(cohere, name)) for name in COHERE)]
