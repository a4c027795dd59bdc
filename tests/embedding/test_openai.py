from __future__ import annotations

import json
import logging
import socket
import traceback
from collections.abc import Iterator
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.embedding.stub_server import StubServer
from vectorlog.domain.vectors import Space
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.openai import BYTES, INPUTS, OpenAIEmbedder, batches, dimensions_of
from vectorlog.endpoints.endpoint import REREAD_S, Endpoint
from vectorlog.endpoints.refusal import EndpointError
from vectorlog.retry import ADDED_JITTER, RetryPolicy, Timing

KEY = "sk-very-secret-0123456789"
MOST = 1 << 20
FULL = "x" * (BYTES - 1)
"""A text that fills a request."""


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(dimensions=64) as server:
        yield server


@pytest.fixture
def endpoint(stub: StubServer) -> Iterator[Endpoint]:
    endpoint = Endpoint(stub.base_url, KEY)
    yield endpoint
    endpoint.close()


@pytest.fixture
def embedder(endpoint: Endpoint) -> Iterator[OpenAIEmbedder]:
    embedder = OpenAIEmbedder(endpoint, Space("openai:stub", 64), "stub", concurrency=3)
    yield embedder
    embedder.close()


class TestRequests:
    def test_a_request_says_model_texts_and_key(self, stub: StubServer, embedder: OpenAIEmbedder) -> None:
        """The provider gets a request in OpenAI's form; dimensions only if a store asked for fewer than the model's."""
        embedder.documents(["pump", "bread"])
        assert stub.requests == [{"model": "stub", "encoding_format": "base64", "input": ["pump", "bread"]}]
        assert stub.keys == [KEY]

    def test_fewer_dimensions_are_asked_for(self, stub: StubServer, endpoint: Endpoint) -> None:
        """A shortened space gets vectors of its size, at unit length."""
        shortened = OpenAIEmbedder(endpoint, Space("openai:stub", 16), "stub", shortened=True)
        assert len(shortened.query("pump")) == 16
        assert stub.requests[0]["dimensions"] == 16
        shortened.close()

    def test_no_key_no_header(self, stub: StubServer) -> None:
        """An endpoint on the same machine needs no key."""
        endpoint = Endpoint(stub.base_url + "/", None)
        assert dimensions_of(endpoint, "stub") == 64
        assert stub.keys == [""]
        endpoint.close()

    def test_lists_of_numbers_are_read_too(self, stub: StubServer, embedder: OpenAIEmbedder) -> None:
        """A server that ignores `encoding_format` returns the same vectors."""
        as_base64 = embedder.query("pump")
        stub.floats = True
        assert list(embedder.query("pump")) == pytest.approx(list(as_base64), abs=1e-6)

    def test_connections_stay_open(self, stub: StubServer, embedder: OpenAIEmbedder) -> None:
        """Consecutive queries share one connection."""
        for number in range(20):
            embedder.query(f"pump {number}")
        assert stub.connections == 1

    def test_no_more_requests_at_once_than_allowed(self, stub: StubServer, embedder: OpenAIEmbedder) -> None:
        """A large ingest keeps to its concurrency, over several calls too, and uses it."""
        stub.delay = 0.1
        embedder.documents([FULL] * 9)
        assert (stub.busiest, len(stub.requests)) == (3, 9)

    @given(st.lists(st.sampled_from(["", "pump", "é" * 1000, "x" * 70_000, FULL, FULL * 2]), max_size=40))
    def test_batches_keep_order_and_limits(self, texts: list[str]) -> None:
        """No request is larger than OpenAI allows, unless one text alone is; nothing is lost or moved."""
        found = list(batches(texts))
        assert list(chain.from_iterable(found)) == texts
        assert all(batch and (len(batch) == 1 or sum(len(text.encode()) for text in batch) <= BYTES) for batch in found)
        assert [len(batch) for batch in batches(["x"] * (INPUTS + 1))] == [INPUTS, 1]


