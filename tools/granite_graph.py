"""Writes functions/vectorlog/embedding/granite_rows_*.onnx: the graph of granite-embedding-30m-english, without its
weights.

    python tools/granite_graph.py

The graph is a RoBERTa encoder of IBM's model card. Products are of 8-bit integers: each row of an activation is
quantised by its own largest value, each row of a weight too (granite_weights.py), and the sums are exact. So a vector
depends neither on what else is computed nor on the order. There is a graph for signed and one for unsigned weights:
the results are equal, but which one is fast, and whether signed ones are exact, depends on the processor (encoder.py).

Weights are bound by name when the session starts. Only this script needs the `onnx` package; a test compares its output
with the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

FOLDER = Path(__file__).parents[1] / "functions/vectorlog/embedding"
KINDS = ("s8", "u8")

LAYERS, HEADS, HIDDEN, INNER = 6, 12, 384, 1536
VOCABULARY, POSITIONS, FIRST_POSITION = 50_265, 514, 2
BLOCK = 64
EPSILON = 1e-12
SMALLEST = 1e-9
"""The least largest value of a row, so that a row of zeros has a scale."""
LOWEST = -0.17
"""The function between the two products of a layer has no lower value, so what is below 0 need not be looked at."""
INTEGERS = {"zero": 0, "one": 1, "columns": 1, "first_position": FIRST_POSITION}


class Graph:
    """Nodes and constants in the order in which they are added; every method returns the name of its output.

    Args:
        kind: of the weights: `s8` or `u8`.
        integers: constants of one integer, by their names.
    """

    def __init__(self, kind: str, integers: Mapping[str, int] = INTEGERS) -> None:
        self.kind = TensorProto.INT8 if kind == "s8" else TensorProto.UINT8
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []
        self._quantised: set[str] = set()
        for name, integer in integers.items():
            self._constant(name, np.array([integer], np.int64))
        for name, shape in (("flat", (-1, HIDDEN)), ("unflat", (1, -1, HIDDEN))):
            self._constant(name, np.array(shape, np.int64))
        for name, number in (("127", 127), ("unscaled", 1), ("smallest", SMALLEST), ("-lowest", -LOWEST)):
            self._constant(name, np.array(number, np.float32))
        self._constant("128", np.array(128, np.uint8))
        self._constant("weight_zero", np.array(0, np.int8) if kind == "s8" else np.array(128, np.uint8))

    def weight(self, name: str, *shape: int, kind: TensorProto.DataType = TensorProto.FLOAT) -> str:
        """A tensor that is bound when the session starts."""
        weight = TensorProto(name=name, data_type=kind, dims=shape, data_location=TensorProto.EXTERNAL)
        weight.external_data.add(key="location", value="bound when the session starts")
        self.weights.append(weight)
        return name

    def onnx(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:  # noqa: ANN401
        """A standard ONNX operator."""
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def fused(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:  # noqa: ANN401
        """One of onnxruntime's own operators."""
        return self.onnx(operator, inputs, output, domain="com.microsoft", **attributes)

    def linear(self, x: str, name: str, inputs: int, outputs: int, least: str = "smallest") -> str:
        """`x` (rows, inputs) times a matrix, without a bias: (rows, outputs). `least` is as for `_rows`."""
        operands = [
            self._rows(x, least),
            self.weight(f"{name}.rows", inputs, outputs, kind=self.kind),
            "unscaled",
            self.weight(f"{name}.rows.scale", outputs),
            "128",
            "weight_zero",
        ]
        unscaled = self.fused("MatMulIntegerToFloat", operands, f"{name}.unscaled")
        return self.onnx("Mul", [unscaled, f"{x}.column"], f"{name}.out")

    def added(self, x: str, bias: str, size: int) -> str:
        """`x` plus a bias."""
        return self.onnx("Add", [x, self.weight(bias, size)], f"{x}.biased")

    def added_and_normalised(self, x: str, residual: str, norm: str, bias: str, output: str) -> str:
        """Layer normalization of `x` + bias + `residual`.

        onnxruntime's SkipLayerNormalization would do the same in one operator, but takes five times as long.
        """
        sum_ = self.onnx("Add", [self.added(x, bias, HIDDEN), residual], f"{output}.sum")
        operands = [sum_, self.weight(f"{norm}.w", HIDDEN), self.weight(f"{norm}.b", HIDDEN)]
        return self.onnx("LayerNormalization", operands, output, epsilon=EPSILON)

    def _constant(self, name: str, value: np.typing.NDArray[Any]) -> None:
        self.weights.append(numpy_helper.from_array(value, name))

    def _rows(self, x: str, least: str) -> str:
        """`x` in 8 bits with zero at 128, and in `<x>.column` what each row was divided by; once for all products.

        `least` is the least largest value of a row: `smallest`, or `-lowest` for what is nowhere below that.
        """
        if x not in self._quantised:
            self._quantised.add(x)
            size = self.onnx("Abs", [x], f"{x}.abs") if least == "smallest" else x
            self.onnx("ReduceMax", [size, "columns"], f"{x}.largest", keepdims=0)
            self.onnx("Max", [f"{x}.largest", least], f"{x}.range")
            self.onnx("Div", [f"{x}.range", "127"], f"{x}.scale")
            self.onnx("Unsqueeze", [f"{x}.scale", "columns"], f"{x}.column")
            self.onnx("Expand", ["128", self.onnx("Shape", [f"{x}.range"], f"{x}.count")], f"{x}.zeros")
            self.onnx("QuantizeLinear", [x, f"{x}.scale", f"{x}.zeros"], f"{x}.quantised", axis=0)
        return f"{x}.quantised"


