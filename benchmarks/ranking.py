"""Measures the default ranking: nDCG@10 of the embedded index with the local model, by the weight of words.

Run `python benchmarks/ranking.py FOLDER`. The folder holds a collection in BEIR's form: `corpus.jsonl.gz` (`_id`,
`title`, `text`), `queries.jsonl` (`_id`, `text`) and `qrels.tsv` (query, document, grade). The numbers in
index/fusion.py are from SciFact's development queries. Embedding its 5,183 abstracts takes about six minutes on one
core.
"""

from __future__ import annotations

import gzip
import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from vectorlog.domain.vectors import Chunk
from vectorlog.embedding.embedder import Embedder
from vectorlog.embedding.onnx import LocalEmbedder
from vectorlog.index.chunk_index import ChunkIndex, FileChunks, Query, SearchResult
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.index.fusion import Weights, fuse

TEXT_WEIGHTS = (0.0, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
DEPTH = 100


def grades(path: Path) -> dict[str, dict[str, int]]:
    """Grades of documents, by query."""
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for line in path.read_text().splitlines():
        query, document, grade = line.split("\t")
        if grade.isdigit():  # the first line may name the columns
            found[query][document] = int(grade)
    return dict(found)


def gain(values: Sequence[int]) -> float:
    """Discounted cumulative gain of the first ten grades."""
    return sum(value / math.log2(place + 2) for place, value in enumerate(values[:10]))


def ndcg(ranking: Sequence[str], judged: Mapping[str, int]) -> float:
    """The nDCG of one ranking, 0 to 1."""
    return gain([judged.get(document, 0) for document in ranking]) / gain(sorted(judged.values(), reverse=True))


def fill(index: ChunkIndex, embedder: Embedder, corpus: Path) -> None:
    """Indexes each document as one chunk."""
    with gzip.open(corpus, "rt", encoding="utf-8") as lines:
        documents = [json.loads(line) for line in lines]
    for first in range(0, len(documents), 64):
        part = documents[first : first + 64]
        texts = [f"{document['title']}\n{document['text']}" for document in part]
        chunks = (Chunk(0, text, vectors) for text, vectors in zip(texts, embedder.documents(texts), strict=True))
        index.add(
            embedder.space,
            [FileChunks("s", each["_id"], 0, "", 0, {}, (chunk,)) for each, chunk in zip(part, chunks, strict=True)],
        )


def answers(
    index: ChunkIndex, embedder: Embedder, queries: Path, judged: Mapping[str, object]
) -> Iterator[tuple[str, SearchResult]]:
    """The hits of each judged query."""
    for query in map(json.loads, queries.read_text().splitlines()):
        if query["_id"] in judged:
            wanted = Query("s", embedder.query(query["text"]), query["text"], DEPTH)
            yield query["_id"], index.search(embedder.space, [wanted])[0]


def measure(folder: Path, embedder: Embedder) -> None:
    """Prints one line for each weight."""
    judged = grades(folder / "qrels.tsv")
    with TemporaryDirectory() as place:
        index = LocalIndex(Path(place))
        fill(index, embedder, folder / "corpus.jsonl.gz")
        found = list(answers(index, embedder, folder / "queries.jsonl", judged))
        index.close()
    for weight in TEXT_WEIGHTS:
        weights = Weights(1 - weight, weight)
        each = [
            ndcg([ranked.hit.file for ranked in fuse([answer], weights, 10)], judged[query]) for query, answer in found
        ]
        print(f"text weight {weight:4.2f}: nDCG@10 {sum(each) / len(each):.4f} over {len(each)} queries")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        measure(Path(sys.argv[1]), LocalEmbedder())
    else:
        print("ranking: name the folder of a judged collection")