class TestRetries:
    def test_throttling_is_waited_out(self, stub: StubServer, embedder: OpenAIEmbedder) -> None:
        """A 429 or 503 with a short delay is retried then, and the caller does not notice."""
        stub.fail(429, times=2, headers={"retry-after-ms": "1"})
        stub.fail(503, headers={"retry-after": "0"})
        assert len(embedder.documents(["pump"])) == 1
        assert len(stub.requests) == 4

    @pytest.mark.parametrize(
        "when",
        [{"retry-after": "3600"}, {"retry-after": "Fri, 31 Dec 2100 00:00:00 GMT"}, {"retry-after-ms": "3600000"}],
    )
    def test_a_long_wait_is_left_to_the_caller(
        self, stub: StubServer, embedder: OpenAIEmbedder, when: dict[str, str]
    ) -> None:
        """A provider that asks for an hour is not retried now: the error has the delay, so that work can be
        postponed.
        """
        stub.fail(429, "Rate limit reached for requests", headers=when)
        with pytest.raises(EmbeddingError, match="Rate limit reached for requests") as caught:
            embedder.documents(["pump"])
        assert caught.value.fault == "busy"
        assert caught.value.retry_after is not None
        assert caught.value.retry_after >= 3600
        assert len(stub.requests) == 1

    def test_attempts_end(self, stub: StubServer, embedder: OpenAIEmbedder) -> None:
        """If a provider is always busy, the error has its message, status and delay."""
        stub.fail(429, "You exceeded your current quota.", times=9, headers={"retry-after-ms": "2"})
        with pytest.raises(
            EmbeddingError, match=r"127\.0\.0\.1:\d+ answered 429: You exceeded your current quota\."
        ) as caught:
            embedder.documents(["pump"])
        assert (caught.value.fault, caught.value.retry_after, len(stub.requests)) == ("busy", 0.002, 6)

    def test_a_nonsensical_wait_is_ignored(self, stub: StubServer, endpoint: Endpoint) -> None:
        """An unreadable header counts as none."""
        stub.fail(503, headers={"retry-after": "soon", "retry-after-ms": "-5"})
        with pytest.raises(EndpointError) as caught:
            endpoint.post({}, RetryPolicy(attempts=1, timeout_s=5), MOST)
        assert (caught.value.fault, caught.value.retry_after) == ("busy", None)

    def test_a_wait_of_nothing_is_no_wait(self, stub: StubServer, endpoint: Endpoint) -> None:
        """A busy provider without a delay is not retried immediately, but after a pause of our own; here that exceeds
        the limit.
        """
        stub.fail(429, times=6, headers={"retry-after": "0"})
        with pytest.raises(EndpointError):
            endpoint.post(
                {"input": []},
                RetryPolicy(attempts=6, first_s=0.25, jitter=ADDED_JITTER, longest_wait_s=0, timeout_s=5),
                MOST,
            )
        assert len(stub.requests) == 1

    @pytest.mark.parametrize(
        ("status", "fault"),
        [(400, "text"), (401, "deployment"), (403, "text"), (404, "deployment"), (413, "text"), (422, "text")],
    )
    def test_a_refused_request_is_not_repeated(
        self, stub: StubServer, embedder: OpenAIEmbedder, status: int, fault: str
    ) -> None:
        """A wrong key, an unknown model, a text that the provider rejects: the same request is not made again."""
        stub.fail(status, "No.", times=9)
        with pytest.raises(EmbeddingError, match=f"answered {status}: No") as caught:
            embedder.documents(["pump"])
        assert (caught.value.fault, len(stub.requests)) == (fault, 1)

    @pytest.mark.parametrize(
        ("status", "error", "remedy"),
        [
            (429, {"code": "insufficient_quota", "type": "insufficient_quota"}, "billing"),
            (429, {"code": "billing_hard_limit_reached"}, "billing"),
            (402, {}, "billing"),
            (401, {"code": "invalid_api_key"}, "Check the key"),
            (403, {"code": "unsupported_country_region_territory"}, "region"),
            (404, {"code": "DeploymentNotFound"}, "embedding settings"),
            (400, {"code": "model_not_found"}, "embedding settings"),
            (400, {"code": None, "param": "dimensions"}, "embedding settings"),
            (405, {}, "base URL"),
            (301, {}, "base URL"),
        ],
    )
    def test_a_fault_of_the_deployment(
        self, stub: StubServer, embedder: OpenAIEmbedder, status: int, error: dict[str, str], remedy: str
    ) -> None:
        """What every text meets is the deployment's fault: it is not repeated now, and the remedy is named."""
        stub.fail(status, json.dumps({"error": {"message": "No.", **error}}).encode(), times=9)
        with pytest.raises(EmbeddingError, match=f"answered {status}: No.*{remedy}") as caught:
            embedder.documents(["pump"])
        assert (caught.value.fault, len(stub.requests)) == ("deployment", 1)

    @pytest.mark.parametrize(
        "error", [{"code": "context_length_exceeded"}, {"code": "content_filter"}, {"param": "input"}]
    )
    def test_a_fault_of_the_text(self, stub: StubServer, embedder: OpenAIEmbedder, error: dict[str, str]) -> None:
        """A text that is too long or not allowed is its own fault."""
        stub.fail(400, json.dumps({"error": {"message": "No.", **error}}).encode())
        with pytest.raises(EmbeddingError, match="answered 400: No") as caught:
            embedder.documents(["pump"])
        assert caught.value.fault == "text"

    def test_a_failed_request_stops_the_rest(self, stub: StubServer, endpoint: Endpoint) -> None:
        """After one refusal no money is spent on the other batches of the call."""
        embedder = OpenAIEmbedder(endpoint, Space("openai:stub", 64), "stub", concurrency=1)
        stub.delay = 0.05
        stub.fail(400)
        with pytest.raises(EmbeddingError):
            embedder.documents([FULL] * 8)
        embedder.close()
        assert len(stub.requests) <= 2

    def test_no_connection_is_temporary(self) -> None:
        """A provider that is down may come back; the error names the host."""
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))  # kept, so that no server of another test gets the port
            gone = Endpoint(f"http://127.0.0.1:{deaf.getsockname()[1]}/v1", KEY)
            with pytest.raises(EndpointError, match=r"127\.0\.0\.1:\d+ could not be reached") as caught:
                gone.post({}, RetryPolicy(attempts=2, first_s=0.25, timeout_s=1), MOST)
        assert caught.value.fault == "busy"

    def test_a_slow_answer_is_given_up(self, stub: StubServer, endpoint: Endpoint) -> None:
        """A search does not wait for a provider that hangs."""
        stub.delay = 0.5
        with pytest.raises(EndpointError, match="timed out") as caught:
            endpoint.post({"model": "stub", "input": ["pump"]}, RetryPolicy(attempts=1, timeout_s=0.05), MOST)
        assert caught.value.fault == "busy"


