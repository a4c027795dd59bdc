"""The schema of a request for embeddings (docs/contract.md, section 13)."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from vectorlog.api.input import refusals
from vectorlog.api.input.parse import refused
from vectorlog.api.input.schemas import Body
from vectorlog.domain.errors import Invalid
from vectorlog.use_cases import embeddings

MAX_CHARS = 400_000
"""Longest text, in characters, that is counted in tokens at all: 8,192 tokens of English are about 40,000."""
_EXPECTED = "a string, an array of strings, an array of tokens or an array of arrays of tokens"


def _texts(value: object) -> object:
    """Returns the texts of `input`: a string, strings, the tokens of one text, or those of several."""
    if isinstance(value, str):
        return [_text(value)]
    if not isinstance(value, list):
        raise refused(partial(refusals.wrong_type, expected=_EXPECTED, value=value))
    if value and all(_is_token(each) for each in value):
        return [_of_tokens(value)]
    return [_text(each, place) for place, each in enumerate(value[: embeddings.MAX_INPUTS])] + value[
        embeddings.MAX_INPUTS :
    ]


def _text(value: object, *at: int) -> object:
    if isinstance(value, list) and all(_is_token(each) for each in value):
        value = _of_tokens(value, *at)
    if isinstance(value, str) and not value:
        raise refused(partial(refusals.string_too_short, minimum=1), *at)
    if isinstance(value, str) and len(value) > MAX_CHARS:
        raise refused(partial(refusals.string_too_long, maximum=MAX_CHARS, length=len(value)), *at)
    if not isinstance(value, str):
        raise refused(partial(refusals.wrong_type, expected="a string or an array of tokens", value=value), *at)
    return value


def _of_tokens(ids: list[int], *at: int) -> str:
    try:
        return embeddings.text_of(ids)
    except ValueError as error:
        reason = str(error)
        raise refused(lambda path: Invalid(f"Invalid '{path}': {reason}.", param=path), *at) from None


def _is_token(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


class EmbeddingsRequest(Body):
    """Texts to embed. `user` is accepted and has no effect."""

    input: Annotated[list[str], BeforeValidator(_texts), Field(min_length=1, max_length=embeddings.MAX_INPUTS)]
    model: str = Field(min_length=1, max_length=256)
    dimensions: int | None = Field(default=None, ge=1)
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = Field(default=None, max_length=512)
