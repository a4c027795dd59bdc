"""File batches."""

from __future__ import annotations

from typing import Literal

from vectorlog.api.openapi.answers.answer import Answer, Seconds
from vectorlog.api.openapi.answers.vector_stores import FileCounts


class FileBatch(Answer):
    """Files attached by one request."""

    id: str
    object: Literal["vector_store.file_batch"]
    created_at: Seconds
    vector_store_id: str
    """The store."""
    status: Literal["in_progress", "completed", "cancelled", "failed"]
    file_counts: FileCounts
    """Of the batch's files."""
