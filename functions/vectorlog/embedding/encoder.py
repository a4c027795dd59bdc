"""The port between the local embedder and the models that it can run, and what they have in common."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from vectorlog.domain.vectors import Vector

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]

CPU_INFO = Path("/proc/cpuinfo")
_FOLDER = Path(__file__).parent


class Encoder(Protocol):
    """A loaded model: its tokenizer and its graph. Safe to use from several threads.

    Attributes:
        window: how many tokens of a text fit the model at once.
    """

    window: int

    def tokens(self, text: str) -> list[int]:
        """Returns the ids of a text's tokens, without those that mark its begin and end. A lone surrogate is replaced
        by "?".
        """
        ...

    def vector(self, tokens: Sequence[int]) -> Vector:
        """Returns the vector, of unit length, of up to `window` tokens."""
        ...


def session(graph: str, tensors: Mapping[str, Any], *, optimise: bool = False) -> InferenceSession:
    """Creates a session of a graph beside this module with its weights. onnxruntime copies them, so the caller need not
    keep them.

    A run uses one thread. Measured on two cores with windows of 200 tokens: two parallel runs of one thread each
    compute 47 windows a second, one run at a time on two threads computes 39.

    Args:
        graph: the file's name.
        tensors: by the names of the graph's weights.
        optimise: whether operators are fused. That brings back an operator which graphs of row-quantised products avoid
            because it is slow.
    """
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    if not optimise:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    values = {
        name: onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(tensor)) for name, tensor in tensors.items()
    }
    options.add_external_initializers(list(values), list(values.values()))
    return onnxruntime.InferenceSession((_FOLDER / graph).read_bytes(), options, providers=["CPUExecutionProvider"])


def multiplies_signed(machine: str) -> bool:
    """Whether a processor of this kind, as this machine has it, multiplies unsigned by signed bytes exactly and fast.

    x86 without VNNI adds two products in 16 bits, which overflow. There, unsigned weights are multiplied in 16 bits:
    slower, with equal results.
    """
    if machine.lower() in ("arm64", "aarch64"):
        return True
    try:
        return "_vnni" in CPU_INFO.read_text()
    except OSError:
        return False


def row_session(graph: str, tensors: Mapping[str, Any]) -> InferenceSession:
    """Creates a session of the form of a graph with row-quantised products that suits this processor.

    Args:
        graph: the file's name before `_s8.onnx` and `_u8.onnx`.
        tensors: as for `session`; 8-bit weights, whose names end in `.rows`, are signed.
    """
    import numpy as np

    if multiplies_signed(platform.machine()):
        return session(f"{graph}_s8.onnx", tensors)
    unsigned = {
        name: tensor.view(np.uint8) ^ np.uint8(128) if name.endswith(".rows") else tensor
        for name, tensor in tensors.items()
    }
    return session(f"{graph}_u8.onnx", unsigned)


def row_quantised(matrix: Any) -> tuple[Any, Any]:  # noqa: ANN401  # numpy is imported late
    """Returns a matrix (outputs, inputs) of float32 as signed 8-bit integers, shape (inputs, outputs), and a float32
    scale for each output.
    """
    import numpy as np

    scale = np.maximum(np.abs(matrix).max(axis=1), _SMALLEST) / 127
    return np.rint(matrix / scale[:, None]).astype(np.int8).T, scale


_SMALLEST = 1e-12
"""The least largest value of a row, so that a row of zeros has a scale."""
