"""granite-embedding-30m-english: its tokenizer and its graphs, one for each revision of its vectors.

Revision 1 multiplies in 8 bits with a scale for every 64 values. Revision 2 has one scale for each row, which is about
twice as fast; the cosine between the two vectors of a text is .998 to .999. Both are made from the same weights.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Tokenizer

from vectorlog.domain.vectors import Vector
from vectorlog.embedding import encoder
from vectorlog.embedding.granite_weights import Weights

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]

    from vectorlog.embedding.granite_weights import Tensor

WINDOW = 510
"""Tokens of a text in one window: the model's 512 positions minus `<s>` and `</s>`."""
_BEGIN, _END = 0, 2  # ids of <s> and </s>
_PARTS = {"qkv": ("queries", "keys", "values"), "q": ("queries",), "kv": ("keys", "values")}
"""The matrices that one matrix of the weights consists of."""


class Granite:
    """An `Encoder`.

    Args:
        weights: of the model.
        revision: of the vectors: 1 or 2.
    """

    window = WINDOW

    def __init__(self, weights: Weights, revision: int) -> None:
        self._tokenizer: Tokenizer = Tokenizer.from_buffer(weights.tokenizer)
        self._tokenizer.encode_special_tokens = True  # "</s>" in a text is text
        self._session: InferenceSession = (
            encoder.session("granite_blocks.onnx", weights.tensors, optimise=True)
            if revision == 1
            else encoder.row_session("granite_rows", dict(rows(weights.tensors)))
        )

    def tokens(self, text: str) -> list[int]:
        """See Encoder."""
        valid = text.encode("utf-8", "replace").decode()
        ids: list[int] = self._tokenizer.encode(valid, add_special_tokens=False).ids
        return ids

    def vector(self, tokens: Sequence[int]) -> Vector:
        """See Encoder."""
        (vectors,) = self._session.run(["vectors"], {"ids": np.array([[_BEGIN, *tokens, _END]], np.int64)})
        return array("f", vectors.tobytes())


def rows(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Yields the weights for `granite_rows_s8.onnx` from those for `granite_blocks.onnx`: products have 8-bit integers
    with one scale for each output.
    """
    products = [name.removesuffix(".w.scale") for name in tensors if name.endswith(".w.scale")]
    yield from ((name, tensors[name]) for name in tensors if name.removesuffix(".scale")[:-2] not in products)
    for product in products:
        layer, part = product.split(".")
        parts = _PARTS.get(part, (part,))
        matrix, bias = _floats(tensors, product), tensors[f"{product}.b"]
        for label, outputs in zip(parts, np.split(matrix, len(parts)), strict=True):
            integers, scale = encoder.row_quantised(outputs)
            yield f"{layer}.{label}.rows", integers
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
