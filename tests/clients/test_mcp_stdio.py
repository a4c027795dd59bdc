"""`vectorlog mcp` as a desktop client starts it: the official client over standard input and output."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from openai import OpenAI

from tests.clients.conftest import Attached, long_locally
from tests.clients.service import Service, vectorlog
from tests.support import warm
from vectorlog.client.mcp_bridge import Bridge, endpoint
from vectorlog.client.server import Refused

T = TypeVar("T")


def run(use: Callable[[Client], Awaitable[T]], *arguments: str, mode: str = "auto", **environment: str) -> T:
    """Starts the command, connects to it, and returns what `use` does with the client."""
    program, *first = vectorlog()
    server = StdioServerParameters(command=program, args=[*first, "mcp", *arguments], env=environment)

    async def connected() -> T:
        async with Client(stdio_client(server), mode=mode) as client:
            return await use(client)

    return asyncio.run(connected())


async def searched(client: Client) -> Any:
    await client.list_tools()
    return (await client.call_tool("search", {"query": "owl"})).structured_content


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_searches(service: Service, openai_client: OpenAI, user: str, attached: Attached, mode: str) -> None:
    """A desktop client finds what the server has, with the address and key of the environment or of options."""
    store = openai_client.vector_stores.create(name="owls").id
    file = attached(store, "The owl sleeps by day.", "owl.txt").id
    if mode == "auto":
        given = {"VECTORLOG_URL": f"{service.url}/v1", "VECTORLOG_API_KEY": service.key}
        found = run(searched, mode=mode, VECTORLOG_ON_BEHALF_OF=user, **given)
    else:
        found = run(searched, "--url", service.url, "--api-key", service.key, "--store", store, mode=mode)
    assert [each["file_id"] for each in found["results"]] == [file]


def test_says_what_the_server_says(service: Service) -> None:
    """What the server refuses as a whole reaches the client as an error of its message."""
    bridge = Bridge(endpoint(service.url, "vs_none"), service.key)
    sent = {"jsonrpc": "2.0", "id": "a", "method": "initialize", "params": {"protocolVersion": "2025-11-25"}}
    answer = json.loads(bridge.answer(json.dumps(sent).encode()) or b"")
    assert answer["id"] == "a"
    assert answer["error"]["message"] == "No vector store found with id 'vs_none'."


@long_locally
def test_without_a_server() -> None:
    """A server that does not answer is an error of the message too; a notification has none."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        bridge = Bridge(f"http://127.0.0.1:{closed.getsockname()[1]}/mcp", "any")
        answer = json.loads(bridge.answer(b'{"jsonrpc": "2.0", "id": 7, "method": "ping"}') or b"")
        assert answer["id"] == 7
        assert "does not answer" in answer["error"]["message"]
        assert bridge.answer(b'{"jsonrpc": "2.0", "method": "notifications/initialized"}') is None


@pytest.mark.parametrize(("line", "code"), [(b"{", -32700), (b"[]", -32600), (b"7", -32600)])
def test_lines_that_are_no_message(line: bytes, code: int) -> None:
    """A line that is no message is refused without a request."""
    answer = json.loads(Bridge("http://127.0.0.1:1/mcp", "any").answer(line) or b"")
    assert (answer["id"], answer["error"]["code"]) == (None, code)


@pytest.mark.parametrize(
    ("url", "store", "address"),
    [
        ("http://127.0.0.1:8080", None, "http://127.0.0.1:8080/mcp"),
        ("http://127.0.0.1:8080/v1/", None, "http://127.0.0.1:8080/mcp"),
        ("https://mcp.example.com/prod/v1", "vs_1", "https://mcp.example.com/prod/mcp/vs_1"),
        ("https://example.com/prod/mcp", "vs_1", "https://example.com/prod/mcp/vs_1"),
        ("https://example.com/mcp/vs_1/", None, "https://example.com/mcp/vs_1"),
        ("https://example.com/mcp/vs_1", "vs_1", "https://example.com/mcp/vs_1"),
        ("https://example.com/api/v1/llm", None, "https://example.com/mcp"),
    ],
)
def test_endpoints(url: str, store: str | None, address: str) -> None:
    """The address of a server may be given as it is for the other clients."""
    assert endpoint(url, store) == address


@pytest.mark.parametrize(("url", "store"), [("127.0.0.1:8080", None), ("https://example.com/mcp/vs_1", "vs_2")])
def test_wrong_addresses(url: str, store: str | None) -> None:
    """What is no address of a server, or is one for another store, is refused."""
    with pytest.raises(Refused):
        endpoint(url, store)


def test_a_wrong_address_ends_the_command() -> None:
    """The command says in a line what is wrong with its address, with the exit code of a wrong call."""
    ended = warm.run("mcp", "--url", "127.0.0.1:8080")
    assert ended.returncode == 2
    assert "is not a URL of a server" in ended.stderr
    assert "Traceback" not in ended.stderr
