"""Measures the embedded chunk index: rate of adds, time to open, and latency of searches, at 1,000, 10,000 and 100,000
chunks.

Run `python benchmarks/index.py [chunks …]`. Chunks are made up: 150 words each, drawn by Zipf's law from 30,000, and
vectors of 384 dimensions around 2,000 centres. Files hold two chunks each. One search at a time, from one thread.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from vectorlog.domain.filters import Comparison
from vectorlog.domain.vectors import Chunk, Space, Vector
from vectorlog.index.chunk_index import FileChunks, Query
from vectorlog.index.embedded.index import LocalIndex

DIMENSIONS = 384
SPACE = Space("benchmark", DIMENSIONS)
CHUNKS_PER_FILE = 2
SEARCHES = 200
_random = np.random.default_rng(7)
_centres = _random.standard_normal((2_000, DIMENSIONS), np.float32)
_words = np.array(["".join(letters) for letters in _random.choice(list("abcdefghijklmnopqrstuvwxyz"), (30_000, 7))])
_weights = 1 / np.arange(10, 30_010)
_weights /= _weights.sum()


def texts(count: int, words: int) -> list[str]:
    """Texts of this many words."""
    return [" ".join(line) for line in _words[_random.choice(len(_words), (count, words), p=_weights)]]


def vectors(count: int) -> list[Vector]:
    """Random unit vectors."""
    made = _centres[_random.integers(len(_centres), size=count)] + 0.7 * _random.standard_normal(
        (count, DIMENSIONS), np.float32
    )
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return [array("f", vector.tobytes()) for vector in made]


def files(count: int, first: int = 0) -> list[FileChunks]:
    """Files of two chunks; `part` is the attribute that says to which hundredth of the files one belongs."""
    bodies, windows = iter(texts(count * CHUNKS_PER_FILE, 150)), iter(vectors(count * CHUNKS_PER_FILE))
    return [
        FileChunks(
            "store",
            f"file-{i}",
            0,
            f"row-{i}",
            0,
            {"part": i % 100},
            tuple(Chunk(n, next(bodies), (next(windows),)) for n in (0, 1)),
        )
        for i in range(first, first + count)
    ]


def fill(index: LocalIndex, chunks: int) -> Iterator[tuple[int, float]]:
    """Adds chunks in calls of 16 files; yields the number of chunks and the seconds of each call."""
    for first in range(0, chunks // CHUNKS_PER_FILE, 16):
        batch = files(min(16, chunks // CHUNKS_PER_FILE - first), first)
        begun = perf_counter()
        index.add(SPACE, batch)
        yield len(batch) * CHUNKS_PER_FILE, perf_counter() - begun


def latency(search: Callable[[Vector, str], object]) -> str:
    """The median and the 95th percentile of searches, each with a new query."""
    taken = []
    for vector, text in zip(vectors(SEARCHES), texts(SEARCHES, 8), strict=True):
        begun = perf_counter()
        search(vector, text)
        taken.append((perf_counter() - begun) * 1_000)
    cuts = quantiles(taken, n=100)
    return f"{cuts[49]:7.2f} / {cuts[94]:6.2f}"


def measure(chunks: int) -> None:
    """Prints the measurements for this size."""
    one, half = Comparison("eq", "part", 3), Comparison("lt", "part", 50)
    kinds: dict[str, Callable[[Vector, str], Query]] = {
        "vector": lambda vector, _: Query("store", vector, None, 20),
        "text": lambda _, text: Query("store", None, text, 20),
        "hybrid": lambda vector, text: Query("store", vector, text, 20),
        "hybrid, 1 % of files": lambda vector, text: Query("store", vector, text, 20, one),
        "hybrid, 50 % of files": lambda vector, text: Query("store", vector, text, 20, half),
    }
    with TemporaryDirectory() as folder:
        index = LocalIndex(Path(folder))
        calls = list(fill(index, chunks))
        rate = sum(count for count, _ in calls) / sum(seconds for _, seconds in calls)
        worst = max(seconds for _, seconds in calls)
        print(f"{chunks:,} chunks: added {rate:,.0f}/s in calls of 16 files, slowest call {worst * 1_000:.0f} ms")
        index.close()
        begun = perf_counter()
        index = LocalIndex(Path(folder))
        index.count(SPACE, "store")
        print(f"  open                  {(perf_counter() - begun) * 1_000:7.1f} ms")
        for name, query in kinds.items():

            def search(vector: Vector, text: str, query: Callable[[Vector, str], Query] = query) -> object:
                return index.search(SPACE, [query(vector, text)])

            print(f"  {name:22}{latency(search)} ms (p50 / p95)")
        index.close()
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        print(f"  on disk               {size / chunks / 1_000:7.1f} kB a chunk")


if __name__ == "__main__":
    for size in [int(argument) for argument in sys.argv[1:]] or [1_000, 10_000, 100_000]:
        measure(size)
