"""Schemas of request fields that are parsed by hand, and so have no model of their own that is used for parsing."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from vectorlog.api.input.filter_tree import MAX_VALUES
from vectorlog.api.input.scalars import MAX_KEY_CHARS, MAX_VALUE_CHARS

Value = Annotated[str, Field(max_length=MAX_VALUE_CHARS)] | float | bool


class _Tree(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Comparison(_Tree):
    """Compares the value of an attribute. A file without it matches `ne` only."""

    type: Literal["eq", "ne", "gt", "gte", "lt", "lte"]
    key: Annotated[str, Field(max_length=MAX_KEY_CHARS)]
    """The attribute's name."""
    value: Value
    """What the attribute is compared with; numbers by value, and a value of another type matches as a missing one."""


class Membership(_Tree):
    """Compares the value of an attribute with several. A file without it matches `nin` only."""

    type: Literal["in", "nin"]
    key: Annotated[str, Field(max_length=MAX_KEY_CHARS)]
    """The attribute's name."""
    value: Annotated[list[Value], Field(max_length=MAX_VALUES)]
    """What the attribute is compared with."""


class CompoundFilter(_Tree):
    """All (`and`) or any (`or`) of several filters; 150 comparisons and 16 levels at most."""

    type: Literal["and", "or"]
    filters: Annotated[list[Comparison | Membership | CompoundFilter], Field(min_length=1)]
    """At least one."""
