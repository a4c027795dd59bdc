"""Schemas of the bodies of uploads (docs/contract.md, section 3)."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from vectorlog.api.input import refusals
from vectorlog.api.input.file_fields import FileExpiry, Filename, MimeType, Purpose
from vectorlog.api.input.no_parameters import NoParameters
from vectorlog.api.input.parse import id_schema, refused
from vectorlog.api.input.schemas import Body
from vectorlog.domain import ids
from vectorlog.domain.errors import Invalid

MAX_PARTS = 10_000
"""As many as S3 joins."""
MAX_DIRECT_PARTS = 1_000
"""An answer with so many signed addresses has about 2 MB."""
MIN_DIRECT_PART = 5 * 1024 * 1024
MAX_DIRECT_PART = 5 * 1024 * 1024 * 1024
"""The sizes of parts that S3 joins without reading them, and takes in one request."""
DIRECT_PART = 16 * 1024 * 1024
"""The size of direct parts if the client names none."""


def _part_id(value: str) -> str:
    if not ids.is_well_formed("part", value):
        raise refused(partial(refusals.wrong_id, value=value, prefix=ids.PREFIX["part"]))
    return value


PartId = Annotated[str, AfterValidator(_part_id), WithJsonSchema(id_schema("part"))]


class DirectUpload(Body):
    """An extension: the client sends the parts to addresses in the answer."""

    part_size: int | None = Field(default=None, ge=MIN_DIRECT_PART, le=MAX_DIRECT_PART)
    """Of each part but the last, in bytes; there may be 1,000 parts. By default 16 MB, or more for a large file."""


class UploadCreation(Body):
    """A file to be sent in parts."""

    filename: Filename
    """As in the upload of a file."""
    purpose: Purpose
    """What the file is for."""
    bytes: int = Field(ge=1)
    """The size of the whole file."""
    mime_type: MimeType
    """The type with which it is downloaded."""
    expires_after: FileExpiry | None = None
    """When the file expires, once it is completed; never if absent."""
    direct_upload: DirectUpload | None = None
    """Asks for addresses to which the client sends the parts itself."""

    @model_validator(mode="after")
    def _has_few_direct_parts(self) -> Self:
        smallest = -(-self.bytes // MAX_DIRECT_PARTS)
        if self.direct_upload and self.direct_upload.part_size and self.direct_upload.part_size < smallest:
            refusal = partial(refusals.number_too_small, minimum=smallest, value=self.direct_upload.part_size)
            raise refused(refusal, "direct_upload", "part_size")
        return self

    @property
    def direct_part_size(self) -> int | None:
        """The size of direct parts in bytes; None if the client did not ask for them."""
        if self.direct_upload is None:
            return None
        return self.direct_upload.part_size or max(DIRECT_PART, -(-self.bytes // MAX_DIRECT_PARTS))


class PartForm(NoParameters):
    """The form of a part: it has no text fields."""


class UploadCompletion(Body):
    """What makes the file."""

    part_ids: list[PartId] | None = Field(default=None, min_length=1, max_length=MAX_PARTS, fail_fast=True)
    """The parts in their order. They may be left out if all are direct parts."""
    md5: str | None = None
    """Of the whole file, in hex; it is checked if given."""

    @model_validator(mode="after")
    def _md5_is_hex(self) -> Self:
        if self.md5 is not None and (len(self.md5) != 32 or not set(self.md5.lower()) <= set("0123456789abcdef")):
            raise refused(_no_md5, "md5")
        return self


def _no_md5(path: str) -> Invalid:
    return Invalid(f"Invalid '{path}': expected 32 hexadecimal digits.", param=path)
