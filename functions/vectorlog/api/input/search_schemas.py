"""Schemas of a search request (docs/contract.md, section 7)."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from vectorlog.api.input import refusals
from vectorlog.api.input.parse import refused
from vectorlog.api.input.schemas import Body, StoreId
from vectorlog.domain.errors import Invalid

MAX_QUERIES = 16
MAX_QUERY_CHARS = 4096
MAX_STORES = 20
"""Stores in one search: each is searched by itself."""


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
    """How results are ranked. `default-2024-11-15` is the same as `auto`; `none` ranks by meaning only.

    `rrf` with its `impact_factor` and `weighted` with its `alpha` are Llama Stack's: reciprocal rank fusion, and the
    weight of meaning, the rest being that of words. `rerank` lets the deployment's reranker rank the best results of
    `auto`, if it has one.
    """

    ranker: Literal["none", "auto", "default-2024-11-15", "rrf", "weighted", "rerank"] | None = None
    """`auto` if absent."""
    score_threshold: float | None = Field(default=None, ge=0.0, le=1.0)
    """Results with a lower score are left out."""
    hybrid_search: HybridSearch | None = None
    """How much meaning and words count, with `rerank` for what is reranked; not with `none` and `weighted`."""
    alpha: float | None = Field(default=None, ge=0.0, le=1.0)
    """The weight of meaning; only with `weighted`, and 0.5 if absent."""
    impact_factor: float | None = Field(default=None, ge=0.01, le=1_000_000)
    """How little the first ranks count more than the next; only with `rrf`, and 60 if absent."""

    @model_validator(mode="after")
    def _options_match_ranker(self) -> Self:
        if self.ranker in ("none", "weighted") and self.hybrid_search is not None:
            raise refused(lambda path: refusals.both(f"{path}.ranker", f"{path}.hybrid_search"))
        if self.alpha is not None and self.ranker != "weighted":
            raise refused(partial(_belongs, ranker="weighted"), "alpha")
        if self.impact_factor is not None and self.ranker != "rrf":
            raise refused(partial(_belongs, ranker="rrf"), "impact_factor")
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


class SearchOptions(Body):
    """What to search for, and how. `filter_tree` parses its `filters`."""

    query: Annotated[
        list[str],
        BeforeValidator(_queries, json_schema_input_type=_Queries),
        Field(min_length=1, max_length=MAX_QUERIES),
    ]
    """What to look for; a chunk that several queries find occurs once."""
    max_num_results: int | None = Field(default=None, ge=1, le=50)
    """10 if absent."""
    rewrite_query: bool | None = None
    """Whether the queries may be searched in other words; `search_query` of the answer shows them."""
    filters: Any = None
    """Which files to search, by their attributes."""
    ranking_options: RankingOptions | None = None
    """How results are ranked."""
    max_results_per_file: int | None = Field(default=None, ge=1, le=50)
    """How many results of one file at most."""


class SearchRequest(SearchOptions):
    """A search over HTTP."""

    explain: bool | None = None
    """Whether each result says why it was found."""


class SearchOfStores(SearchRequest):
    """A search of several stores."""

    vector_store_ids: list[StoreId] = Field(min_length=1, max_length=MAX_STORES, fail_fast=True)
    """The stores."""


def _no_weight(path: str) -> Invalid:
    return Invalid(f"Invalid '{path}': embedding_weight or text_weight must be above 0.", param=path)


def _belongs(path: str, ranker: str) -> Invalid:
    message = f"Invalid '{path}': it belongs to the ranker '{ranker}'. Send that ranker, or leave '{path}' out."
    return Invalid(message, param=path)
