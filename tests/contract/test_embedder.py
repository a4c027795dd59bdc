"""The promises of every embedding model, whatever its adapter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.embedding.bedrock_stub import BedrockStub
from tests.embedding.stub_server import StubServer
from tests.support import moto_aws
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.bedrock import COHERE, TITAN, bedrock_offers
from vectorlog.embedding.catalogue import Models
from vectorlog.embedding.embedder import Embedder
from vectorlog.embedding.onnx import E5, GRANITE, LocalEmbedder
from vectorlog.embedding.openai import OpenAIEmbedder
from vectorlog.endpoints.endpoint import Endpoint
from vectorlog.runtime.aws import clients

TEXTS = [
    "The pump is guaranteed for two years from the day of purchase.",
    "Bread is baked at 220 degrees for forty minutes.",
    "x",
    "Der Vertrag endet mit Ablauf des Jahres. 契約は年末に終了します。",
    "The warranty of the pump does not cover wear. " * 30,
]


@contextmanager
def bedrock(name: str) -> Iterator[Embedder]:
    """Bedrock is a stub with its limits, because no local server has its models."""
    with BedrockStub() as stub, moto_aws.credentials(AWS_ENDPOINT_URL_BEDROCK_RUNTIME=stub.url):
        models = Models(bedrock_offers(clients.bedrock_for_ingest()))
        yield models.embedder(models.resolve(name))
        models.close()


@pytest.fixture(scope="module", params=["local", "multilingual", "openai", TITAN, *COHERE])
def embedder(request: pytest.FixtureRequest) -> Iterator[Embedder]:
    if request.param in ("local", "multilingual"):
        local = LocalEmbedder(threads=2, model=GRANITE if request.param == "local" else E5)
        yield local
        local.close()
        return
    if request.param != "openai":
        with bedrock(request.param) as made:
            yield made
        return
    with StubServer(dimensions=256) as stub:
        endpoint = Endpoint(stub.base_url, "sk-test")
        remote = OpenAIEmbedder(endpoint, Space("openai:stub", 256), "stub")
        yield remote
        remote.close()
        endpoint.close()


def cosine(a: Vector, b: Vector) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def firsts(vectors: Sequence[tuple[Vector, ...]]) -> list[bytes]:
    return [windows[0].tobytes() for windows in vectors]


def test_vectors_are_float32_of_unit_length_in_the_space(embedder: Embedder) -> None:
    """Every vector has unit length, so a dot product scores it, whatever its source."""
    vectors = [vector for windows in embedder.documents(TEXTS) for vector in windows] + [embedder.query("pump")]
    assert {(vector.typecode, len(vector)) for vector in vectors} == {("f", embedder.space.dimensions)}
    assert all(math.hypot(*vector) == pytest.approx(1, abs=1e-5) for vector in vectors)


def test_vectors_come_in_the_order_of_the_texts(embedder: Embedder) -> None:
    """The nth answer belongs to the nth text."""
    assert firsts(embedder.documents(TEXTS[::-1])) == firsts(embedder.documents(TEXTS))[::-1]


def test_a_vector_depends_on_its_text_alone(embedder: Embedder) -> None:
    """Embedding a text again, alone or with others, gives the same bytes, so a repeated ingest changes nothing."""
    together = firsts(embedder.documents(TEXTS))
    assert [firsts(embedder.documents([text]))[0] for text in TEXTS] == together


def test_several_threads_may_share_an_embedder(embedder: Embedder) -> None:
    """Parallel calls do not mix up their answers."""
    expected = [embedder.query(text).tobytes() for text in TEXTS]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: embedder.query(text).tobytes(), TEXTS * 4))
    assert found == expected * 4


def test_a_question_lies_in_the_space_of_the_documents(embedder: Embedder) -> None:
    """A text that answers a question is nearer to it than another text."""
    question = embedder.query("How long is the pump guaranteed?")
    pump, bread = (windows[0] for windows in embedder.documents(TEXTS[:2]))
    assert cosine(question, pump) > cosine(question, bread) + 0.1
    assert cosine(embedder.query(TEXTS[0]), pump) == pytest.approx(1, abs=1e-5)


def test_nothing_in_nothing_out(embedder: Embedder) -> None:
    """No texts give no vectors, and no error."""
    assert embedder.documents([]) == []


def test_broken_unicode_is_no_error(embedder: Embedder) -> None:
    """Half a surrogate pair, which JSON can carry, counts as a question mark."""
    assert embedder.query("pump \ud83d").tobytes() == embedder.query("pump ?").tobytes()
