"""The official MCP client, driven from tests without a loop of their own."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

T = TypeVar("T")

_CONTEXT = ssl.create_default_context()
"""What each client would make anew, in 30 ms."""

MODES = ("auto", "legacy", "2026-07-28")
"""How the client begins: it asks which versions there are, or sends `initialize`, or does neither."""


@dataclass(frozen=True, slots=True)
class McpClient:
    """Calls the tools of one endpoint, with a new connection for each call."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    mode: str = "auto"

    def run(self, use: Callable[[Client], Awaitable[T]]) -> T:
        """Connects, and returns what `use` does with the client."""

        async def connected() -> T:
            async with (
                httpx2.AsyncClient(headers=self.headers, timeout=60, verify=_CONTEXT) as http,
                Client(streamable_http_client(self.url, http_client=http), mode=self.mode) as client,
            ):
                return await use(client)

        return asyncio.run(connected())

    def tools(self) -> dict[str, Any]:
        """The tools by name."""

        async def listed(client: Client) -> Any:
            return await client.list_tools()

        return {each.name: each for each in self.run(listed).tools}

    def result(self, tool: str, **arguments: Any) -> Any:
        """Calls a tool; the client checks the result against the tool's output schema."""

        async def called(client: Client) -> Any:
            await client.list_tools()
            return await client.call_tool(tool, arguments)

        return self.run(called)

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Calls a tool that must succeed, and returns its structured content, which is also its text."""
        got = self.result(tool, **arguments)
        assert not got.is_error, got.content
        content: dict[str, Any] = got.structured_content
        assert [json.loads(each.text) for each in got.content] == [content]
        return content

    def refusal(self, tool: str, **arguments: Any) -> str:
        """Calls a tool that must fail, and returns what it says."""
        got = self.result(tool, **arguments)
        assert got.is_error
        text: str = got.content[0].text
        return text
