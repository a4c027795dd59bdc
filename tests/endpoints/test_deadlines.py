"""An endpoint that answers slowly, or without end, holds nobody: neither a thread nor memory."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.openai import fetch
from vectorlog.endpoints.endpoint import Endpoint
from vectorlog.endpoints.refusal import EndpointError
from vectorlog.reranking import endpoint as reranking
from vectorlog.reranking.reranker import RerankingError
from vectorlog.retry import RetryPolicy
from vectorlog.rewriting.chat import ChatRewriter

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
BODY = HEAD + b"content-length: 1000000\r\n\r\n["
CHUNKS = HEAD + b"transfer-encoding: chunked\r\n\r\n"
SECONDS = 0.4
SHORTLY = RetryPolicy(attempts=1, timeout_s=SECONDS)
SOON_S = 10.0
"""By when a request has to have ended, on a machine that does other things too."""
MOST = 1 << 20

Answer = Callable[[Callable[[bytes], None]], None]


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """A server that answers every request on every connection like this; yields its base URL."""
    closed, threads, connections = threading.Event(), list[threading.Thread](), list[socket.socket]()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                while request_head(connection):
                    answer(connection.sendall)

        def serve() -> None:
            with suppress(OSError):
                while not closed.is_set():
                    connections.append(listener.accept()[0])
                    start(talk, connections[-1])

        def start(run: Callable[..., None], *given: object) -> None:
            threads.append(threading.Thread(target=run, args=given, daemon=True))
            threads[-1].start()

        start(serve)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        closed.set()
        for each in (listener, *connections):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(SOON_S)
        assert not any(thread.is_alive() for thread in threads)


def request_head(connection: socket.socket) -> bool:
    """Reads a request until its head has ended; whether there was one before the client left."""
    head = b""
    while b"\r\n\r\n" not in head:
        received = connection.recv(1 << 16)
        if not received:
            return False
        head += received
    return True


def dripping(first: bytes, drop: bytes = b" ") -> Answer:
    """Sends the beginning of an answer, and then a drop from time to time, until the client has left."""

    def answer(send: Callable[[bytes], None]) -> None:
        send(first)
        while True:
            threading.Event().wait(0.02)
            send(drop)

    return answer


@pytest.mark.parametrize(
    ("first", "drop"),
    [(b"HTTP/1.1 2", b"0"), (HEAD, b"x"), (HEAD, b"x: y\r\n"), (BODY, b" "), (CHUNKS, b"1\r\n \r\n"), (CHUNKS, b"0")],
    ids=["status", "header", "headers", "body", "chunks", "size of a chunk"],
)
def test_a_slow_drip_is_given_up(first: bytes, drop: bytes) -> None:
    """An answer of which some bytes come in each moment is given up when its time is over, wherever it has come to."""
    with answering(dripping(first, drop)) as url:
        endpoint, begun = Endpoint(url, "sk-1"), time.monotonic()
        with pytest.raises(EndpointError) as caught:
            endpoint.post({}, SHORTLY, MOST)
        assert time.monotonic() - begun < SOON_S
        assert (caught.value.fault, "could not be reached" in str(caught.value)) == ("busy", True)
        endpoint.close()


def test_all_three_uses() -> None:
    """Embedding, reranking and rewriting give a dripping endpoint up, and their threads end."""
    before = set(threading.enumerate())
    with answering(dripping(BODY)) as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr("vectorlog.reranking.endpoint.ONCE", SHORTLY)
        patch.setattr("vectorlog.rewriting.chat.ONCE", SHORTLY)
        endpoint = Endpoint(url, None)
        with pytest.raises(EmbeddingError, match="could not be reached"):
            fetch(endpoint, {"model": "m"}, ["text"], SHORTLY)
        reranker = reranking.EndpointReranker(endpoint, "m", SOON_S)
        with pytest.raises(RerankingError, match="could not be reached"):
            reranker.rerank(["query"], ["text"])
        reranker.close()
        rewriter = ChatRewriter(endpoint, "m", SOON_S)
        assert rewriter.rewrite(["query"], "req_1") == ["query"]
        rewriter.close()
        endpoint.close()
        for thread in set(threading.enumerate()) - before:
            if thread.name.startswith(("reranking", "rewriting")):
                thread.join(SOON_S)
                assert not thread.is_alive()


def whole(content: bytes, *headers: bytes) -> Answer:
    head = HEAD + b"".join(header + b"\r\n" for header in headers)
    return lambda send: send(head + b"content-length: %d\r\n\r\n" % len(content) + content)


@pytest.mark.parametrize("packed", [False, True])
def test_a_large_answer_is_refused(packed: bool) -> None:
    """What has more bytes than such an answer can have is not taken into memory, however small it is packed."""
    content = b"[" + b" " * (MOST + 1)
    answer = whole(gzip.compress(content), b"content-encoding: gzip") if packed else whole(content)
    with answering(answer) as url:
        endpoint = Endpoint(url, None, settings="reranking")
        with pytest.raises(EndpointError, match=r"answered more than 1,048,576 bytes\. Check the reranking") as caught:
            endpoint.post({}, SHORTLY, MOST)
        assert caught.value.fault == "deployment"
        endpoint.close()


@pytest.mark.parametrize("closing", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_answers_are_whole(closing: bool, packed: bool) -> None:
    """Answers of the largest size arrive, one after the other, whether or not the server closes its connection."""
    content = json.dumps(["x" * (MOST - 4)]).encode()
    headers = [b"connection: close"] if closing else []
    sent = whole(gzip.compress(content), b"content-encoding: gzip", *headers) if packed else whole(content, *headers)
    with answering(sent) as url:
        endpoint = Endpoint(url, None)
        for _ in range(3):
            assert endpoint.post({}, RetryPolicy(attempts=1, timeout_s=SOON_S), MOST) == content
        endpoint.close()
