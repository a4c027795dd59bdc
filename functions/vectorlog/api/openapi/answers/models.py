"""Models, and embeddings by them."""

from __future__ import annotations

from typing import Literal

from vectorlog.api.openapi.answers.answer import Answer, Count


class DimensionRange(Answer):
    """Which dimensions a model's vectors can have."""

    min: int
    """The fewest."""
    max: int
    """The most."""
    default: int
    """Without a choice."""


class Lifecycle(Answer):
    """Whether a model is offered."""

    status: Literal["active"]
    deprecated_at: None
    """MKA1's field."""
    retires_at: None
    """MKA1's field."""
    successor: None
    """MKA1's field."""


class Capabilities(Answer):
    """MKA1's list of what a model can do."""

    supports_temperature: Literal[False]
    """Not for embeddings."""
    supports_top_p: Literal[False]
    """Not for embeddings."""
    supports_reasoning: Literal[False]
    """Not for embeddings."""
    supports_reasoning_effort: Literal[False]
    """Not for embeddings."""
    supports_structured_outputs: None
    """Not for embeddings."""


class Model(Answer):
    """A model that embeds. The fields that are always null are MKA1's."""

    id: str
    object: Literal["model"]
    created: Literal[0]
    """No provider says when."""
    owned_by: str
    """The provider."""
    model_type: Literal["embeddings"]
    """MKA1's field."""
    input_modalities: list[Literal["text"]]
    """MKA1's field."""
    output_modalities: list[Literal["embedding"]]
    """MKA1's field."""
    embedding_dimension_range: DimensionRange | None
    """Null if it is not known. MKA1's field."""
    lifecycle: Lifecycle
    """MKA1's field."""
    capabilities: Capabilities
    """MKA1's field."""
    context_window: None
    """Not known."""
    max_image_resolution: None
    """Not known."""
    min_image_resolution: None
    """Not known."""
    parameter_count: None
    """Not known."""
    active_parameter_count: None
    """Not known."""
    release_date: None
    """Not known."""
    serving_locations: None
    """Not known."""
    developer: None
    """Not known."""
    base_model: None
    """Not known."""
    weights: None
    """Not known."""
    license: None
    """Not known."""
    languages: None
    """Not known."""
    tts: None
    """Not known."""
    limitations: None
    """Not known."""


class DeletedModel(Answer):
    """OpenAI's answer to the deletion of a model, which this server never gives."""

    id: str
    object: Literal["model"]
    deleted: bool


class Models(Answer):
    """The models that this deployment offers, the default first."""

    object: Literal["list"]
    data: list[Model]
    """The models."""


class EmbeddingLimits(Answer):
    """What one request for embeddings may have."""

    max_batch_size: Count
    """Texts."""
    max_input_tokens: Count
    """Tokens of a text."""
    max_input_length: Count
    """Characters of a text."""


class EmbeddingModel(Answer):
    """A model that embeds, with its limits."""

    id: str
    provider: str
    """The part of the id before the colon."""
    model: str
    """The part of the id after the colon."""
    limits: EmbeddingLimits
    """Of one request."""


class EmbeddingModels(Answer):
    """The models that this deployment offers, with their limits."""

    object: Literal["list"]
    data: list[EmbeddingModel]
    """The models."""


class Embedding(Answer):
    """The vector of one text."""

    object: Literal["embedding"]
    index: Count
    """The place of the text in the request."""
    embedding: list[float] | str
    """Numbers; with `base64`, their four bytes each, the lowest first."""


class TokensUsed(Answer):
    """How many tokens the texts have."""

    prompt_tokens: Count
    """Of all texts."""
    total_tokens: Count
    """The same number."""


class Embeddings(Answer):
    """The vectors of texts, in their order."""

    object: Literal["list"]
    data: list[Embedding]
    """One for each text."""
    model: str
    """As `provider:model`."""
    usage: TokensUsed
    """Of this request."""
