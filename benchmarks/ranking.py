"""Measures the default ranking: nDCG@10 of the embedded index with the local model, by the weight of words.

Run `python benchmarks/ranking.py FOLDER`. The folder holds a collection in BEIR's form: `corpus.jsonl.gz` (`_id`,
`title`, `text`), `queries.jsonl` (`_id`, `text`) and `qrels.tsv` (query, document, grade). The numbers in
index/fusion.py are from SciFact's development queries. Embedding its 5,183 abstracts takes about six minutes on one
core.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from vectorlog.domain.vectors import Chunk
from vectorlog.embedding.embedder import Embedder
from vectorlog.embedding.onnx import LocalEmbedder
from vectorlog.evaluation.measures import Result, measure
from vectorlog.evaluation.questions import collection
from vectorlog.index.chunk_index import ChunkIndex, FileChunks, Query
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.index.fusion import Weights, fuse

TEXT_WEIGHTS = (0.0, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
DEPTH = 100


def fill(index: ChunkIndex, embedder: Embedder, documents: Mapping[str, bytes]) -> None:
    """Indexes each document as one chunk, under its filename."""
    names = list(documents)
    for first in range(0, len(names), 64):
        part = names[first : first + 64]
        texts = [documents[name].decode() for name in part]
        chunks = (Chunk(0, text, vectors) for text, vectors in zip(texts, embedder.documents(texts), strict=True))
        index.add(
            embedder.space,
            [FileChunks("s", name, 0, "", 0, {}, (chunk,)) for name, chunk in zip(part, chunks, strict=True)],
        )


def print_table(folder: Path, embedder: Embedder) -> None:
    """Prints one line for each weight."""
    read = collection(folder)
    with TemporaryDirectory() as place:
        index = LocalIndex(Path(place))
        fill(index, embedder, read.documents)
        wanted = (Query("s", embedder.query(each.text), each.text, DEPTH) for each in read.questions)
        found = [index.search(embedder.space, [query])[0] for query in wanted]
        index.close()
    for weight in TEXT_WEIGHTS:
        weights = Weights(1 - weight, weight)
        each = [
            measure(question, [Result("", ranked.hit.file, "") for ranked in fuse([answer], weights, 10)])["nDCG@10"]
            for question, answer in zip(read.questions, found, strict=True)
        ]
        print(f"text weight {weight:4.2f}: nDCG@10 {sum(each) / len(each):.4f} over {len(each)} queries")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print_table(Path(sys.argv[1]), LocalEmbedder())
    else:
        print("ranking: name the folder of a judged collection")
