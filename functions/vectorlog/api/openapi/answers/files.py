"""Uploaded files."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from vectorlog.api.openapi.answers.answer import Answer, Count, Seconds


class File(Answer):
    """An uploaded file."""

    id: str
    object: Literal["file"]
    bytes: Count
    """Size in bytes."""
    created_at: Seconds
    expires_at: Seconds | None
    """Null for a file that does not expire."""
    filename: str
    """As the client sent it, in any script."""
    purpose: str
    """As given."""
    status: Literal["processed"]
    """A file is processed in the answer to its upload. Deprecated by OpenAI."""
    status_details: None
    """Deprecated by OpenAI."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """Of the bytes; MKA1's field."""


class DeletedFile(Answer):
    """A file was deleted."""

    id: str
    object: Literal["file"]
    deleted: Literal[True]
