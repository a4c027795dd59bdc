"""Files in a store, and their text."""

from __future__ import annotations

from typing import Literal

from vectorlog.api.openapi.answers.answer import Answer, Count, Scalar, Seconds
from vectorlog.domain.file_warning import WarningCode


class StaticSizesUsed(Answer):
    """Sizes in tokens of `cl100k_base`."""

    max_chunk_size_tokens: int
    """Of a chunk."""
    chunk_overlap_tokens: int
    """How many tokens two neighbours share."""


class StaticChunking(Answer):
    """Chunks of a fixed size."""

    type: Literal["static"]
    static: StaticSizesUsed
    """The sizes."""


class AutoChunking(Answer):
    """Chunks of 800 tokens with an overlap of 400."""

    type: Literal["auto"]


class LastError(Answer):
    """Why a file failed, or was cancelled as a duplicate."""

    code: Literal["unsupported_file", "invalid_file", "server_error", "duplicate_file"]
    """The kind of reason."""
    message: str
    """The cause and the remedy."""


class FileWarning(Answer):
    """What a completed file lacks, or what was not certain when it was read."""

    code: WarningCode
    """The kind of warning. Later versions may add kinds."""
    message: str
    """A sentence that says what is missing, and what to do."""
    where: str | None
    """The place in the file, such as `page 3`; null if it is about the whole file."""


class VectorStoreFile(Answer):
    """A file in a store."""

    id: str
    """The id of the uploaded file."""
    object: Literal["vector_store.file"]
    usage_bytes: Count
    """Size of the extracted text in UTF-8; 0 unless completed."""
    created_at: Seconds
    """When it was first attached; kept when it is attached again."""
    vector_store_id: str
    """The store."""
    status: Literal["in_progress", "completed", "failed", "cancelled"]
    last_error: LastError | None
    """Null unless it failed or was skipped."""
    chunking_strategy: StaticChunking
    """`auto` is shown as the sizes that it stands for."""
    attributes: dict[str, Scalar]
    """`{}` if not given."""
    warnings: list[FileWarning]
    """Empty unless it is completed, and in most files."""
    filename: str
    """MKA1's field."""
    chunk_count: int | None
    """Null until it is known. MKA1's field, like the next three."""
    processed_chunk_count: int | None
    """How many chunks are indexed."""
    page_count: int | None
    """Of a document that has pages."""
    processed_page_count: int | None
    """How many pages were read."""


class VectorStoreFileMka1(VectorStoreFile):
    """A file in a store."""

    chunking_strategy: AutoChunking | StaticChunking  # type: ignore[assignment]  # wider than in OpenAI's dialect
    """As it was sent."""


class DetachedFile(Answer):
    """A file was taken out of a store."""

    id: str
    object: Literal["vector_store.file.deleted"]
    deleted: Literal[True]


class TextPart(Answer):
    """A piece of text."""

    type: Literal["text"]
    text: str


class ContentPage(Answer):
    """The text of a file in a store."""

    object: Literal["vector_store.file_content.page"]
    data: list[TextPart]
    """The text, as one part."""
    has_more: Literal[False]
    next_page: None
    """There is never a second page."""


class ContentMka1(Answer):
    """The text of a file in a store, with its name and attributes."""

    file_id: str
    """The uploaded file."""
    filename: str
    """Of the uploaded file."""
    content: list[TextPart]
    """The text, as one part."""
    attributes: dict[str, Scalar]
    """Of the file in the store."""
