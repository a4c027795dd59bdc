"""Embeddings: the vectors of a client's texts, by the models that stores use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vectorlog.deployment import Deployment
from vectorlog.domain.errors import Invalid, ModelNotFound, Unavailable
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.catalogue import Offer, UnknownModel, UnsupportedDimensions
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.vectors import mean
from vectorlog.ingest import tokens

MAX_INPUTS = 2_048
MAX_INPUT_TOKENS = 8_192
MAX_TOKENS = 300_000
"""OpenAI's limits of one request (its API reference, "Create embeddings"): how many texts, and how many tokens each of
them and all together have. Tokens are of cl100k_base, whatever the model.
"""


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vectors of texts, in their order, and how many tokens all texts have."""

    space: Space
    vectors: tuple[Vector, ...]
    tokens: int


def embed(deployment: Deployment, model: str, dimensions: int | None, texts: Sequence[str]) -> Embedded:
    """Embeds texts as the chunks of a store are embedded. A text that is longer than the model's window has the mean of
    its windows' vectors, scaled to unit length.

    Raises:
        ModelNotFound: the deployment does not offer the model.
        Invalid: the model does not have these dimensions, or refuses a text; or the texts are too long.
        Unavailable: the embedding provider does not answer.
    """
    size = _checked(texts)
    try:
        space = deployment.models.resolve(model, dimensions)
        windows = deployment.models.embedder(space).documents(texts)
        vectors = tuple(mean(each, space) for each in windows)
    except UnknownModel as error:
        raise ModelNotFound(str(error), param="model") from None
    except UnsupportedDimensions as error:
        raise Invalid(str(error), param="dimensions") from None
    except EmbeddingError as error:
        if error.fault == "text":
            raise Invalid(f"Invalid 'input': the model refuses it: {error}", param="input") from None
        wait = min(int(error.retry_after or 1) + 1, 60)
        raise Unavailable(f"The input could not be embedded: {error}", retry_after=wait) from error
    return Embedded(space, vectors, size)


def offer(deployment: Deployment, model: str) -> Offer:
    """Returns the offer of a model, by its full name.

    Raises:
        ModelNotFound: the deployment does not offer it.
    """
    for each in deployment.models.offered:
        if each.model == model:
            return each
    names = ", ".join(deployment.models.names)
    raise ModelNotFound(f"The model '{model}' does not exist here; offered: {names}.", param="model")


def text_of(ids: Sequence[int]) -> str:
    """Returns the text of tokens of cl100k_base.

    Raises:
        ValueError: one of them is no token.
    """
    return tokens.text_of(ids)


def _checked(texts: Sequence[str]) -> int:
    """Returns the number of tokens of all texts.

    Raises:
        Invalid: a text has too many, or all together have.
    """
    total = 0
    for place, text in enumerate(texts):
        size = tokens.count(text)
        if size > MAX_INPUT_TOKENS:
            raise Invalid(
                f"Invalid 'input[{place}]': it has {size} tokens. At most {MAX_INPUT_TOKENS} are allowed.",
                param=f"input[{place}]",
                code="string_above_max_length",
            )
        total += size
    if total > MAX_TOKENS:
        raise Invalid(
            f"Invalid 'input': its texts have {total} tokens. At most {MAX_TOKENS} are allowed in one request.",
            param="input",
            code="array_above_max_length",
        )
    return total
