"""Results of a search."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from vectorlog.api.openapi.answers.answer import Answer, Scalar
from vectorlog.api.openapi.answers.chunks import Location
from vectorlog.api.openapi.answers.store_files import TextPart


class FoundPart(TextPart):
    """The text of a chunk."""

    location: Location | None
    """Null for a file that was ingested by a version that did not keep it."""


class ExplanationShares(Answer):
    """What meaning and words add to a score."""

    meaning: float
    """By the embeddings."""
    words: float
    """By BM25."""


class Explanation(Answer):
    """Why a chunk was found, by the query that scores it highest."""

    cosine: float | None
    """Of the embeddings, -1 to 1; null if it was not computed for this chunk."""
    bm25: float | None
    """Of the words, 0 or more; null if it was not computed for this chunk."""
    match: float | None
    """How well the words match, 0 to 1; null where only ranks count."""
    shares: ExplanationShares
    """Their sum is the score, unless a reranker gave that."""
    words: list[str]
    """The words of the chunk and of its file's name that match any of the queries, the weightiest first."""


class SearchResult(Answer):
    """A chunk that a search found."""

    file_id: str
    """The uploaded file."""
    filename: str
    """Of the uploaded file."""
    score: Annotated[float, Field(ge=0, le=1)]
    """Comparable between queries; 0.5 means unrelated. With `rerank` it is the reranker's."""
    attributes: dict[str, Scalar]
    """Of the file in the store."""
    content: list[FoundPart]
    """The text of the chunk, as one part."""
    explanation: Explanation | SkipJsonSchema[None] = None
    """An extension: absent unless `explain` is true."""


class SearchWarning(Answer):
    """What a search could not do as asked."""

    code: Literal["not_reranked"]
    """The kind of warning. Later versions may add kinds."""
    message: str
    """A sentence for the user."""


class SearchResults(Answer):
    """The results of a search, the best first."""

    object: Literal["vector_store.search_results.page"]
    search_query: list[str]
    """The queries of the request."""
    data: list[SearchResult]
    """One item for each chunk."""
    has_more: Literal[False]
    next_page: None
    """There is never a second page."""
    warnings: list[SearchWarning]
    """What could not be done as asked; mostly empty."""


class SearchResultsMka1(SearchResults):
    """The results of a search, the best first."""

    search_query: str  # type: ignore[assignment]  # another type than in OpenAI's dialect
    """Several queries are joined by newlines."""


class ResultOfStores(SearchResult):
    """A chunk that a search of several stores found."""

    vector_store_id: str
    """The store that has it."""


class ResultsOfStores(SearchResults):
    """The results of a search of several stores, the best first."""

    data: list[ResultOfStores]  # type: ignore[assignment]  # with the store of each
    """One item for each chunk."""


class ResultsOfStoresMka1(SearchResultsMka1):
    """The results of a search of several stores, the best first."""

    data: list[ResultOfStores]  # type: ignore[assignment]  # with the store of each
    """One item for each chunk."""
