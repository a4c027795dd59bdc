"""Embeddings of Bedrock: requests, long texts, refusals, throttling, broken answers."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from types import SimpleNamespace

import botocore.endpoint
import pytest

from tests.embedding.bedrock_stub import BedrockStub
from tests.support import moto_aws
from vectorlog.domain.vectors import Space
from vectorlog.embedding.bedrock import COHERE, TITAN, BedrockEmbedder, Cohere, Titan, bedrock_offers
from vectorlog.embedding.catalogue import Models, UnsupportedDimensions
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.runtime.aws import clients

ENGLISH = COHERE[0]
THROTTLED = (429, "ThrottlingException")
LONGER = " ".join(f"word{number}" for number in range(8_000))
"""70,889 characters, no part of which occurs twice."""
TEXT = LONGER[:18_000]


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[BedrockStub]:
    """Bedrock, without pauses between botocore's attempts."""
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
    with BedrockStub() as server, moto_aws.credentials(AWS_ENDPOINT_URL_BEDROCK_RUNTIME=server.url):
        yield server


@pytest.fixture
def titan(stub: BedrockStub) -> Iterator[BedrockEmbedder]:
    made = BedrockEmbedder(
        clients.bedrock_for_ingest(), Space(f"bedrock:{TITAN}", 256), TITAN, Titan(256), concurrency=3
    )
    yield made
    made.close()


@pytest.fixture
def cohere(stub: BedrockStub) -> Iterator[BedrockEmbedder]:
    made = BedrockEmbedder(
        clients.bedrock_for_search(), Space(f"bedrock:{ENGLISH}", 1024), ENGLISH, Cohere(), concurrency=3
    )
    yield made
    made.close()


def assert_covered(text: str, windows: list[str]) -> None:
    """Windows cover the text in order, overlap by at least 128 characters, and leave nothing out."""
    ends = [0]
    for window in windows:
        start = text.find(window, max(0, ends[-1] - len(window)))
        assert start >= 0
        assert ends == [0] or start <= ends[-1] - 128
        ends.append(start + len(window))
    assert ends[-1] == len(text)


class TestTitan:
    def test_request(self, stub: BedrockStub, titan: BedrockEmbedder) -> None:
        """One text per call, with the space's dimensions; a query is sent like a document."""
        titan.documents(["pump"])
        titan.query("bread")
        assert stub.requests == [
            (TITAN, {"inputText": text, "dimensions": 256, "normalize": True}) for text in ("pump", "bread")
        ]

    def test_at_once(self, stub: BedrockStub) -> None:
        """Calls run in parallel, as many as allowed and no more."""
        with BedrockStub(together=3) as busy, moto_aws.credentials(AWS_ENDPOINT_URL_BEDROCK_RUNTIME=busy.url):
            client = clients.bedrock_for_ingest()
            embedder = BedrockEmbedder(client, Space(f"bedrock:{TITAN}", 256), TITAN, Titan(256), concurrency=3)
            assert len(embedder.documents([f"text {number}" for number in range(9)])) == 9
            embedder.close()
        assert busy.busiest == 3

    def test_long_text(self, stub: BedrockStub, titan: BedrockEmbedder) -> None:
        """A text longer than the model's limit becomes several windows; nothing is left out."""
        short, long, last = titan.documents(["pump", LONGER, "bread"])
        assert (len(short), len(last)) == (1, 1)
        assert len(long) > 1
        windows = [body["inputText"] for body in stub.bodies if len(body["inputText"]) > 10]
        assert_covered(LONGER, sorted(windows, key=LONGER.find))


class TestCohere:
    def test_request(self, stub: BedrockStub, cohere: BedrockEmbedder) -> None:
        """Documents and queries are sent with different types, as the model requires."""
        cohere.documents(["pump", "bread"])
        cohere.query("bread")
        assert stub.requests == [
            (ENGLISH, {"texts": ["pump", "bread"], "input_type": "search_document", "truncate": "END"}),
            (ENGLISH, {"texts": ["bread"], "input_type": "search_query", "truncate": "END"}),
        ]

    def test_full_calls(self, stub: BedrockStub, cohere: BedrockEmbedder) -> None:
        """96 texts share a call, because Bedrock limits calls per minute."""
        cohere.documents([f"text {number}" for number in range(200)])
        assert sorted(len(body["texts"]) for body in stub.bodies) == [8, 96, 96]

    @pytest.mark.parametrize(
        "text", [TEXT, "契約は年末に終了します。" * 300, "😀" * 2_100], ids=["english", "japanese", "emoji"]
    )
    def test_long_text(self, stub: BedrockStub, cohere: BedrockEmbedder, text: str) -> None:
        """A chunk in any script is cut into windows that the model reads completely, each with its vector."""
        [vectors] = cohere.documents([text])
        [body] = stub.bodies
        assert len(vectors) == len(body["texts"]) > 1
        assert max(len(window) for window in body["texts"]) <= 2_048
        assert max(len(window.encode()) for window in body["texts"]) <= 2_048 * 1.1
        if text == TEXT:
            assert_covered(text, body["texts"])

    def test_long_question(self, cohere: BedrockEmbedder) -> None:
        """A query longer than the model's limit is one vector of unit length, near to its parts."""
        question = cohere.query("pump guarantee " * 300)
        assert math.hypot(*question) == pytest.approx(1, abs=1e-5)
        assert sum(a * b for a, b in zip(question, cohere.query("pump guarantee"), strict=True)) > 0.99


