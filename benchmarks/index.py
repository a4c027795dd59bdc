"""Measures the embedded chunk index at 10,000, 100,000 and 1,000,000 chunks: time to open, memory, latency and recall
of searches, and the rate of adds to a store of that size.

Run `python benchmarks/index.py [--folder F] [chunks …]`. Stores are kept in the folder (default: a new one that is
removed), so a second run over it measures again without filling it. Filling repeats 50,000 texts and remembers their
terms, because making terms would take most of the time; the adds that are measured do not.

Chunks are made up: 150 words each, drawn by Zipf's law from 30,000, and vectors of 384 dimensions: 2,000 centres in a
subspace of 64 dimensions, with noise in another of 96. Files hold two chunks each. One search at a time, from one
thread of a process of its own, whose memory is printed. PSS and RSS include mapped files as far as they were touched.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from array import array
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter, thread_time

import numpy as np
from numpy.typing import NDArray

from vectorlog.domain.filters import Comparison, Filter
from vectorlog.domain.vectors import Chunk, Space
from vectorlog.index.chunk_index import FileChunks, Query
from vectorlog.index.embedded import entry
from vectorlog.index.embedded.index import LocalIndex

DIMENSIONS = 384
SPACE = Space("benchmark", DIMENSIONS)
CHUNKS_PER_FILE = 2
SEARCHES, CHECKED = 200, 50
BLOCK, TEXTS = 10_000, 5
"""Chunks that are made from one seed, and the number of seeds of their texts."""
FILLING, ADDING, ADDS = 512, 16, 600
"""Files of a call that fills a store, files of a call that is measured, and number of those calls. They add 19,200
chunks, which fills a segment of a large store on the way.
"""
REMOVED = 300
FILTERS: dict[str, Filter | None] = {
    "": None,
    ", 1 % of files": Comparison("eq", "part", 3),
    ", 50 % of files": Comparison("lt", "part", 50),
}

_made = np.random.default_rng(7)
_centres = _made.standard_normal((2_000, 64), np.float32) @ _made.standard_normal((64, DIMENSIONS), np.float32) / 8
_noise = 0.5 * _made.standard_normal((96, DIMENSIONS), np.float32) / np.sqrt(96, dtype=np.float32)
_words = np.array(["".join(letters) for letters in _made.choice(list("abcdefghijklmnopqrstuvwxyz"), (30_000, 7))])
_weights = 1 / np.arange(10, 30_010)
_weights /= _weights.sum()


def texts(source: np.random.Generator, count: int, words: int) -> list[str]:
    """Texts of this many words."""
    return [" ".join(line) for line in _words[source.choice(len(_words), (count, words), p=_weights)]]


def vectors(source: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Unit vectors around the centres."""
    made = (
        _centres[source.integers(len(_centres), size=count)] + source.standard_normal((count, 96), np.float32) @ _noise
    )
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@cache
def bodies_of(seed: int) -> list[str]:
    """The texts of a block of chunks."""
    return texts(np.random.default_rng([2, seed]), BLOCK, 150)


