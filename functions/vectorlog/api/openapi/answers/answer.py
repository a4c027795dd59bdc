"""What all answers share, and errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Scalar = str | bool | int | float
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[int, Field(ge=0)]
"""A time in seconds since 1970."""


class Answer(BaseModel):
    """A JSON object with exactly the declared keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class ErrorDetails(Answer):
    """What is wrong, and what to do."""

    message: str
    type: Literal["invalid_request_error", "server_error", "requests", "insufficient_quota"]
    param: str | None
    """The field that is wrong."""
    code: str | None
    """The kind of error; docs/contract.md, section 8, lists them. Always null for a download in MKA1's dialect."""


class Error(Answer):
    """A refused or failed request."""

    error: ErrorDetails
    """What is wrong."""


@dataclass(frozen=True, slots=True)
class ByDialect:
    """An answer that differs between the dialects.

    Attributes:
        openai: its schema in `/v1`.
        mka1: its schema in `/api/v1/llm`.
    """

    openai: type[BaseModel]
    mka1: type[BaseModel]