def build(kind: str) -> ModelProto:
    """`ids` (1, tokens) int64 → `vectors` (1, 384) float32 of unit length, from the token `<s>`."""
    g = Graph(kind)
    x = _embedded(g)
    for number in range(LAYERS):
        x = layer(g, x, f"l{number}", last=number == LAYERS - 1)
    g.onnx("LpNormalization", [x], "vectors", axis=-1, p=2)
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "tokens"])
    vectors = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, [1, HIDDEN])
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
    g.onnx("Add", ["tokens", "first_position"], "end_position")
    g.onnx("Slice", [g.weight("pos_emb", POSITIONS, HIDDEN), "first_position", "end_position", "zero"], "positions")
    return g.added_and_normalised(
        g.onnx("Reshape", ["words", "flat"], "word_rows"), "positions", "emb_ln", "type_emb", "embedded"
    )


def layer(g: Graph, x: str, name: str, *, last: bool = False) -> str:
    """The last layer computes only its first row, `<s>`, because nothing reads the others.

    The key's bias is left out: it adds the same to all scores of a query. The value's bias is in the output's, because
    the weights of a query sum to 1.
    """
    everyone = x
    if last:
        x = g.onnx("Slice", [x, "zero", "one", "zero"], "first")
    queries = g.added(g.linear(x, f"{name}.queries", HIDDEN, HIDDEN), f"{name}.queries.b", HIDDEN)
    parts = [
        queries,
        g.linear(everyone, f"{name}.keys", HIDDEN, HIDDEN),
        g.linear(everyone, f"{name}.values", HIDDEN, HIDDEN),
    ]
    texts = [g.onnx("Reshape", [part, "unflat"], f"{part}.text") for part in parts]
    heads = g.fused("MultiHeadAttention", texts, f"{name}.heads", num_heads=HEADS)
    attended = g.onnx("Reshape", [heads, "flat"], f"{name}.attended")
    x = g.added_and_normalised(
        g.linear(attended, f"{name}.ao", HIDDEN, HIDDEN), x, f"{name}.aln", f"{name}.ao.rows.b", f"{name}.middle"
    )
    inner = g.linear(x, f"{name}.f1", HIDDEN, INNER)
    # The usual approximation with tanh, which is faster than the error function: the cosine stays the same to 1e-5.
    inner = g.fused("FastGelu", [inner, g.weight(f"{name}.f1.b", INNER)], f"{name}.inner")
    return g.added_and_normalised(
        g.linear(inner, f"{name}.f2", INNER, HIDDEN, "-lowest"), x, f"{name}.fln", f"{name}.f2.b", f"{name}.end"
    )


def path(kind: str) -> Path:
    """Where a graph is kept."""
    return FOLDER / f"granite_rows_{kind}.onnx"


if __name__ == "__main__":
    for each in KINDS:
        path(each).write_bytes(build(each).SerializeToString(deterministic=True))