class TestAnswers:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html>",
            b"{}",
            b'{"data": 1}',
            b'{"data": [{"index": 0, "embedding": "AAA"}]}',
            b'{"data": [{"index": 0, "embedding": [1e99]}]}',
        ],
    )
    def test_an_answer_that_is_none_is_an_error(self, stub: StubServer, embedder: OpenAIEmbedder, body: bytes) -> None:
        """A proxy's page or a broken body never becomes a vector."""
        stub.fail(200, body)
        with pytest.raises(EmbeddingError, match="stub"):
            embedder.query("pump")

    @pytest.mark.parametrize("indexes", [[0], [0, 0], [0, 2], [0, 1, 2]])
    def test_a_vector_too_few_or_too_many_is_an_error(
        self, stub: StubServer, embedder: OpenAIEmbedder, indexes: list[int]
    ) -> None:
        """Vectors are never matched with the wrong texts."""
        stub.fail(200, json.dumps({"data": [{"index": index, "embedding": [1.0] * 64} for index in indexes]}).encode())
        with pytest.raises(EmbeddingError, match="for 2 texts"):
            embedder.documents(["pump", "bread"])

    def test_vectors_are_put_in_order(self, stub: StubServer, embedder: OpenAIEmbedder) -> None:
        """The provider's numbering counts, not the order of its list."""
        first, second = [1.0] + [0.0] * 63, [0.0] * 63 + [1.0]
        stub.fail(
            200, json.dumps({"data": [{"index": 1, "embedding": second}, {"index": 0, "embedding": first}]}).encode()
        )
        assert [list(vector) for (vector,) in embedder.documents(["a", "b"])] == [first, second]

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "0"])
    def test_a_vector_without_a_direction_is_an_error(
        self, stub: StubServer, embedder: OpenAIEmbedder, number: str
    ) -> None:
        """NaN, infinity and the null vector never reach the index."""
        stub.fail(200, ('{"data": [{"index": 0, "embedding": [' + ", ".join([number] * 64) + "]}]}").encode())
        with pytest.raises(EmbeddingError, match="vector of length"):
            embedder.query("pump")

    def test_other_dimensions_are_an_error_for_good(self, stub: StubServer, embedder: OpenAIEmbedder) -> None:
        """A model that was replaced behind its name is noticed, with both numbers in the message."""
        stub.dimensions = 32
        with pytest.raises(EmbeddingError, match="openai:stub gave 32 dimensions, not 64") as caught:
            embedder.query("pump")
        assert caught.value.fault == "deployment"

    def test_vectors_that_are_not_of_unit_length_are_scaled(self, stub: StubServer, embedder: OpenAIEmbedder) -> None:
        """Vectors of providers that do not normalize are scored like others."""
        stub.fail(200, json.dumps({"data": [{"index": 0, "embedding": [2.0] * 64}]}).encode())
        assert list(embedder.query("pump")) == pytest.approx([0.125] * 64)


