"""The graphs of granite-embedding-30m-english: one for each revision of its vectors.

Revision 1 multiplies in 8 bits with a scale for every 64 values. Revision 2 has one scale for each row, which is about
twice as fast; the cosine between the two vectors of a text is .998 to .999. Both are made from the same weights.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from vectorlog.embedding.granite_weights import Tensor

CPU_INFO = Path("/proc/cpuinfo")
_FOLDER = Path(__file__).parent
_PARTS = {"qkv": ("queries", "keys", "values"), "q": ("queries",), "kv": ("keys", "values")}
"""The matrices that one matrix of the weights consists of."""
_SMALLEST = 1e-12


def session(tensors: Mapping[str, Tensor], revision: int) -> onnxruntime.InferenceSession:
    """Creates a session of a revision's graph with its weights. onnxruntime copies them, so the caller need not keep
    them.

    A run uses one thread. Measured on two cores with windows of 200 tokens: two parallel runs of one thread each
    compute 47 windows a second, one run at a time on two threads computes 39.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    if revision == 1:
        graph, bound = "granite_blocks.onnx", dict(tensors)
    else:
        # Further optimisation would bring back the operator that the graph avoids because it is slow.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        signed = multiplies_signed(platform.machine())
        graph, bound = f"granite_rows_{'s8' if signed else 'u8'}.onnx", dict(rows(tensors, signed=signed))
    values = {
        name: onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(tensor)) for name, tensor in bound.items()
    }
    options.add_external_initializers(list(values), list(values.values()))
    return onnxruntime.InferenceSession((_FOLDER / graph).read_bytes(), options, providers=["CPUExecutionProvider"])


def multiplies_signed(machine: str) -> bool:
    """Whether this processor multiplies unsigned by signed bytes exactly and fast.

    x86 without VNNI adds two products in 16 bits, which overflow. There, unsigned weights are multiplied in 16 bits:
    slower, with equal results.
    """
    if machine.lower() in ("arm64", "aarch64"):
        return True
    try:
        return "_vnni" in CPU_INFO.read_text()
    except OSError:
        return False


def rows(tensors: Mapping[str, Tensor], *, signed: bool) -> Iterator[tuple[str, Tensor]]:
    """Yields the weights for `granite_rows_*.onnx` from those for `granite_blocks.onnx`: products have 8-bit integers
    with one scale for each output.
    """
    products = [name.removesuffix(".w.scale") for name in tensors if name.endswith(".w.scale")]
    yield from ((name, tensors[name]) for name in tensors if name.removesuffix(".scale")[:-2] not in products)
    for product in products:
        layer, part = product.split(".")
        parts = _PARTS.get(part, (part,))
        matrix, bias = _floats(tensors, product), tensors[f"{product}.b"]
        for label, outputs in zip(parts, np.split(matrix, len(parts)), strict=True):
            scale = np.maximum(np.abs(outputs).max(axis=1), _SMALLEST) / 127
            integers = np.rint(outputs / scale[:, None]).astype(np.int8).T
            yield f"{layer}.{label}.rows", integers if signed else integers.view(np.uint8) ^ np.uint8(128)
            yield f"{layer}.{label}.rows.scale", scale
        for label, of_part in zip(parts, np.split(bias, len(parts)), strict=True):
            match label:
                case "queries":
                    yield f"{layer}.queries.b", of_part
                case "values":
                    yield f"{layer}.ao.rows.b", tensors[f"{layer}.ao.b"] + _floats(tensors, f"{layer}.ao") @ of_part
                case "f1" | "f2":
                    yield f"{product}.b", bias


def _floats(tensors: Mapping[str, Tensor], product: str) -> Tensor:
    """Returns a matrix (outputs, inputs), whose blocks have a scale each, as float32."""
    values, scales = tensors[f"{product}.w"], tensors[f"{product}.w.scale"]
    blocks: Tensor = (values.astype(np.float32) - 128) * scales[..., None]
    return blocks.reshape(len(values), -1)
