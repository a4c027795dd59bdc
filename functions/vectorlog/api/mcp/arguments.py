"""Schemas of the arguments of tools. What a model sees of them is in `descriptions.py`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from vectorlog.api.input.schemas import Body, FileId, StoreId
from vectorlog.api.input.search_schemas import MAX_QUERY_CHARS, SearchOptions

READ_CHARS = 20_000
MOST_CHARS = 200_000
"""How many characters of a file one answer holds at most. The text is in it twice, as the protocol wants it, and must
stay below the 4 MB that Lambda can answer with: MCP's clients follow no redirect to another address.
"""


class Search(Body):
    """Of `search`."""

    query: Annotated[str, Field(min_length=1, max_length=MAX_QUERY_CHARS)]
    max_num_results: int | None = Field(default=None, ge=1, le=50)
    max_results_per_file: int | None = Field(default=None, ge=1, le=50)


class StoreSearch(SearchOptions):
    """Of `search_vector_store`: a search of the API, with its store. An endpoint for one store knows it already."""

    vector_store_id: StoreId | None = None


class Fetch(Body):
    """Of `fetch`."""

    id: Annotated[str, Field(min_length=1, max_length=300)]


class ReadFile(Body):
    """Of `read_file`."""

    file_id: FileId
    vector_store_id: StoreId | None = None
    offset: int | None = Field(default=None, ge=0)
    limit: int | None = Field(default=None, ge=1, le=MOST_CHARS)


class ListStores(Body):
    """Of `list_vector_stores`."""

    limit: int | None = Field(default=None, ge=1, le=100)
    after: StoreId | None = None