def files(begin: int, end: int) -> Iterator[FileChunks]:
    """The chunks from `begin` to `end` in files of two; `part` says to which hundredth of the files one belongs."""
    for block in range(begin // BLOCK, -(-end // BLOCK)):
        made, bodies = vectors(np.random.default_rng([1, block]), BLOCK), bodies_of(block % TEXTS)
        for first in range(max(begin - block * BLOCK, 0), min(end - block * BLOCK, BLOCK), CHUNKS_PER_FILE):
            number = (block * BLOCK + first) // CHUNKS_PER_FILE
            chunks = tuple(
                Chunk(n, bodies[first + n], (array("f", made[first + n].tobytes()),)) for n in range(CHUNKS_PER_FILE)
            )
            yield FileChunks("store", f"file-{number}", 0, f"row-{number:09}", 0, {"part": number % 100}, chunks)


def add(index: LocalIndex, begin: int, end: int, size: int) -> tuple[list[float], list[float]]:
    """Adds chunks in calls of `size` files; returns the seconds of each call, and its seconds of CPU."""
    taken, used, call = list[float](), list[float](), list[FileChunks]()
    for file in files(begin, end):
        call.append(file)
        if len(call) == size or file.file == f"file-{end // CHUNKS_PER_FILE - 1}":
            begun, before = perf_counter(), thread_time()
            index.add(SPACE, call)
            used.append(thread_time() - before)
            taken.append(perf_counter() - begun)
            call = []
    return taken, used


def memory() -> str:
    """Resident and proportional memory of this process, in MB; of other systems than Linux nothing is said."""
    if not Path("/proc/self/smaps_rollup").exists():
        return "unknown"
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    kilobytes = {name.rstrip(":"): int(value) for name, value, _ in map(str.split, lines)}
    return f"RSS {kilobytes['Rss'] / 1_000:,.0f} MB, PSS {kilobytes['Pss'] / 1_000:,.0f} MB"


def truth(chunks: int, wanted: NDArray[np.float32], part: int | None) -> list[set[int]]:
    """The ten chunks with the highest cosines for each query, among those of a hundredth of the files if asked."""
    scores, numbers = np.empty((len(wanted), 0), np.float32), np.empty((len(wanted), 0), np.int64)
    for block in range(-(-chunks // BLOCK)):
        made = vectors(np.random.default_rng([1, block]), BLOCK).astype(np.float16).astype(np.float32)
        number = np.arange(block * BLOCK, min((block + 1) * BLOCK, chunks))
        number = number if part is None else number[number // CHUNKS_PER_FILE % 100 == part]
        scores = np.hstack([scores, wanted @ made[number - block * BLOCK].T])
        numbers = np.hstack([numbers, np.broadcast_to(number, (len(wanted), len(number)))])
        best = np.argpartition(-scores, 9, axis=1)[:, :10]
        scores, numbers = np.take_along_axis(scores, best, 1), np.take_along_axis(numbers, best, 1)
    return [set(line) for line in numbers.tolist()]


def recall(index: LocalIndex, chunks: int, wanted: NDArray[np.float32], part: int | None) -> float:
    """The share of the ten best chunks by cosine that a search by vector returns."""
    condition = None if part is None else Comparison("eq", "part", part)
    found = 0
    for vector, right in zip(wanted, truth(chunks, wanted, part), strict=True):
        [result] = index.search(SPACE, [Query("store", array("f", vector.tobytes()), None, 10, condition)])
        found += len(right & {int(hit.file[5:]) * CHUNKS_PER_FILE + hit.n for hit in result.by_vector})
    return found / (10 * len(wanted))


def measure(folder: Path, chunks: int) -> None:
    """Prints the measurements of a store of this size. It adds some files, and removes some of them again."""
    source = np.random.default_rng([3, chunks])
    asked = [
        (array("f", vector.tobytes()), text)
        for vector, text in zip(vectors(source, SEARCHES), texts(source, SEARCHES, 8), strict=True)
    ]
    empty = memory()
    begun = perf_counter()
    index = LocalIndex(folder)
    index.search(SPACE, [Query("store", *asked[0], 20)])
    print(f"  open and first search     {perf_counter() - begun:7.2f} s    memory before {empty}; after {memory()}")
    for condition, chosen in FILTERS.items():
        for kind in ("vector", "words", "hybrid"):
            taken, used = list[float](), list[float]()
            for vector, text in asked:
                query = Query(
                    "store", None if kind == "words" else vector, None if kind == "vector" else text, 20, chosen
                )
                begun, before = perf_counter(), thread_time()
                index.search(SPACE, [query])
                used.append((thread_time() - before) * 1_000)
                taken.append((perf_counter() - begun) * 1_000)
            cuts = quantiles(taken, n=100)
            print(
                f"  {kind + condition:25} {cuts[49]:7.2f} ms p50 {cuts[98]:8.2f} ms p99 {min(taken):7.2f} ms least"
                f" {median(used):7.2f} ms CPU p50 (first {taken[0]:,.1f} ms)"
            )
    print(f"  memory after searches     {memory()}")
    checked = vectors(np.random.default_rng([4, chunks]), CHECKED)
    shares = [recall(index, chunks, checked, part) for part in (None, 3)]
    print(f"  recall@10                 {shares[0]:.4f}, with a filter that keeps 1 % {shares[1]:.4f}", flush=True)
    end = chunks + ADDS * ADDING * CHUNKS_PER_FILE
    taken, used = add(index, chunks, end, ADDING)
    print(
        f"  adding to it              {(end - chunks) / sum(taken):7,.0f} chunks/s, {(end - chunks) / sum(used):7,.0f}"
        f" per second of CPU; slowest of the calls of {ADDING} files {max(taken) * 1_000:.0f} ms,"
        f" {max(used) * 1_000:.0f} ms CPU"
    )
    print(f"  memory after adding       {memory()}")
    taken = []
    for number in range(chunks // CHUNKS_PER_FILE, chunks // CHUNKS_PER_FILE + REMOVED):
        begun = perf_counter()
        index.remove(SPACE, "store", f"file-{number}")
        taken.append((perf_counter() - begun) * 1_000)
    cuts = quantiles(taken, n=100)
    print(f"  removing a file           {cuts[49]:7.2f} ms p50, slowest {max(taken):.0f} ms")
    index.close()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"  on disk                   {size / chunks / 1_000:7.1f} kB a chunk")


def fill(folder: Path, chunks: int) -> None:
    """Fills a store, and prints at which rate."""
    entry.counted = lru_cache(TEXTS * BLOCK)(entry.counted)
    index = LocalIndex(folder)
    taken, used = add(index, 0, chunks, FILLING)
    index.settle()
    index.close()
    print(
        f"  filled at                 {chunks / sum(taken):7,.0f} chunks/s, {chunks / sum(used):7,.0f} per CPU second,"
        f" slowest {max(taken):.2f} s, last {taken[-2 if len(taken) > 1 else -1]:.2f} s",
        flush=True,
    )
    (folder / "filled").touch()


def main() -> None:
    """Fills and measures stores, each in processes of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("chunks", nargs="*", type=int, default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--step", choices=["fill", "measure"])
    arguments = parser.parse_args()
    if arguments.step:
        {"fill": fill, "measure": measure}[arguments.step](arguments.folder, *arguments.chunks)
        return
    with TemporaryDirectory() as temporary:
        for chunks in arguments.chunks:
            print(f"{chunks:,} chunks", flush=True)
            folder = (arguments.folder or Path(temporary)) / str(chunks)
            for step in ("measure",) if (folder / "filled").exists() else ("fill", "measure"):
                command = [sys.executable, __file__, str(chunks), "--step", step, "--folder", str(folder)]
                subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
