"""Embeddings of a client's texts: errors by whose fault they are, long texts, and the switch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.bench import Bench
from tests.support.stubs import DIMENSIONS, StubEmbedder
from vectorlog.api.app import App
from vectorlog.api.auth import OPEN
from vectorlog.api.request import Request
from vectorlog.api.response import Response
from vectorlog.domain.errors import Invalid, ModelNotFound, Unavailable
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.endpoints.refusal import Fault
from vectorlog.ingest import tokens
from vectorlog.runtime.local.server import send_blob
from vectorlog.use_cases import embeddings

MODEL = "stub:words"


def refuse(monkeypatch: pytest.MonkeyPatch, fault: Fault, retry_after: float | None = None) -> None:
    """Makes the model refuse every text for this reason; its own check of one word as well, unless it is the text's."""

    def documents(*_: Any) -> Any:
        raise EmbeddingError("no", retry_after=retry_after, fault=fault)

    monkeypatch.setattr(StubEmbedder, "documents", documents)


@pytest.mark.parametrize(("fault", "asked", "waits"), [("busy", None, 2), ("busy", 7.0, 8), ("deployment", 600.0, 60)])
def test_a_provider_that_does_not_answer(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, fault: Fault, asked: float | None, waits: int
) -> None:
    """It is a 503 that says why and when to try again, as for a search."""
    refuse(monkeypatch, fault, asked)
    with pytest.raises(Unavailable, match="no") as refused:
        embeddings.embed(bench.deployment, MODEL, None, ["text"])
    assert refused.value.retry_after == waits


def test_a_text_that_the_model_refuses(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the request's fault, and named."""
    refuse(monkeypatch, "text")
    with pytest.raises(Invalid) as refused:
        embeddings.embed(bench.deployment, MODEL, None, ["text"])
    assert refused.value.param == "input"


def test_windows(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text of several windows has one vector of unit length, their mean."""
    one = StubEmbedder(Space(MODEL, DIMENSIONS))

    def documents(_: StubEmbedder, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        return [tuple(one.query(word) for word in text.split()) for text in texts]

    monkeypatch.setattr(StubEmbedder, "documents", documents)
    both, single = embeddings.embed(bench.deployment, MODEL, None, ["a b", "a"]).vectors
    assert sum(value * value for value in both) == pytest.approx(1)
    assert list(single) == list(one.query("a"))
    assert sum(x * y for x, y in zip(both, one.query("a"), strict=True)) > 0.5


def test_names(bench: Bench) -> None:
    """A model is found by its full name, or without its provider."""
    for name in ("stub:words", "words"):
        assert embeddings.embed(bench.deployment, name, None, ["a"]).space.model == MODEL
    with pytest.raises(ModelNotFound, match=MODEL):
        embeddings.embed(bench.deployment, "other", None, ["a"])
    with pytest.raises(Invalid, match=str(DIMENSIONS)):
        embeddings.embed(bench.deployment, MODEL, 4, ["a"])


@pytest.mark.parametrize("text", ["hello world", "a  b\n\tc", "漢字 \U0001f600 é", "<|endoftext|>"])
def test_tokens(text: str) -> None:
    """Tokens are those of cl100k_base: their text is the one from which they were made."""
    ids = tokens._cl100k().encode_ordinary(text)  # no other part encodes
    assert embeddings.text_of(ids) == text
    assert len(ids) == tokens.count(text)


def test_switched_off(tmp_path: Path) -> None:
    """A deployment that does not embed for clients says so in both dialects; the models are still listed."""
    bench = Bench(tmp_path, embeddings_api="off")
    app = App(bench.deployment, lambda _: OPEN, send_blob)

    def ask(method: str, path: str, body: bytes = b"") -> Response:
        return app.handle(Request(method, path, {}, {}, body, "req_1"))

    for prefix in ("/v1", "/api/v1/llm"):
        body = json.dumps({"model": MODEL, "input": "a"}).encode()
        for answer in (ask("POST", f"{prefix}/embeddings", body), ask("GET", f"{prefix}/embeddings/models")):
            assert answer.status == 404
            assert json.loads(answer.content)["error"]["code"] == "not_offered"
        assert json.loads(ask("GET", f"{prefix}/models").content)["data"][0]["id"] == MODEL
    bench.close()
