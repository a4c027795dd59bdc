"""Writes functions/vectorlog/embedding/e5_rows_*.onnx: the graph of multilingual-e5-small, without its weights.

    python -m tools.e5_graph

The graph is a BERT encoder whose layers are those of `granite_graph.py`. Rows of word vectors come in, because the
table of 250,037 words stays in 4 bits, and only the rows of a text are unpacked.
"""

from __future__ import annotations

from pathlib import Path

from onnx import ModelProto, TensorProto, helper

from tools.granite_graph import FOLDER, HIDDEN, KINDS, Graph, layer

LAYERS, POSITIONS = 12, 512


def build(kind: str) -> ModelProto:
    """`words` (tokens, 384) float32 → `vectors` (1, 384) float32 of unit length: the mean over the tokens, of unit
    length, minus `centre`.
    """
    g = Graph(kind, {"zero": 0, "columns": 1})
    g.onnx("Shape", ["words"], "tokens", start=0, end=1)
    g.onnx("Slice", [g.weight("pos_emb", POSITIONS, HIDDEN), "zero", "tokens", "zero"], "positions")
    x = g.added_and_normalised("words", "positions", "emb_ln", "type_emb", "embedded")
    for number in range(LAYERS):
        x = layer(g, x, f"l{number}")
    mean = g.onnx("ReduceMean", [x, "zero"], "mean", keepdims=1)
    unit = g.onnx("LpNormalization", [mean], "unit", axis=-1, p=2)
    centred = g.onnx("Sub", [unit, g.weight("centre", HIDDEN)], "centred")
    g.onnx("LpNormalization", [centred], "vectors", axis=-1, p=2)
    words = helper.make_tensor_value_info("words", TensorProto.FLOAT, ["tokens", HIDDEN])
    vectors = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, [1, HIDDEN])
    graph = helper.make_graph(g.nodes, "multilingual-e5-small", [words], [vectors], g.weights)
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)], ir_version=9
    )


def path(kind: str) -> Path:
    """Where a graph is kept."""
    return FOLDER / f"e5_rows_{kind}.onnx"


if __name__ == "__main__":
    for each in KINDS:
        path(each).write_bytes(build(each).SerializeToString(deterministic=True))
