"""How fast the embedding models are on this machine.

python benchmarks/embedding.py                        the local model, on 1 thread and on all
python benchmarks/embedding.py URL MODEL [--key KEY]  one behind an OpenAI-compatible endpoint
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from vectorlog.domain.vectors import Space
from vectorlog.embedding.embedder import Embedder
from vectorlog.embedding.onnx import LocalEmbedder
from vectorlog.embedding.openai import OpenAIEmbedder, dimensions_of
from vectorlog.embedding.remembered import Remembered
from vectorlog.endpoints.endpoint import Endpoint
from vectorlog.ingest.child import read
from vectorlog.ingest.context import windows

BOOK = 100_000
"""Characters of the text whose cost is measured."""
WORDS = [
    "the",
    "pump",
    "of",
    "warranty",
    "is",
    "covered",
    "by",
    "law",
    "when",
    "a",
    "customer",
    "returns",
    "his",
    "broken",
    "device",
    "to",
]
"""Words of one token each in the local model; a random sequence costs as much as prose."""


def text(tokens: int, seed: int) -> str:
    """A text of about this many tokens."""
    return " ".join(random.Random(seed).choices(WORDS, k=tokens))


def seconds(work: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def ingest_cost() -> None:
    """Prints the CPU seconds that one MB of English text costs from file to vectors, in chunks of 800/400 tokens.

    Only ratios between versions count, measured by turns: on a busy machine, CPU time is up to twice as high.
    """
    embedder = LocalEmbedder(1)
    embedder.warm()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "book.txt"
        book = "\n\n".join(each.read_text() for each in sorted(Path("docs").glob("*.md")))[:BOOK]
        file.write_text(book)
        read(file, file.name, 800, 400, True)  # loads the tokenizer
        start = time.process_time()
        document = read(file, file.name, 800, 400, True)
        between = time.process_time()
    texts = [("", text) for n in range(len(document.spans)) for text in windows(document, n)]
    Remembered().vectors(texts, embedder.documents)
    end, size = time.process_time(), len(book.encode()) / 1e6
    print(
        f"local: {(end - start) / size:.1f} CPU seconds per MB of English text: {(between - start) / size:.1f} to read "
        f"it, {(end - between) / size:.1f} to embed it; {len(document.spans)} chunks, {len(set(texts))} windows"
    )
    embedder.close()


def measure(name: str, embedder: Embedder) -> None:
    """Prints the rates of documents and the latency of queries."""
    print(f"{name}: first use {seconds(lambda: embedder.query('first')):.3f} s")
    for tokens, count in ((20, 400), (200, 160), (800, 40)):
        documents = [text(tokens, seed) for seed in range(count)]
        print(f"  {tokens:4} tokens: {count / seconds(partial(embedder.documents, documents)):6.1f} documents/s")
    for tokens in (10, 100):
        times = sorted(1000 * seconds(partial(embedder.query, text(tokens, seed))) for seed in range(100))
        print(f"  query of {tokens} tokens: p50 {statistics.median(times):.2f} ms, p95 {times[94]:.2f} ms")
    embedder.close()


def main() -> None:
    """Measures the models that the command line names."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("url", nargs="?")
    arguments.add_argument("model", nargs="?")
    arguments.add_argument("--key")
    given = arguments.parse_args()
    if given.url:
        endpoint = Endpoint(given.url, given.key)
        space = Space(f"openai:{given.model}", dimensions_of(endpoint, given.model))
        measure(space.model, OpenAIEmbedder(endpoint, space, given.model))
        return
    ingest_cost()
    for threads in sorted({1, os.cpu_count() or 1}):
        measure(f"local, {threads} thread(s)", LocalEmbedder(threads))


if __name__ == "__main__":
    main()
