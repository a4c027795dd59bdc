"""Uploads, and their parts."""

from __future__ import annotations

from typing import Literal

from pydantic.json_schema import SkipJsonSchema

from vectorlog.api.openapi.answers.answer import Answer, Count, Seconds
from vectorlog.api.openapi.answers.files import File


class DirectPart(Answer):
    """A part that the client sends straight to the storage."""

    id: str
    bytes: Count
    """How many bytes the request must have."""
    method: Literal["PUT"]
    """Of the request."""
    url: str
    """Where to send it, without a key, before the upload expires."""


class DirectParts(Answer):
    """The parts of a direct upload."""

    part_size: Count
    """Bytes of each part but the last."""
    parts: list[DirectPart]
    """In the order of their bytes."""


class Upload(Answer):
    """A file that is sent in parts."""

    id: str
    object: Literal["upload"]
    bytes: Count
    """The size of the whole file."""
    created_at: Seconds
    filename: str
    """Of the file."""
    purpose: str
    """Of the file."""
    status: Literal["pending", "completed", "cancelled", "expired"]
    expires_at: Seconds
    """An hour after its creation."""
    file: File | SkipJsonSchema[None] = None
    """The file that it became; absent unless it is completed."""
    direct_upload: DirectParts | SkipJsonSchema[None] = None
    """An extension: absent unless it was asked for and the upload is pending."""


class UploadPart(Answer):
    """A part of an upload."""

    id: str
    object: Literal["upload.part"]
    created_at: Seconds
    upload_id: str
    """The upload."""
