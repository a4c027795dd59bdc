"""Validates attributes and metadata, which are small maps from strings to scalars."""

from __future__ import annotations

import math
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from vectorlog.api.input import refusals
from vectorlog.api.input.parse import Refusal, refused
from vectorlog.domain.filters import Scalar

MAX_KEYS = 16
MAX_KEY_CHARS = 64
MAX_VALUE_CHARS = 512
MAX_INTEGER = 2**63 - 1
"""Integers must fit 64 bits, because search engines compare those exactly. Other numbers are doubles."""


def scalar_refusal(value: object) -> Refusal | None:
    """Returns the refusal of an invalid value of an attribute or a filter, or None if the value is valid."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        too_long = len(value) > MAX_VALUE_CHARS
        return partial(refusals.string_too_long, maximum=MAX_VALUE_CHARS, length=len(value)) if too_long else None
    if isinstance(value, int):
        if value > MAX_INTEGER:
            return partial(refusals.number_too_large, maximum=MAX_INTEGER, value=value)
        return partial(refusals.number_too_small, minimum=-MAX_INTEGER, value=value) if value < -MAX_INTEGER else None
    if isinstance(value, float):
        return None if math.isfinite(value) else refusals.not_finite
    return partial(refusals.wrong_type, expected="a string, a number or a boolean", value=value)


def _scalars(values: dict[str, Any]) -> dict[str, Scalar]:
    for key, value in values.items():
        if len(key) > MAX_KEY_CHARS:
            raise refused(partial(refusals.string_too_long, maximum=MAX_KEY_CHARS, length=len(key)), key)
        if refusal := scalar_refusal(value):
            raise refused(refusal, key)
    return values


_SCHEMA = {
    "type": "object",
    "maxProperties": MAX_KEYS,
    "propertyNames": {"maxLength": MAX_KEY_CHARS},
    "additionalProperties": {
        "anyOf": [{"type": "string", "maxLength": MAX_VALUE_CHARS}, {"type": "number"}, {"type": "boolean"}]
    },
}
Scalars = Annotated[dict[str, Any], Field(max_length=MAX_KEYS), AfterValidator(_scalars), WithJsonSchema(_SCHEMA)]
"""Up to 16 keys of up to 64 characters; values are strings of up to 512 characters, numbers and booleans
(docs/contract.md, section 5.1).
"""
