"""`openai` raises the exceptions that its users catch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.clients.conftest import Upload

Call = Callable[[OpenAI, str], Any]

REFUSED: list[tuple[Call, str, str, str]] = [
    (lambda api, _: api.vector_stores.create(name="x" * 513), "name", "string_above_max_length", "string too long"),
    (lambda api, _: api.vector_stores.list(limit=101), "limit", "integer_above_max_value", "<= 100"),
    (
        lambda api, store: api.vector_stores.files.retrieve("vs_1", vector_store_id=store),
        "file_id",
        "invalid_value",
        "begins with 'file-'",
    ),
    (lambda api, store: api.vector_stores.search(store, query=""), "query", "string_below_min_length", "empty string"),
    (
        lambda api, store: api.vector_stores.search(store, query="x", extra_body={"max_results_per_file": 0}),
        "max_results_per_file",
        "integer_below_min_value",
        ">= 1",
    ),
    (
        lambda api, store: api.vector_stores.file_batches.create(store),
        "file_ids",
        "missing_required_parameter",
        "'files'",
    ),
    (lambda api, _: api.files.create(file=b"x", purpose="nothing"), "purpose", "", ("'nothing' is not one of")),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "param", "code", "says"), REFUSED, ids=[row[1] for row in REFUSED])
def test_bad_request(openai_client: OpenAI, store: str, call: Call, param: str, code: str, says: str) -> None:
    """A wrong request is a BadRequestError with the field, the code and a sentence."""
    with pytest.raises(openai.BadRequestError) as caught:
        call(openai_client, store)
    error = caught.value
    assert (error.param, error.code, error.type) == (param, code or None, "invalid_request_error")
    assert says in error.message
    assert error.request_id is not None
    assert error.request_id.startswith("req_")


def test_conflict_is_not_tried_again(openai_client: OpenAI, upload: Upload) -> None:
    """An Idempotency-Key with another body is a ConflictError, and the client does not repeat it."""
    key = {"Idempotency-Key": "one"}
    openai_client.vector_stores.create(name="a", extra_headers=key)
    with pytest.raises(openai.ConflictError) as caught:
        openai_client.vector_stores.create(name="b", extra_headers=key)
    assert caught.value.code == "idempotency_key_reused"
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert caught.value.response.request.headers["x-stainless-retry-count"] == "0"


def test_unknown_route_is_not_found(openai_client: OpenAI) -> None:
    """An operation that is not served is a NotFoundError that names it."""
    with pytest.raises(openai.NotFoundError, match=r"Invalid URL \(POST /v1/chat/completions\)"):
        openai_client.chat.completions.create(model="x", messages=[])
