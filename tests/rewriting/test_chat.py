"""Rewriting with a chat model: its answer is searched, and whatever goes wrong, the fixed rules are."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.rewriting.chat_server import ChatServer
from tests.support.waits import no_waits
from vectorlog.endpoints.endpoint import Endpoint
from vectorlog.rewriting.chat import PATH, ChatRewriter


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer() as server:
        yield server


@pytest.fixture
def rewriter(server: ChatServer) -> Iterator[ChatRewriter]:
    endpoint = Endpoint(server.base_url, "sk-chat", path=PATH, timing=no_waits())
    rewriter = ChatRewriter(endpoint, "small", seconds=2)
    yield rewriter
    rewriter.close()
    endpoint.close()


def test_its_answer_is_used(server: ChatServer, rewriter: ChatRewriter) -> None:
    """Each query becomes the model's answer on one line; the model, the key and the query are sent."""
    server.answers = {"How long, please?": "duration\n of a shift", "What?": "things"}
    assert rewriter.rewrite(["How long, please?", "What?"], "req_1") == ["duration of a shift", "things"]
    assert {request["model"] for request in server.requests} == {"small"}
    assert set(server.keys) == {"Bearer sk-chat"}


@pytest.mark.parametrize("answer", ["", " ", "x" * 4097, None, 5])
def test_an_unusable_answer(
    answer: object, server: ChatServer, rewriter: ChatRewriter, caplog: pytest.LogCaptureFixture
) -> None:
    """A blank, endless or malformed answer is replaced by what the rules give, and logged with the request's id."""
    server.answers = {"Can you tell me the fee, please?": answer}
    with caplog.at_level(logging.WARNING):
        assert rewriter.rewrite(["Can you tell me the fee, please?"], "req_1") == ["the fee?"]
    assert [record.__dict__["request_id"] for record in caplog.records] == ["req_1"]


@pytest.mark.parametrize("lost", ["code E-4711 of a pump", 'the rule "no dogs"', "edition 2031"])
def test_an_answer_that_loses_something(lost: str, server: ChatServer, rewriter: ChatRewriter) -> None:
    """Numbers, codes and quotations are what a user is sure of: an answer without them is not used."""
    server.answers = {lost: "something else"}
    assert rewriter.rewrite([lost], "req_1") == [lost]


@pytest.mark.parametrize("status", [401, 429, 500])
def test_an_endpoint_that_refuses(
    status: int, server: ChatServer, rewriter: ChatRewriter, caplog: pytest.LogCaptureFixture
) -> None:
    """The search goes on with the rules, after one try; no log line has the key."""
    server.status = status
    assert rewriter.rewrite(["hello, what is due?"], "req_1") == ["what is due?"]
    assert len(server.requests) == 1
    assert "sk-chat" not in caplog.text


def test_an_endpoint_that_is_slow(server: ChatServer) -> None:
    """A search waits for the model for a limited time only."""
    server.held.clear()
    endpoint = Endpoint(server.base_url, None, path=PATH)
    rewriter = ChatRewriter(endpoint, "small", seconds=0.05)
    assert rewriter.rewrite(["what is due?"], "req_1") == ["what is due?"]
    server.held.set()
    rewriter.close()
