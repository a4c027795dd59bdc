"""The stand-in for API Gateway keeps Lambda's limits."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from local_aws.gateway import ANSWER_BYTES, Gateway


def get(answer: dict[str, Any] | None) -> httpx.Response:
    """What a client gets if a function gives this answer."""

    async def send(pool: ThreadPoolExecutor) -> httpx.Response:
        transport = httpx.ASGITransport(Gateway(lambda *_: lambda _: answer, pool))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get("/v1/files")

    with ThreadPoolExecutor(1) as pool:
        return asyncio.run(send(pool))


def answering(body: str) -> dict[str, Any]:
    return {"statusCode": 200, "multiValueHeaders": {"content-type": ["text/plain"]}, "body": body}


OVERHEAD = len(json.dumps(answering("")))


def test_largest_answer() -> None:
    """An answer of Lambda's limit passes."""
    body = "x" * (ANSWER_BYTES - OVERHEAD)
    assert get(answering(body)).text == body


@pytest.mark.parametrize("body", ["x" * (ANSWER_BYTES - OVERHEAD + 1), '"' * (ANSWER_BYTES // 2)])
def test_too_large_answer(body: str) -> None:
    """An answer above it is a 502, as at API Gateway; escaped characters count twice."""
    assert get(answering(body)).status_code == 502


def test_no_answer() -> None:
    """A function that answers nothing is a 502."""
    assert get(None).status_code == 502
