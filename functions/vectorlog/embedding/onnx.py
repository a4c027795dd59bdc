"""The local embedding model: granite-embedding-30m-english in onnxruntime, on the CPU and without network access."""

from __future__ import annotations

import os
import sys
import threading
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from vectorlog.defaults import LOCAL_MODEL
from vectorlog.domain.vectors import Space, Vector, model_of
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.granite_weights import Weights, read_weights
from vectorlog.embedding.windows import windows

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]
    from tokenizers import Tokenizer

NAME = LOCAL_MODEL
DIMENSIONS = 384
REVISION = 2
"""The revision of the vectors of new stores; stores of earlier versions have 1."""
WINDOW = 510
"""Tokens of a text in one window: the model's 512 positions minus `<s>` and `</s>`."""
OVERLAP = 32
"""Minimum number of tokens that neighbouring windows share, so that one of them has a sentence at the border whole."""
NOT_LOADED = "The local embedding model could not be loaded; it needs 0.5 GB: look at `ulimit -v` and the memory"
_BEGIN, _END = 0, 2  # ids of <s> and </s>
_NICENESS = 5
"""Of the threads that embed documents."""

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


class LocalEmbedder:
    """An `Embedder` that needs no account and sends no data over the network. Safe to use from several threads.

    Creating one costs nothing; `warm` or the first use loads the model (about 0.3 s and 150 MB). Windows run through
    the model one by one, without padding, so a vector depends on its text only. Between types of processor it differs
    from the fourth digit on.

    Args:
        threads: number of windows that all `documents` calls together compute in parallel; one per core if None.
        revision: of the vectors.
    """

    def __init__(self, threads: int | None = None, revision: int = REVISION) -> None:
        self._revision = revision
        self._threads = threads or os.cpu_count() or 1
        self._loading = Lock()
        self._model: _Model | None = None

    @property
    def space(self) -> Space:
        """`local:granite-embedding-30m-english` in the embedder's revision, 384 dimensions."""
        return Space(model_of(f"local:{NAME}", self._revision), DIMENSIONS)

    def warm(self) -> None:
        """Loads the model unless it is loaded already.

        Raises:
            EmbeddingError: the package with the weights is missing or has the wrong version, or memory is short.
        """
        self._loaded()

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        """Returns, for each text, the vectors of its windows; a text of up to 510 tokens has one window.

        Raises:
            EmbeddingError: as for `warm`.
        """
        model = self._loaded()
        windows_by_text = list(model.each(model.windows, texts))
        vectors = model.each(model.vector, [window for text_windows in windows_by_text for window in text_windows])
        return [tuple(islice(vectors, len(text_windows))) for text_windows in windows_by_text]

    def query(self, text: str) -> Vector:
        """Returns the vector of a query; for a query of more than 510 tokens, the mean of its windows' vectors.

        Raises:
            EmbeddingError: as for `warm`.
        """
        model = self._loaded()
        vectors = [model.vector(window) for window in model.windows(text)]
        return vectors[0] if len(vectors) == 1 else _mean(vectors)

    def close(self) -> None:
        """Waits for running calls and frees the memory; a later call loads the model again."""
        with self._loading:
            model, self._model = self._model, None
        if model:
            model.pool.shutdown()

    def _loaded(self) -> _Model:
        with self._loading:
            if self._model is None:
                try:
                    self._model = _Model(read_weights(), self._threads, self._revision)
                except EmbeddingError:
                    raise
                except Exception as error:  # onnxruntime and tokenizers have errors of their own for want of memory
                    raise EmbeddingError(
                        f"{NOT_LOADED} ({type(error).__name__}: {error}).", fault="deployment"
                    ) from error
            return self._model


class _Model:
    """The loaded tokenizer and session, and the threads that run them."""

    def __init__(self, weights: Weights, threads: int, revision: int) -> None:
        from tokenizers import Tokenizer

        from vectorlog.embedding.granite import session

        self._tokenizer: Tokenizer = Tokenizer.from_buffer(weights.tokenizer)
        self._tokenizer.encode_special_tokens = True  # "</s>" in a text is text
        self._session: InferenceSession = session(weights.tensors, revision)
        self._ahead = 2 * threads
        self.pool = ThreadPoolExecutor(threads, "embedding", initializer=_step_back)

    def each(self, work: Callable[[_Given], _Made], items: Sequence[_Given]) -> Iterator[_Made]:
        """Yields the result of `work` for each item, in order, computed in the pool.

        Only a few items wait in the pool at a time, so callers take turns, and a short text does not wait for a book.
        """
        begun: deque[Future[_Made]] = deque()
        try:
            for item in items:
                if len(begun) == self._ahead:
                    yield begun.popleft().result()
                begun.append(self.pool.submit(work, item))
            while begun:
                yield begun.popleft().result()
        finally:
            for each in begun:
                each.cancel()

    def windows(self, text: str) -> list[list[int]]:
        """Returns the token ids of each window, between `<s>` and `</s>`. A lone surrogate is replaced by "?"."""
        valid = text.encode("utf-8", "replace").decode()
        ids = self._tokenizer.encode(valid, add_special_tokens=False).ids
        return [[_BEGIN, *ids[window.start : window.stop], _END] for window in windows(len(ids), WINDOW, OVERLAP)]

    def vector(self, ids: list[int]) -> Vector:
        import numpy as np

        (vectors,) = self._session.run(["vectors"], {"ids": np.array([ids], np.int64)})
        return array("f", vectors.tobytes())


def _step_back() -> None:
    """Gives this thread a lower priority, where threads have their own, so that requests go first."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _mean(vectors: Sequence[Vector]) -> Vector:
    import numpy as np

    mean = np.mean(vectors, axis=0, dtype=np.float32)
    return array("f", (mean / np.linalg.norm(mean)).astype(np.float32).tobytes())
