"""Every refusal of the error table arrives in each client as an exception of its own type, with our sentence in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import httpx2
import openai
import pytest
from meetkai_mka1 import SDK
from meetkai_mka1.errors import SDKError
from meetkai_mka1.utils import BackoffStrategy, RetryConfig
from openai import OpenAI

from tests.api.test_errors import CASES
from tests.clients.conftest import EDITION
from vectorlog.api import errors
from vectorlog.api.dialect import MKA1, OPENAI
from vectorlog.api.response import Response
from vectorlog.domain.errors import Refused

pytestmark = pytest.mark.skipif(EDITION != "local", reason="asks no server")

SENTENCE = "no"
"""What the refusals of `CASES` say."""
TYPES: Mapping[int, type[openai.APIStatusError]] = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    409: openai.ConflictError,
    422: openai.UnprocessableEntityError,
    429: openai.RateLimitError,
}
NO_RETRIES = RetryConfig("backoff", BackoffStrategy(1, 1, 1, 1), retry_connection_errors=False)


def answers(response: Response) -> Callable[[Any], Any]:
    """Answers every request of `openai` with this."""
    return lambda _: httpx2.Response(response.status, headers=dict(response.headers), content=response.content)


def by_openai(response: Response) -> openai.APIStatusError:
    """What `openai` raises for this answer."""
    transport = httpx2.MockTransport(answers(response))
    with httpx2.Client(transport=transport) as pool:
        client = OpenAI(base_url="http://test/v1", api_key="k", http_client=pool, max_retries=0)
        with pytest.raises(openai.APIStatusError) as caught:
            client.vector_stores.retrieve("vs_1")
    return caught.value


@pytest.mark.parametrize("refused", [case[0] for case in CASES], ids=lambda error: type(error).__name__)
def test_openai(refused: Refused) -> None:
    """`openai` raises the exception of the status, with message, code and param."""
    response = errors.refusal(refused, OPENAI, "getVectorStore")
    error = by_openai(response)
    other = openai.InternalServerError if response.status >= 500 else openai.APIStatusError
    assert type(error) is TYPES.get(response.status, other)
    assert SENTENCE in error.message
    assert (error.status_code, error.type) == (response.status, errors.TABLE[type(refused)].type)


def test_openai_unexpected() -> None:
    """An unexpected error is an InternalServerError that names the request."""
    error = by_openai(errors.unexpected("req_1"))
    assert type(error) is openai.InternalServerError
    assert "req_1" in error.message


@pytest.mark.parametrize("refused", [case[0] for case in CASES], ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("operation", ["getVectorStore", "getFileContent"])
def test_mka1(refused: Refused, operation: str) -> None:
    """`meetkai-mka1` raises its error with the status and our sentence, also where it reads the body itself."""
    response = errors.refusal(refused, MKA1, operation)
    headers = {name: value for name, value in response.headers.items() if name != "retry-after"}  # it would wait
    transport = httpx.MockTransport(
        lambda _: httpx.Response(response.status, headers=headers, content=response.content)
    )
    with httpx.Client(transport=transport) as pool:
        llm = SDK(bearer_auth="k", server_url="http://test", client=pool, retry_config=NO_RETRIES).llm
        calls: Mapping[str, Callable[[], object]] = {
            "getVectorStore": lambda: llm.vector_stores.get(vector_store_id="vs_1", retries=NO_RETRIES),
            "getFileContent": lambda: llm.files.content(file_id="file-1", retries=NO_RETRIES),
        }
        with pytest.raises(SDKError) as caught:
            calls[operation]()
    assert caught.value.status_code == response.status
    assert SENTENCE in caught.value.body
