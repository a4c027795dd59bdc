"""The fields that say what a file is and how long it is kept. Files and uploads share their rules."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from vectorlog.api.input import refusals
from vectorlog.api.input.json_text import read_object
from vectorlog.api.input.no_parameters import NoParameters
from vectorlog.api.input.parse import checked, refused
from vectorlog.api.input.schemas import Body
from vectorlog.domain.errors import Invalid

PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
MAX_FILENAME_CHARS = 1024
MAX_TYPE_CHARS = 255
BATCH_EXPIRES_AFTER_S = 30 * 86_400
"""Files of purpose `batch` expire after 30 days by default, others never (docs/contract.md, section 2.1)."""


def no_filename(path: str) -> Invalid:
    """The refusal of a file part without a name."""
    message = f"Missing required parameter: the filename of '{path}'. Give the file part a filename."
    return Invalid(message, param=path, code="missing_required_parameter")


def filename_refusal(path: str, name: str) -> Invalid | None:
    """Returns the refusal of an invalid filename, or None if it is valid."""
    if not name.strip():
        return no_filename(path)
    if len(name) > MAX_FILENAME_CHARS:
        message = (
            f"Invalid '{path}': its filename has {len(name)} characters. At most {MAX_FILENAME_CHARS} are allowed."
        )
        return Invalid(message, param=path, code="string_above_max_length")
    if not name.isprintable():
        return Invalid(f"Invalid '{path}': its filename holds control characters.", param=path)
    return None


def _filename(value: str) -> str:
    if not value.strip():
        raise refused(partial(refusals.string_too_short, minimum=1))
    if not value.isprintable():
        raise refused(_control_characters)
    return value


def _purpose(value: str) -> str:
    if value not in PURPOSES:
        raise refused(partial(_wrong_purpose, value=value))
    return value


def _mime_type(value: str) -> str:
    if not value.strip():
        raise refused(partial(refusals.string_too_short, minimum=1))
    if not value.isascii() or not value.isprintable():
        raise refused(_control_characters)
    return value


def _wrong_purpose(path: str, value: str) -> Invalid:
    return Invalid(f"'{refusals.echo(value)}' is not one of {list(PURPOSES)} - '{path}'", param=path, code=None)


def _control_characters(path: str) -> Invalid:
    return Invalid(f"Invalid '{path}': it holds control characters.", param=path)


Filename = Annotated[str, Field(max_length=MAX_FILENAME_CHARS), AfterValidator(_filename)]
Purpose = Annotated[str, AfterValidator(_purpose), WithJsonSchema({"type": "string", "enum": list(PURPOSES)})]
MimeType = Annotated[str, Field(max_length=MAX_TYPE_CHARS), AfterValidator(_mime_type)]
Seconds = Annotated[int, Field(ge=3600, le=2_592_000)]
"""From an hour to 30 days."""


class FileExpiry(Body):
    """When a file expires."""

    anchor: Literal["created_at"]
    """What the seconds are counted from."""
    seconds: Seconds
    """How many seconds after that the file expires."""


def expires_after_s(purpose: str, seconds: int | None) -> int | None:
    """Returns after how many seconds a new file of this purpose expires, given what its request says."""
    return BATCH_EXPIRES_AFTER_S if seconds is None and purpose == "batch" else seconds


class FileForm(NoParameters):
    """The text fields of a form with a file. `expires_after` comes as two fields, as OpenAI's clients send it, or as
    one JSON object.
    """

    purpose: Purpose
    """What the file is for."""
    anchor: Literal["created_at"] | None = Field(default=None, alias="expires_after[anchor]")
    """What the seconds are counted from."""
    seconds: Seconds | None = Field(default=None, alias="expires_after[seconds]")
    """How many seconds after that the file expires."""
    expires_after: str | None = None
    """The same two as one JSON object."""

    @model_validator(mode="after")
    def _expiry_is_whole(self) -> Self:
        if self.expires_after is not None and not (self.anchor is None and self.seconds is None):
            raise refused(lambda _: refusals.both("expires_after", "expires_after[anchor]"))
        if (self.anchor is None) != (self.seconds is None):
            missing = "expires_after[anchor]" if self.anchor is None else "expires_after[seconds]"
            raise refused(lambda _: refusals.missing(missing))
        return self

    @property
    def expires_after_s(self) -> int | None:
        """After how many seconds the file expires; None for never.

        Raises:
            Invalid: the JSON object is not valid.
        """
        seconds = self.seconds
        if self.expires_after is not None:
            seconds = checked(
                _JsonExpiry, {"expires_after": read_object(self.expires_after.encode())}
            ).expires_after.seconds
        return expires_after_s(self.purpose, seconds)


class _JsonExpiry(Body):
    expires_after: FileExpiry
