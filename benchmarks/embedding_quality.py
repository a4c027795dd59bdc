"""How well the local embedding model finds, alone and together with BM25: nDCG@10 on SciFact's development queries.

    python benchmarks/embedding_quality.py FOLDER [--vectors FILE.npz]

The folder holds `corpus.jsonl[.gz]`, `queries.jsonl` and `qrels.tsv` in BEIR's form. Each document is one chunk in a
`LocalIndex`. With `--vectors` the embeddings are kept in a file and read from it next time (the first run takes
minutes).
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import tempfile
import time
from array import array
from collections import defaultdict
from pathlib import Path

import numpy as np

from vectorlog.domain.vectors import Chunk, Vector
from vectorlog.embedding.onnx import LocalEmbedder
from vectorlog.index.chunk_index import FileChunks, Query, SearchResult
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.index.fusion import Weights, fuse

WEIGHTS = ((1, 0), (0.8, 0.2), (0.7, 0.3), (0.6, 0.4), (0.5, 0.5), (0.4, 0.6), (0.3, 0.7), (0.2, 0.8), (0, 1))
CANDIDATES = 100

Windows = list[tuple[Vector, ...]]


def main() -> None:
    """Prints one line for each pair of weights."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--vectors", type=Path)
    given = arguments.parse_args()
    grades = judgements(given.folder / "qrels.tsv")
    documents = {
        line["_id"]: f"{line['title']}\n{line['text']}" for line in lines(next(given.folder.glob("corpus.jsonl*")))
    }
    queries = {line["_id"]: line["text"] for line in lines(given.folder / "queries.jsonl") if line["_id"] in grades}
    model = LocalEmbedder()
    vectors, questions = embedded(model, list(documents.values()), list(queries.values()), given.vectors)
    with tempfile.TemporaryDirectory() as folder:
        index = LocalIndex(Path(folder))
        files = [
            FileChunks("s", id_, 1, id_, 0, {}, (Chunk(0, documents[id_], each),))
            for id_, each in zip(documents, vectors, strict=True)
        ]
        index.add(model.space, files)
        asked = [Query("s", vector, text, CANDIDATES) for vector, text in zip(questions, queries.values(), strict=True)]
        found = dict(zip(queries, index.search(model.space, asked), strict=True))
        index.close()
    print(
        f"{len(documents)} documents, {sum(map(len, vectors))} windows, {len(queries)} queries; nDCG@10 by "
        f"weights (embedding, text)"
    )
    for weights in WEIGHTS:
        print(
            weights, f"{np.mean([ndcg(each, Weights(*weights), grades[query]) for query, each in found.items()]):.4f}"
        )


def judgements(path: Path) -> dict[str, dict[str, int]]:
    """Grades by query and document."""
    grades: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for line in path.read_text().splitlines()[1:]:
        query, document, grade = line.split("\t")
        grades[query][document] = int(grade)
    return grades


def lines(path: Path) -> list[dict[str, str]]:
    """Records of a JSONL file, compressed or not."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in content.splitlines()]


def embedded(
    model: LocalEmbedder, documents: list[str], queries: list[str], kept: Path | None
) -> tuple[Windows, list[Vector]]:
    """Vectors of documents, by window, and of queries; read from the file if it exists."""
    if not (kept and kept.exists()):
        start = time.perf_counter()
        vectors = model.documents(documents)
        print(f"{len(documents) / (time.perf_counter() - start):.1f} documents/s")
        questions = [model.query(query) for query in queries]
        if not kept:
            return vectors, questions
        np.savez(
            kept,
            windows=[vector for each in vectors for vector in each],
            counts=[len(each) for each in vectors],
            queries=questions,
        )
    data = np.load(kept)
    windows = iter(data["windows"])
    return [tuple(array("f", next(windows)) for _ in range(count)) for count in data["counts"]], [
        array("f", each) for each in data["queries"]
    ]


def ndcg(found: SearchResult, weights: Weights, grades: dict[str, int]) -> float:
    """The nDCG of the first ten hits, with a gain linear in the grade, as in BEIR."""
    gains = [grades.get(ranked.hit.file, 0) for ranked in fuse([found], weights, 10)]
    ideal = sorted(grades.values(), reverse=True)[:10]
    return _discounted(gains) / _discounted(ideal)


def _discounted(gains: list[int]) -> float:
    return sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains))


if __name__ == "__main__":
    main()
