"""Shared by tests of the API: a clock that they move, an embedder, a client."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from vectorlog.domain.vectors import Space, Vector
from vectorlog.runtime.local.request_log import RequestLine

STARTED_AT = 1_700_000_000_000


@dataclass
class Clock:
    """A clock that tests move."""

    now: int = STARTED_AT

    def __call__(self) -> int:
        self.now += 1
        return self.now


@dataclass(frozen=True)
class OneVector:
    """An embedder that gives every text the same vector."""

    space: Space

    def query(self, text: str) -> Vector:
        return array("f", [1.0] + [0.0] * (self.space.dimensions - 1))

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        return [(self.query(text),) for text in texts]

    def close(self) -> None:
        pass


@dataclass
class Client:
    """Sends requests to the app, one at a time, and keeps the request log."""

    asgi: Callable[..., Any]
    lines: list[RequestLine] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(self, method: str, path: str, **content: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.asgi)
            async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=self.headers) as client:
                return await client.request(method, path, **content)

        return asyncio.run(send())

    def get(self, path: str, **content: Any) -> httpx.Response:
        return self("GET", path, **content)

    def post(self, path: str, body: Any = None, **content: Any) -> httpx.Response:
        return self("POST", path, json=body, **content)

    def upload(self, text: str = "hello", name: str = "a.txt", purpose: str = "assistants", **content: Any) -> Any:
        answer = self("POST", "/v1/files", files={"file": (name, text.encode())}, data={"purpose": purpose}, **content)
        assert answer.status_code == 200, answer.text
        return answer.json()
