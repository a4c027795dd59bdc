"""Schemas of a search request (docs/contract.md, section 7)."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from vectorlog.api.input import refusals
from vectorlog.api.input.parse import refused
from vectorlog.api.input.schemas import Body
from vectorlog.domain.errors import Invalid

MAX_QUERIES = 16
MAX_QUERY_CHARS = 4096


class HybridSearch(Body):
    """The weights of meaning (embeddings) and words (text). One of them must be above 0."""

    embedding_weight: float = Field(ge=0.0)
    """Of meaning."""
    text_weight: float = Field(ge=0.0)
    """Of words."""

    @model_validator(mode="after")
    def _has_weight(self) -> Self:
        if not self.embedding_weight and not self.text_weight:
            raise refused(_no_weight)
        return self


class RankingOptions(Body):
    """How results are ranked. `default-2024-11-15` is the same as `auto`; `none` ranks by meaning only."""

    ranker: Literal["none", "auto", "default-2024-11-15"] | None = None
    """`auto` if absent."""
    score_threshold: float | None = Field(default=None, ge=0.0, le=1.0)
    """Results with a lower score are left out."""
    hybrid_search: HybridSearch | None = None
    """How much meaning and words count; not with ranker `none`."""

    @model_validator(mode="after")
    def _weights_match_ranker(self) -> Self:
        if self.ranker == "none" and self.hybrid_search is not None:
            raise refused(lambda path: refusals.both(f"{path}.ranker", f"{path}.hybrid_search"))
        return self


_Query = Annotated[str, Field(min_length=1, max_length=MAX_QUERY_CHARS)]
_Queries = _Query | Annotated[list[_Query], Field(min_length=1, max_length=MAX_QUERIES)]
"""What a client may send; it is checked by `_queries`."""


def _queries(value: object) -> object:
    if isinstance(value, str):
        _refuse_query(value)
        return [value]
    if not isinstance(value, list):
        raise refused(partial(refusals.wrong_type, expected="a string or an array of strings", value=value))
    for place, each in enumerate(value):
        _refuse_query(each, place)
    return value


def _refuse_query(value: object, *at: int) -> None:
    if isinstance(value, str) and not value.strip():
        raise refused(partial(refusals.string_too_short, minimum=1), *at)
    if isinstance(value, str) and len(value) > MAX_QUERY_CHARS:
        raise refused(partial(refusals.string_too_long, maximum=MAX_QUERY_CHARS, length=len(value)), *at)


class SearchRequest(Body):
    """A search. `filter_tree` parses its `filters`.

    `rewrite_query: true` is refused, because queries are not rewritten and no field is silently ignored.
    """

    query: Annotated[
        list[str],
        BeforeValidator(_queries, json_schema_input_type=_Queries),
        Field(min_length=1, max_length=MAX_QUERIES),
    ]
    """What to look for; a chunk that several queries find occurs once."""
    max_num_results: int | None = Field(default=None, ge=1, le=50)
    """10 if absent."""
    rewrite_query: bool | None = None
    """Only `false`: queries are searched as they are."""
    filters: Any = None
    """Which files to search, by their attributes."""
    ranking_options: RankingOptions | None = None
    """How results are ranked."""

    @model_validator(mode="after")
    def _is_not_rewritten(self) -> Self:
        if self.rewrite_query:
            raise refused(_no_rewriting, "rewrite_query")
        return self


def _no_weight(path: str) -> Invalid:
    return Invalid(f"Invalid '{path}': embedding_weight or text_weight must be above 0.", param=path)


def _no_rewriting(path: str) -> Invalid:
    message = (
        f"Unsupported value: '{path}' does not support true here: queries are searched as they are. "
        f"Send false, or leave it out."
    )
    return Invalid(message, param=path, code="unsupported_value")
