"""The local embedding models, in onnxruntime, on the CPU and without network access."""

from __future__ import annotations

import os
import sys
import threading
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import TypeVar

from vectorlog.defaults import LOCAL_MODEL, MULTILINGUAL_MODEL
from vectorlog.domain.vectors import Space, Vector, model_of
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.encoder import Encoder
from vectorlog.embedding.windows import windows

OVERLAP = 32
"""Minimum number of tokens that neighbouring windows share, so that one of them has a sentence at the border whole."""
NOT_LOADED = "The local embedding model could not be loaded; it needs 0.5 GB: look at `ulimit -v` and the memory"
_NICENESS = 5
"""Of the threads that embed documents."""

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model that a `LocalEmbedder` can run.

    Attributes:
        name: what follows `local:` in the name of its space.
        dimensions: of its vectors.
        revision: of the vectors of new stores; there may be older ones.
        languages: ISO 639-1 codes of those that it knows; empty if it is most of them.
        load: loads it for a revision.
    """

    name: str
    dimensions: int
    revision: int
    languages: tuple[str, ...]
    load: Callable[[int], Encoder]


def _granite(revision: int) -> Encoder:
    from vectorlog.embedding.granite import Granite
    from vectorlog.embedding.granite_weights import read_weights

    return Granite(read_weights(), revision)


def _e5(_revision: int) -> Encoder:
    from vectorlog.embedding.e5_weights import read_weights

    weights = read_weights()
    from vectorlog.embedding.e5 import E5

    return E5(weights)


GRANITE = LocalModel(LOCAL_MODEL, 384, 2, ("en",), _granite)
"""The default. Stores of earlier versions have revision 1."""
E5 = LocalModel(MULTILINGUAL_MODEL, 384, 1, (), _e5)
"""For texts in other languages than English, or in several. Takes twice the time of `GRANITE`."""


class LocalEmbedder:
    """An `Embedder` that needs no account and sends no data over the network. Safe to use from several threads.

    Creating one costs nothing; `warm` or the first use loads the model (about 0.3 s and 150 MB). Windows run through
    the model one by one, without padding, so a vector depends on its text only. Between types of processor it differs
    from the fourth digit on.

    Args:
        threads: number of windows that all `documents` calls together compute in parallel; one per core if None.
        revision: of the vectors; the newest if None.
        model: which model.
    """

    def __init__(self, threads: int | None = None, revision: int | None = None, model: LocalModel = GRANITE) -> None:
        self._local = model
        self._revision = revision or model.revision
        self._threads = threads or os.cpu_count() or 1
        self._loading = Lock()
        self._model: _Loaded | None = None

    @property
    def space(self) -> Space:
        """`local:` and the model's name, in the embedder's revision."""
        return Space(model_of(f"local:{self._local.name}", self._revision), self._local.dimensions)

    def warm(self) -> None:
        """Loads the model unless it is loaded already.

        Raises:
            EmbeddingError: the package with the weights is missing or has the wrong version, or memory is short.
        """
        self._loaded()

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        """Returns, for each text, the vectors of its windows; a text of up to about 500 tokens has one window.

        Raises:
            EmbeddingError: as for `warm`.
        """
        model = self._loaded()
        windows_by_text = list(model.each(model.windows, texts))
        parts = [window for text_windows in windows_by_text for window in text_windows]
        vectors = model.each(model.encoder.vector, parts)
        return [tuple(islice(vectors, len(text_windows))) for text_windows in windows_by_text]

    def query(self, text: str) -> Vector:
        """Returns the vector of a query; for a query of more than about 500 tokens, the mean of its windows' vectors.

        Raises:
            EmbeddingError: as for `warm`.
        """
        model = self._loaded()
        vectors = [model.encoder.vector(window) for window in model.windows(text)]
        return vectors[0] if len(vectors) == 1 else _mean(vectors)

    def close(self) -> None:
        """Waits for running calls and frees the memory; a later call loads the model again."""
        with self._loading:
            model, self._model = self._model, None
        if model:
            model.pool.shutdown()

    def _loaded(self) -> _Loaded:
        with self._loading:
            if self._model is None:
                try:
                    self._model = _Loaded(self._local.load(self._revision), self._threads)
                except EmbeddingError:
                    raise
                except Exception as error:  # onnxruntime and tokenizers have errors of their own for want of memory
                    raise EmbeddingError(
                        f"{NOT_LOADED} ({type(error).__name__}: {error}).", fault="deployment"
                    ) from error
            return self._model


class _Loaded:
    """The loaded model, and the threads that run it."""

    def __init__(self, encoder: Encoder, threads: int) -> None:
        self.encoder = encoder
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
        """Returns the tokens of each window."""
        tokens = self.encoder.tokens(text)
        ranges = windows(len(tokens), self.encoder.window, OVERLAP)
        return [tokens[window.start : window.stop] for window in ranges]


def _step_back() -> None:
    """Gives this thread a lower priority, where threads have their own, so that requests go first."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _mean(vectors: Sequence[Vector]) -> Vector:
    import numpy as np

    mean = np.mean(vectors, axis=0, dtype=np.float32)
    return array("f", (mean / np.linalg.norm(mean)).astype(np.float32).tobytes())
