"""The local embedding model: granite-embedding-30m-english in onnxruntime, on the CPU, without a network."""

from __future__ import annotations

import os
from array import array
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from vectorlog.defaults import LOCAL_MODEL
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.granite_weights import Weights, read_weights
from vectorlog.embedding.windows import windows

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]
    from tokenizers import Tokenizer

NAME = LOCAL_MODEL
DIMENSIONS = 384
WINDOW = 510
"""Tokens of a text that the model sees at once: its 512 positions less `<s>` and `</s>`."""
OVERLAP = 32
"""Tokens that neighbouring windows share at least, so that a sentence on the border is whole in one."""

_GRAPH = Path(__file__).with_name("granite.onnx")
_BEGIN, _END = 0, 2  # ids of <s> and </s>


class LocalEmbedder:
    """An `Embedder` that needs no account and sends nothing anywhere. Safe to use from several threads.

    Making one is free; the first use, or `warm`, loads the model (about 0.3 s and 150 MB). Each window runs alone
    through the model, unpadded, so a vector depends on its text only. It differs in the fourth digit between kinds of
    processors.

    Args:
        threads: windows of one or several `documents` calls that are computed at once; all cores where it is None.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads or os.cpu_count() or 1
        self._loading = Lock()
        self._model: _Model | None = None

    @property
    def space(self) -> Space:
        """`local:granite-embedding-30m-english`, 384 dimensions."""
        return Space(f"local:{NAME}", DIMENSIONS)

    def warm(self) -> None:
        """Loads the model now, where it is not loaded yet.

        Raises:
            EmbeddingError: the package with the weights is missing or another one.
        """
        self._loaded()

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        """For each text the vectors of its windows; a text of up to 510 tokens has one.

        Raises:
            EmbeddingError: as `warm`.
        """
        model = self._loaded()
        each = [model.windows(text) for text in texts]
        vectors = model.pool.map(model.vector, [window for of_text in each for window in of_text])
        return [tuple(islice(vectors, len(of_text))) for of_text in each]

    def query(self, text: str) -> Vector:
        """The vector of a question, or the mean of its windows' where it is longer than 510 tokens.

        Raises:
            EmbeddingError: as `warm`.
        """
        model = self._loaded()
        vectors = [model.vector(window) for window in model.windows(text)]
        return vectors[0] if len(vectors) == 1 else _mean(vectors)

    def close(self) -> None:
        """Gives the memory back once running calls have ended; a later call loads the model again."""
        with self._loading:
            model, self._model = self._model, None
        if model:
            model.pool.shutdown()

    def _loaded(self) -> _Model:
        with self._loading:
            if self._model is None:
                self._model = _Model(read_weights(), self._threads)
            return self._model


class _Model:
    """A loaded tokenizer and session, and the threads that run it."""

    def __init__(self, weights: Weights, threads: int) -> None:
        from tokenizers import Tokenizer

        self._tokenizer: Tokenizer = Tokenizer.from_buffer(weights.tokenizer)
        self._tokenizer.encode_special_tokens = True  # "</s>" in a text is text
        self._session = _session(weights)
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="embedding")

    def windows(self, text: str) -> list[list[int]]:
        """Token ids of each window, framed as the model wants them. A lone surrogate counts as "?"."""
        readable = text.encode("utf-8", "replace").decode()
        ids = self._tokenizer.encode(readable, add_special_tokens=False).ids
        return [[_BEGIN, *ids[window.start : window.stop], _END] for window in windows(len(ids), WINDOW, OVERLAP)]

    def vector(self, ids: list[int]) -> Vector:
        import numpy as np

        (vectors,) = self._session.run(["vectors"], {"ids": np.array([ids], np.int64)})
        return array("f", vectors.tobytes())


def _session(weights: Weights) -> InferenceSession:
    """The graph bound to its weights, which onnxruntime copies: the caller's can go.

    One thread for each run: on two cores a pool of two runs gave 47 windows of 200 tokens a second, a run split in two
    gave 39.
    """
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    tensors = {
        name: onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(tensor))
        for name, tensor in weights.tensors.items()
    }
    options.add_external_initializers(list(tensors), list(tensors.values()))
    return onnxruntime.InferenceSession(_GRAPH.read_bytes(), options, providers=["CPUExecutionProvider"])


def _mean(vectors: Sequence[Vector]) -> Vector:
    import numpy as np

    mean = np.mean(vectors, axis=0, dtype=np.float32)
    return array("f", (mean / np.linalg.norm(mean)).astype(np.float32).tobytes())