class TestRefusals:
    def test_throttled_for_a_while(self, stub: BedrockStub, titan: BedrockEmbedder) -> None:
        """A throttled request is retried, and the caller does not notice."""
        stub.failures = [THROTTLED, THROTTLED, (503, "ServiceUnavailableException"), (429, "ModelNotReadyException")]
        assert len(titan.query("pump")) == 256
        assert len(stub.requests) == 5

    def test_throttled_for_long(self, stub: BedrockStub, titan: BedrockEmbedder) -> None:
        """Lasting throttling delays the file; it does not fail it. Requests that have not started are not sent."""
        stub.always = THROTTLED
        with pytest.raises(EmbeddingError, match=f"{TITAN} answered ThrottlingException: stub says no") as caught:
            titan.documents([f"text {number}" for number in range(200)])
        assert (caught.value.fault, caught.value.retry_after) == ("busy", None)
        assert len({body["inputText"] for body in stub.bodies}) < 200

    @pytest.mark.parametrize(
        ("status", "code", "remedy", "fault"),
        [
            (403, "AccessDeniedException", "bedrock:InvokeModel", "deployment"),
            (404, "ResourceNotFoundException", "region", "deployment"),
            (403, "UnrecognizedClientException", "credentials", "deployment"),
            (403, "ExpiredTokenException", "credentials", "deployment"),
            (400, "ServiceQuotaExceededException", "Service Quotas", "deployment"),
            (400, "ValidationException", "smaller chunks", "text"),
        ],
    )
    def test_refused(
        self, stub: BedrockStub, titan: BedrockEmbedder, status: int, code: str, remedy: str, fault: str
    ) -> None:
        """A request that is refused is made once; the error says whose fault it is, with Bedrock's message and a
        remedy.
        """
        stub.always = status, code
        with pytest.raises(EmbeddingError, match=f"{code}: stub says no .*{remedy}") as caught:
            titan.documents(["pump"])
        assert caught.value.fault == fault
        assert len(stub.requests) == 1

    def test_lost_answer(self, stub: BedrockStub, titan: BedrockEmbedder) -> None:
        """A connection that closes before the answer is no error if another attempt succeeds."""
        stub.failures = [None, None]
        assert [len(vectors) for vectors in titan.documents(["pump"])] == [1]

    def test_unreachable(self, stub: BedrockStub, titan: BedrockEmbedder) -> None:
        """An endpoint that cannot be reached is a temporary error."""
        stub.failures = [None] * 20
        with pytest.raises(EmbeddingError, match="Bedrock could not be reached") as caught:
            titan.query("pump")
        assert caught.value.fault == "busy"

    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            b"{}",
            b"[]",
            b"null",
            b'{"embedding": 1}',
            b'{"embedding": ["x"]}',
            b'{"embedding": null}',
            b'{"embedding": [1e999, 0]}',
        ],
    )
    def test_broken_answer(self, stub: BedrockStub, titan: BedrockEmbedder, answer: bytes) -> None:
        """An answer without vectors is an error of the provider, never a wrong vector."""
        stub.failures = [answer]
        with pytest.raises(EmbeddingError):
            titan.query("pump")

    def test_wrong_count(self, stub: BedrockStub, cohere: BedrockEmbedder) -> None:
        """Vectors that cannot be matched with their texts are not used."""
        stub.failures = [json.dumps({"embeddings": [[1.0] + [0.0] * 1023]}).encode()]
        with pytest.raises(EmbeddingError, match="gave 1 vectors for 2 texts"):
            cohere.documents(["pump", "bread"])

    @pytest.mark.parametrize(("vector", "reason"), [([1.0], "1 dimensions, not 256"), ([0.0] * 256, "length 0.0")])
    def test_wrong_vector(self, stub: BedrockStub, titan: BedrockEmbedder, vector: list[float], reason: str) -> None:
        """A vector that the index could not compare is not used."""
        stub.failures = [json.dumps({"embedding": vector}).encode()]
        with pytest.raises(EmbeddingError, match=reason):
            titan.query("pump")


class TestOffers:
    def test_dimensions(self, stub: BedrockStub) -> None:
        """Titan offers three sizes, and a store that asks for another one is told which; each size gets such
        vectors.
        """
        models = Models(bedrock_offers(clients.bedrock_for_search()))
        assert models.resolve() == Space(f"bedrock:{TITAN}", 1024)
        for size in (256, 512, 1024):
            assert len(models.embedder(models.resolve(TITAN, size)).query("pump")) == size
        with pytest.raises(UnsupportedDimensions, match="256, 512 or 1024 dimensions, not 300"):
            models.resolve(TITAN, 300)
        with pytest.raises(UnsupportedDimensions, match="1024 only dimensions, not 256"):
            models.resolve(ENGLISH, 256)
        models.close()

    def test_names(self, stub: BedrockStub) -> None:
        """Models are named by Bedrock's ids, including colons."""
        names = [f"bedrock:{name}" for name in (TITAN, *COHERE)]
        models = Models(bedrock_offers(clients.bedrock_for_search()))
        assert list(models.names) == names
        assert [models.resolve(name).model for name in names] == names
