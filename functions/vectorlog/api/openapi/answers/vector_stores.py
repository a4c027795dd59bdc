"""Vector stores."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from vectorlog.api.openapi.answers.answer import Answer, Count, Scalar, Seconds


class FileCounts(Answer):
    """How many files are in which state; the first four add up to the total."""

    in_progress: Count
    """Being ingested."""
    completed: Count
    """Found by searches."""
    failed: Count
    """Failed, with a reason."""
    cancelled: Count
    """Cancelled, or skipped as duplicates."""
    total: Count
    """All of them."""


class Expiry(Answer):
    """When a store expires."""

    anchor: Literal["last_active_at"]
    """What the days are counted from."""
    days: Annotated[int, Field(ge=1, le=365)]
    """How many days after that the store expires."""


class VectorStore(Answer):
    """A vector store."""

    id: str
    object: Literal["vector_store"]
    created_at: Seconds
    name: str | None
    """Null if not given."""
    description: str | None
    """Null if not given."""
    usage_bytes: Count
    """Sum over its completed files."""
    file_counts: FileCounts
    """Of its files."""
    status: Literal["expired", "in_progress", "completed"]
    """`in_progress` while any of its files is."""
    expires_after: Expiry | None
    """Null without a policy."""
    expires_at: Seconds | None
    """Null without a policy."""
    last_active_at: Seconds
    """The last search or change."""
    last_used_at: Seconds | None
    """The last search; null before the first. MKA1's field."""
    metadata: dict[str, Scalar]
    """`{}` if not given."""
    embedding_model: str
    """What embeds its files, as `provider:model`. MKA1's field."""
    embedding_dimensions: Annotated[int, Field(ge=1)]
    """Of the vectors. MKA1's field."""
    retrieval_mode: Literal["vector"]
    """Search is hybrid all the same; `vector` is MKA1's name for it."""


class DeletedVectorStore(Answer):
    """A store was deleted."""

    id: str
    object: Literal["vector_store.deleted"]
    deleted: Literal[True]
