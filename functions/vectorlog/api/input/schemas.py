"""Schemas of request bodies (docs/contract.md, "Our choices"). Types are strict: "5" is not an integer.

An optional field that is null counts as absent, except in an update of a store, where null clears the value.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from vectorlog.api.input import refusals
from vectorlog.api.input.parse import few_keys, refused
from vectorlog.api.input.scalars import Scalars
from vectorlog.domain import ids
from vectorlog.domain.chunking import AUTO, Chunking
from vectorlog.domain.errors import Invalid
from vectorlog.domain.filters import Scalar, same_attributes
from vectorlog.domain.manifest import BatchItem

MAX_STORE_FILES = 500
MAX_BATCH_FILES = 2000


class Body(BaseModel):
    """A JSON object with only the declared keys."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _has_few_keys(cls, value: object) -> object:
        return few_keys(cls, value)


def _id(kind: ids.Kind) -> AfterValidator:
    def check(value: str) -> str:
        if not ids.is_well_formed(kind, value):
            raise refused(partial(refusals.wrong_id, value=value, prefix=ids.PREFIX[kind]))
        return value

    return AfterValidator(check)


FileId = Annotated[str, _id("file")]
StoreId = Annotated[str, _id("vs")]


class StaticSizes(Body):
    """Sizes of static chunking, in tokens. The overlap is at most half of the chunk size."""

    max_chunk_size_tokens: int = Field(ge=100, le=4096)
    chunk_overlap_tokens: int = Field(ge=0)

    @model_validator(mode="after")
    def _overlap_fits(self) -> Self:
        half = self.max_chunk_size_tokens // 2
        if self.chunk_overlap_tokens > half:
            refusal = partial(refusals.number_too_large, maximum=half, value=self.chunk_overlap_tokens)
            raise refused(refusal, "chunk_overlap_tokens")
        return self


class ChunkingStrategy(Body):
    """`auto`, or `static` with its sizes."""

    type: Literal["auto", "static"]
    static: StaticSizes | None = None

    @model_validator(mode="after")
    def _sizes_go_with_static(self) -> Self:
        if self.type == "static" and self.static is None:
            raise refused(refusals.missing, "static")
        if self.type == "auto" and self.static is not None:
            raise refused(refusals.unknown, "static")
        return self

    @property
    def chunking(self) -> Chunking:
        """The strategy as the domain's `Chunking`."""
        return (
            Chunking("static", self.static.max_chunk_size_tokens, self.static.chunk_overlap_tokens)
            if self.static
            else AUTO
        )


class FileSettings(Body):
    """The settings with which a file is attached."""

    attributes: Scalars | None = None
    chunking_strategy: ChunkingStrategy | None = None

    def item(self, file: str) -> BatchItem:
        """Returns a file with these settings."""
        attributes: dict[str, Scalar] = self.attributes or {}
        return BatchItem(file, attributes, self.chunking_strategy.chunking if self.chunking_strategy else AUTO)


class ExpiresAfter(Body):
    """When a store expires."""

    anchor: Literal["last_active_at"]
    days: int = Field(ge=1, le=365)


class StoreCreation(Body):
    """A new store. `extraction_model` and `max_hops` belong to graph stores, which this service does not offer."""

    name: str | None = Field(default=None, max_length=512)
    description: str | None = Field(default=None, max_length=4096)
    file_ids: list[FileId] | None = Field(default=None, max_length=MAX_STORE_FILES, fail_fast=True)
    expires_after: ExpiresAfter | None = None
    chunking_strategy: ChunkingStrategy | None = None
    metadata: Scalars | None = None
    embedding_model: str | None = Field(default=None, max_length=256)
    embedding_dimensions: int | None = Field(default=None, ge=1)
    retrieval_mode: Literal["vector"] | None = None
    extraction_model: Any = None
    max_hops: Any = None

    @model_validator(mode="after")
    def _is_no_graph(self) -> Self:
        for field in ("extraction_model", "max_hops"):
            if getattr(self, field) is not None:
                raise refused(_only_for_graphs, field)
        return self

    @property
    def files(self) -> tuple[BatchItem, ...]:
        """The distinct files, in the order of the request."""
        settings = FileSettings(chunking_strategy=self.chunking_strategy)
        return tuple(settings.item(file) for file in dict.fromkeys(self.file_ids or ()))


class StoreChange(Body):
    """Changes of a store. An absent field leaves its value unchanged; null clears it."""

    name: str | None = Field(default=None, max_length=512)
    expires_after: ExpiresAfter | None = None
    metadata: Scalars | None = None


class FileAttachment(FileSettings):
    """One file to attach to a store."""

    file_id: FileId
    skip_duplicates: bool | None = None


class AttributesChange(Body):
    """All new attributes of a file; null removes all of them."""

    attributes: Scalars | None


class BatchFile(FileSettings):
    """One of the `files` of a batch."""

    file_id: FileId

    def same_settings(self, other: BatchFile) -> bool:
        """Whether both attach their file with the same settings."""
        same = same_attributes(self.attributes or {}, other.attributes or {})
        return same and self.item("").chunking == other.item("").chunking


class BatchCreation(FileSettings):
    """A new batch. Its settings apply to `file_ids`; each of `files` has its own instead."""

    file_ids: list[FileId] | None = Field(default=None, min_length=1, max_length=MAX_BATCH_FILES, fail_fast=True)
    files: list[BatchFile] | None = Field(default=None, min_length=1, max_length=MAX_BATCH_FILES, fail_fast=True)
    skip_duplicates: bool | None = None

    @model_validator(mode="after")
    def _names_files_once(self) -> Self:
        if self.file_ids is not None and self.files is not None:
            raise refused(lambda _: refusals.both("file_ids", "files"))
        if self.file_ids is None and self.files is None:
            raise refused(lambda _: refusals.neither("file_ids", "files"))
        first: dict[str, BatchFile] = {}
        for place, each in enumerate(self.files or ()):
            if not first.setdefault(each.file_id, each).same_settings(each):
                raise refused(partial(_other_settings, file=each.file_id), "files", place, "file_id")
        return self

    @property
    def param(self) -> Literal["file_ids", "files"]:
        """The field that names the files."""
        return "files" if self.file_ids is None else "file_ids"

    @property
    def items(self) -> tuple[BatchItem, ...]:
        """The distinct files, in the order of the request."""
        named = {file: self.item(file) for file in self.file_ids or ()}
        return tuple((named | {each.file_id: each.item(each.file_id) for each in self.files or ()}).values())


def _only_for_graphs(path: str) -> Invalid:
    return Invalid(
        f"'{path}' needs retrieval_mode 'graph', which is not supported. Supported values of it are: 'vector'.",
        param=path,
    )


def _other_settings(path: str, file: str) -> Invalid:
    return Invalid(
        f"Invalid '{path}': '{file}' is listed before with other attributes or another chunking_strategy.", param=path
    )