class TestKeys:
    """The key is read again when it is refused, so that it can be rotated without a restart."""

    def test_rotated(self, stub: StubServer) -> None:
        """A request that was refused under the old key is made again with the new one."""
        keys = iter(["sk-old", "sk-new", "sk-none"])
        seconds = Seconds()
        endpoint = Endpoint(stub.base_url, lambda: next(keys), timing=Timing(clock=seconds))
        assert dimensions_of(endpoint, "stub") == 64
        seconds.now += REREAD_S
        stub.fail(401)
        assert dimensions_of(endpoint, "stub") == 64
        assert stub.keys == ["sk-old", "sk-old", "sk-new"]
        endpoint.close()

    def test_not_read_for_every_refusal(self, stub: StubServer) -> None:
        """A source such as Secrets Manager is asked at most once in some seconds, however many requests are refused."""
        reads: list[str] = []

        def read() -> str:
            reads.append("sk-old")
            return "sk-old"

        seconds = Seconds()
        endpoint = Endpoint(stub.base_url, read, timing=Timing(clock=seconds))
        stub.fail(403, times=20)
        for _ in range(5):
            with pytest.raises(EmbeddingError):
                dimensions_of(endpoint, "stub")
        assert len(reads) == 1
        seconds.now += REREAD_S
        for _ in range(5):
            with pytest.raises(EmbeddingError):
                dimensions_of(endpoint, "stub")
        assert len(reads) == 2
        endpoint.close()

    def test_unreadable(self, stub: StubServer) -> None:
        """A source that cannot be read says why, and is read again for the next request."""
        answers: list[str | EndpointError] = [EndpointError("The file is missing.", fault="deployment"), "sk-new"]

        def read() -> str:
            answer = answers.pop(0)
            if isinstance(answer, EndpointError):
                raise answer
            return answer

        endpoint = Endpoint(stub.base_url, read)
        with pytest.raises(EmbeddingError, match="missing"):
            dimensions_of(endpoint, "stub")
        assert dimensions_of(endpoint, "stub") == 64
        assert stub.keys == ["sk-new"]
        endpoint.close()


class Seconds:
    """A clock that tests move."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_key_is_in_no_error_and_no_log(
    stub: StubServer, embedder: OpenAIEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither errors nor log lines contain the key, even if the provider repeats it."""
    caplog.set_level(logging.DEBUG)
    stub.fail(401, f"Incorrect API key provided: {KEY}.")
    stub.fail(400, f"<b>Bearer {KEY}</b>".encode())
    for _ in range(2):
        with pytest.raises(EmbeddingError) as caught:
            embedder.query("pump")
        assert KEY not in "".join(traceback.format_exception(caught.value))
        assert KEY not in repr(caught.value)
        assert "[key]" in str(caught.value)
    assert KEY not in caplog.text
    assert KEY not in repr(embedder)


@pytest.mark.parametrize(
    "body", [b"", b"Bad gateway", b'{"detail": "x"}', b'{"error": "Bad gateway"}', b"[1]", b"\xff" * 9999]
)
def test_any_refusal_has_a_short_readable_reason(stub: StubServer, endpoint: Endpoint, body: bytes) -> None:
    """Whatever form a provider's error has, the message is one line that fits a file's `last_error`."""
    stub.fail(502, body)
    with pytest.raises(EndpointError) as caught:
        endpoint.post({}, RetryPolicy(attempts=1, timeout_s=5), MOST)
    message = str(caught.value)
    assert "answered 502: " in message
    assert not message.endswith(": ")
    assert len(message) < 400
    assert "\n" not in message
