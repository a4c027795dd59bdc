"""A live server with a stub as embedding provider, one for each test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.embedding.stub_server import StubServer
from tests.live.live_server import DIMENSIONS, LiveServer, serving


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, StubServer]]:
    """The server and its provider."""
    with (
        StubServer(dimensions=DIMENSIONS) as stub,
        serving(tmp_path_factory.mktemp("live") / "data", stub.base_url) as server,
    ):
        yield server, stub


@pytest.fixture
def server(shared_server: tuple[LiveServer, StubServer]) -> Iterator[LiveServer]:
    """The shared server; a test that makes it log an error fails."""
    found, _ = shared_server
    before = len(found.errors())
    yield found
    assert found.errors()[before:] == []


@pytest.fixture
def stub(shared_server: tuple[LiveServer, StubServer]) -> Iterator[StubServer]:
    """The shared server's provider, fast and without faults at the beginning of each test."""
    _, found = shared_server
    yield found
    found.delay = 0
    found.obey()


@pytest.fixture
def own_stub() -> Iterator[StubServer]:
    """A provider for one test."""
    with StubServer(dimensions=DIMENSIONS) as found:
        yield found


@pytest.fixture
def client(server: LiveServer) -> OpenAI:
    """A client of the shared server."""
    return server.client()
