"""The embedded index in its simplest form, and files to compare both with."""

from __future__ import annotations

import math
import random
from array import array
from collections import Counter

import numpy as np
import pytest

from vectorlog.domain.filters import Attributes, Comparison, matches
from vectorlog.domain.vectors import Chunk, Space, Vector
from vectorlog.index.analyser.spelling import other_spellings, respelt
from vectorlog.index.analyser.terms import query_terms, terms
from vectorlog.index.bm25 import BM25, UNSEEN
from vectorlog.index.chunk_index import FileChunks, Query
from vectorlog.index.embedded.index import LocalIndex

SPACE = Space("test:model", 16)
WORDS = [f"{syllable}{i}" for i in range(12) for syllable in ("ba", "ke", "lo")]


def vector(source: random.Random) -> Vector:
    parts = [source.gauss(0, 1) for _ in range(SPACE.dimensions)]
    length = math.hypot(*parts)
    return array("f", [part / length for part in parts])


def text(source: random.Random) -> str:
    """Words by rank: the first are in most texts, the last in few."""
    return " ".join(WORDS[min(int(source.expovariate(0.15)), len(WORDS) - 1)] for _ in range(source.randint(1, 30)))


def some_file(source: random.Random, name: str, store: str = "s", chunks: int = 3) -> FileChunks:
    """A file whose chunks share windows with the one before, or do not."""
    made: list[Chunk] = []
    for n in range(chunks):
        before = made[-1].vectors if made else ()
        shared = before[len(before) - source.randint(0, len(before)) :]
        own = tuple(vector(source) for _ in range(source.randint(0 if shared else 1, 3)))
        made.append(Chunk(n, text(source), shared + own))
    return FileChunks(store, name, 0, f"row of {name}", 0, {"k": source.randint(0, 3)}, tuple(made))


class Naive:
    """The same index in its simplest form: a dict of chunks, with cosines and BM25 in loops as defined."""

    def __init__(self) -> None:
        self.chunks: dict[tuple[str, int], Chunk] = {}
        self.attributes: dict[str, Attributes] = {}

    def add(self, file: FileChunks) -> None:
        self.attributes[file.file] = file.attributes
        self.chunks.update({(file.file, chunk.n): chunk for chunk in file.chunks})

    def remove(self, name: str) -> None:
        self.chunks = {key: chunk for key, chunk in self.chunks.items() if key[0] != name}

    def cosines(self, query: Vector) -> dict[tuple[str, int], float]:
        wanted = np.array(query, np.float64)
        return {
            key: max(float(np.array(window, np.float16).astype(np.float64) @ wanted) for window in chunk.vectors)
            for key, chunk in self.chunks.items()
        }

    def bm25(self, query: str) -> tuple[dict[tuple[str, int], float], float]:
        documents = {key: terms(chunk.text) for key, chunk in self.chunks.items()}
        mean = sum(document.total() for document in documents.values()) / max(len(documents), 1)
        scores, bound = dict.fromkeys(documents, 0.0), 0.0
        frequencies = Counter(term for document in documents.values() for term in document)
        asked = query_terms(query)
        asked = respelt(asked, other_spellings(asked, frequencies), frequencies)
        if not frequencies.keys() & asked.weights.keys():
            return scores, 0.0
        for word in asked.words.values():
            if not frequencies.keys() & word.keys():
                bound += sum(word.values()) * UNSEEN * math.log(1 + (len(documents) + 0.5) / 0.5)
        for term, weight in asked.weights.items():
            holding = [key for key, document in documents.items() if document[term]]
            if holding:
                idf = math.log(1 + (len(documents) - len(holding) + 0.5) / (len(holding) + 0.5))
                bound += weight * idf
                for key in holding:
                    count, length = documents[key][term], lucene_length(documents[key].total())
                    scores[key] += weight * idf * count / (count + BM25.k1 * (1 - BM25.b + BM25.b * length / mean))
        return scores, bound


def lucene_length(length: int) -> int:
    """A length as Lucene's `SmallFloat.byte4ToInt(intToByte4(length))` returns it."""
    shift = max((length - 24).bit_length() - 4, 0) if length > 24 else 0
    return 24 + ((length - 24) >> shift << shift) if length > 24 else length


def compare(index: LocalIndex, naive: Naive, source: random.Random) -> None:
    """Asks both for the same, with and without a filter."""
    for condition in (None, Comparison("gte", "k", 2), Comparison("eq", "k", 9)):
        query = Query("s", vector(source), text(source), 7, condition)
        assert query.vector is not None
        assert query.text is not None
        (found,) = index.search(SPACE, [query])
        cosines, (scores, bound) = naive.cosines(query.vector), naive.bm25(query.text)
        allowed = [key for key in naive.chunks if condition is None or matches(condition, naive.attributes[key[0]])]
        by_vector = sorted(allowed, key=lambda key: (-cosines[key], key))[:7]
        by_text = sorted((key for key in allowed if scores[key]), key=lambda key: (-round(scores[key], 9), key))[:7]
        assert [(hit.file, hit.n) for hit in found.by_vector] == by_vector
        assert [(hit.file, hit.n) for hit in found.by_text] == by_text
        assert found.bm25_bound == pytest.approx(bound)
        for hit in (*found.by_vector, *found.by_text):
            assert hit.cosine == pytest.approx(cosines[hit.file, hit.n], abs=1e-6)
            assert hit.bm25 == pytest.approx(scores[hit.file, hit.n])
            assert hit.text == naive.chunks[hit.file, hit.n].text
            assert 0 <= (hit.bm25 or 0.0) <= found.bm25_bound
