"""Random bodies: a request is accepted or refused, and never fails in another way."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from tests.support.examples import examples
from vectorlog.api import errors
from vectorlog.api.dialect import OPENAI
from vectorlog.api.input import filter_tree, parse
from vectorlog.api.input.schemas import AttributesChange, BatchCreation, FileAttachment, StoreChange, StoreCreation
from vectorlog.api.input.search_schemas import SearchRequest
from vectorlog.domain.errors import Invalid
from vectorlog.domain.filters import matches

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(st.characters(), max_size=8),
    st.sampled_from(["file-1", "auto", "static", "none", "eq", "in", "and", "last_active_at", "vector"]),
)
FIELDS = sorted(
    {
        *(
            "name",
            "file_ids",
            "files",
            "file_id",
            "attributes",
            "metadata",
            "expires_after",
            "anchor",
            "days",
            "type",
            "static",
        ),
        *(
            "chunking_strategy",
            "max_chunk_size_tokens",
            "chunk_overlap_tokens",
            "query",
            "filters",
            "key",
            "value",
            "max_hops",
        ),
        *(
            "ranking_options",
            "ranker",
            "score_threshold",
            "hybrid_search",
            "embedding_weight",
            "text_weight",
            "retrieval_mode",
        ),
    }
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=3), inner, max_size=5)
    ),
)
OBJECTS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6)


@pytest.mark.parametrize(
    "schema", [StoreCreation, StoreChange, FileAttachment, AttributesChange, BatchCreation, SearchRequest]
)
@pytest.mark.random
@settings(max_examples=examples(60), deadline=None)
@given(body=OBJECTS)
@example(body={"type": {}, "": "\ud800"})
def test_a_body_is_read_or_refused(schema: type[BaseModel], body: dict[str, Any]) -> None:
    """An error has an envelope that can be sent as UTF-8."""
    refusal = None
    try:
        parse.json_body(schema, json.dumps(body).encode())
    except Invalid as error:
        refusal = error
    if refusal is not None:
        told = errors.refusal(refusal, OPENAI, "any").body
        assert isinstance(told, bytes)
        assert json.loads(told.decode())["error"]
        assert refusal.message.endswith(".")


@pytest.mark.random
@settings(max_examples=examples(150), deadline=None)
@given(
    tree=VALUES,
    attributes=st.dictionaries(
        st.sampled_from(FIELDS), st.text(max_size=2) | st.floats() | st.integers() | st.booleans()
    ),
)
def test_a_filter_is_read_or_refused(tree: Any, attributes: dict[str, Any]) -> None:
    """A parsed filter can be evaluated on any attributes."""
    with suppress(Invalid):
        matches(filter_tree.read(tree), attributes)


@pytest.mark.random
@settings(max_examples=examples(100), deadline=None)
@given(body=st.binary(max_size=40))
def test_bytes_are_read_or_refused(body: bytes) -> None:
    """A body that is not JSON is refused with a sentence."""
    with suppress(Invalid):
        parse.json_body(StoreCreation, body)
