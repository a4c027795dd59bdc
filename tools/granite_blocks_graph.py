"""Writes functions/vectorlog/embedding/granite_blocks.onnx: the graph of the first revision of vectors.

    python tools/granite_blocks_graph.py

The graph is a RoBERTa encoder of IBM's model card in onnxruntime's fused operators. The weights stay in their own
package in 8 bits (blocks of 64 along the input, one scale each) and are bound by name when the session starts
(granite_weights.py), so nothing is converted. Only this script needs the `onnx` package; a test compares its output
with the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from onnx import ModelProto, NodeProto, TensorProto, helper

GRAPH = Path(__file__).parents[1] / "functions/vectorlog/embedding/granite_blocks.onnx"

LAYERS, HEADS, HIDDEN, INNER = 6, 12, 384, 1536
VOCABULARY, POSITIONS, FIRST_POSITION = 50_265, 514, 2
BLOCK = 64
EPSILON = 1e-12


class Graph:
    """Nodes and weight names in the order in which they are added; every method returns the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []

    def weight(self, name: str, *shape: int, kind: TensorProto.DataType = TensorProto.FLOAT) -> str:
        """A tensor that is bound when the session starts."""
        weight = TensorProto(name=name, data_type=kind, dims=shape, data_location=TensorProto.EXTERNAL)
        weight.external_data.add(key="location", value="bound when the session starts")
        self.weights.append(weight)
        return name

    def integer(self, name: str, value: int) -> str:
        """A constant."""
        self.weights.append(helper.make_tensor(name, TensorProto.INT64, [1], [value]))
        return name

    def onnx(self, operator: str, inputs: list[str], *outputs: str, **attributes: Any) -> str:  # noqa: ANN401
        """A standard ONNX operator; returns its first output."""
        self.nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        return outputs[0]

    def fused(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:  # noqa: ANN401
        """One of onnxruntime's own operators."""
        return self.onnx(operator, inputs, output, domain="com.microsoft", **attributes)

    def linear(self, x: str, name: str, inputs: int, outputs: int, *, bias: bool) -> str:
        """`x` times an 8-bit matrix. Level 4 also multiplies in 8 bits, with `x` quantized by row and block, so rows
        stay independent.
        """
        blocks = inputs // BLOCK
        operands = [
            x,
            self.weight(f"{name}.w", outputs, blocks, BLOCK, kind=TensorProto.UINT8),
            self.weight(f"{name}.w.scale", outputs, blocks),
        ]
        if bias:
            operands += ["", "", self.weight(f"{name}.b", outputs)]
        return self.fused(
            "MatMulNBits", operands, f"{name}.out", K=inputs, N=outputs, bits=8, block_size=BLOCK, accuracy_level=4
        )

    def added_and_normalised(self, x: str, residual: str, norm: str, bias: str, output: str) -> str:
        """Layer normalization of `x` + bias + `residual`."""
        operands = [
            x,
            residual,
            self.weight(f"{norm}.w", HIDDEN),
            self.weight(f"{norm}.b", HIDDEN),
            self.weight(bias, HIDDEN),
        ]
        return self.fused("SkipLayerNormalization", operands, output, epsilon=EPSILON)


def build() -> ModelProto:
    """`ids` (texts, tokens) int64, all texts of equal length → `vectors` (texts, 1, 384) float32 of unit length, from
    the token `<s>`.
    """
    g = Graph()
    g.integer("zero", 0)
    g.integer("one", 1)
    x = _embedded(g)
    for number in range(LAYERS):
        x = _layer(g, x, f"l{number}", last=number == LAYERS - 1)
    g.onnx("LpNormalization", [x], "vectors", axis=-1, p=2)
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["texts", "tokens"])
    vectors = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["texts", 1, HIDDEN])
    graph = helper.make_graph(g.nodes, "granite-embedding-30m-english", [ids], [vectors], g.weights)
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)], ir_version=9
    )


def _embedded(g: Graph) -> str:
    words = [
        g.weight("word_emb", VOCABULARY, HIDDEN, kind=TensorProto.UINT8),
        "ids",
        g.weight("word_emb.scale", VOCABULARY, HIDDEN // BLOCK),
    ]
    g.fused("GatherBlockQuantized", words, "words", gather_axis=0, quantize_axis=1, block_size=BLOCK, bits=8)
    g.onnx("Shape", ["ids"], "tokens", start=1, end=2)
    g.onnx("Add", ["tokens", g.integer("first_position", FIRST_POSITION)], "end_position")
    g.onnx("Slice", [g.weight("pos_emb", POSITIONS, HIDDEN), "first_position", "end_position", "zero"], "positions")
    return g.added_and_normalised("words", "positions", "emb_ln", "type_emb", "embedded")


def _layer(g: Graph, x: str, name: str, *, last: bool) -> str:
    """The last layer computes only its first row, `<s>`, because nothing reads the others."""
    queries, keys, values = (f"{name}.{part}" for part in ("queries", "keys", "values"))
    if last:
        g.onnx("Split", [g.linear(x, f"{name}.kv", HIDDEN, 2 * HIDDEN, bias=True)], keys, values, axis=2, num_outputs=2)
        x = g.onnx("Slice", [x, "zero", "one", "one"], "first")
        queries = g.linear(x, f"{name}.q", HIDDEN, HIDDEN, bias=True)
    else:
        g.onnx(
            "Split",
            [g.linear(x, f"{name}.qkv", HIDDEN, 3 * HIDDEN, bias=True)],
            queries,
            keys,
            values,
            axis=2,
            num_outputs=3,
        )
    attended = g.fused("MultiHeadAttention", [queries, keys, values], f"{name}.attended", num_heads=HEADS)
    attended = g.linear(attended, f"{name}.ao", HIDDEN, HIDDEN, bias=False)
    x = g.added_and_normalised(attended, x, f"{name}.aln", f"{name}.ao.b", f"{name}.middle")
    inner = g.linear(x, f"{name}.f1", HIDDEN, INNER, bias=False)
    inner = g.fused("BiasGelu", [inner, g.weight(f"{name}.f1.b", INNER)], f"{name}.inner")
    return g.added_and_normalised(
        g.linear(inner, f"{name}.f2", INNER, HIDDEN, bias=False), x, f"{name}.fln", f"{name}.f2.b", f"{name}.end"
    )


if __name__ == "__main__":
    GRAPH.write_bytes(build().SerializeToString(deterministic=True))
