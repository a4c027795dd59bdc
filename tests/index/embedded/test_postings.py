from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing

import numpy as np
import pytest

from vectorlog.index.analyser.terms import QueryTerms
from vectorlog.index.embedded.files import Files
from vectorlog.index.embedded.postings import Postings, Terms, key, merge, merge_due, rounded
from vectorlog.index.embedded.postings import invert as inverted
from vectorlog.index.embedded.rows import ROW
from vectorlog.index.embedded.segment import Columns, Segment
from vectorlog.index.embedded.snapshot import Snapshot
from vectorlog.index.embedded.words import Words

ASKED = QueryTerms({"x": 1.0}, {"x": 1})


def invert(documents: Sequence[Mapping[int, int]], first: int) -> Postings:
    return inverted([Terms.of(document) for document in documents], first)


def scored(documents: Sequence[Mapping[int, int]]) -> tuple[list[float], float, float]:
    """The score of each document for the query, and its marks."""
    rows = np.zeros(len(documents), ROW)
    rows["length"] = [sum(document.values()) for document in documents]
    columns = Columns(rows, np.empty((0, 1), np.float32))
    segment = Segment.in_memory(0, columns, np.ones(len(rows), bool), (invert(documents, 0),))
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table file(store, number)")
        files = Files.read(connection, lambda: connection, None, ())
    words = Words.of(Snapshot(1, (segment,), files, None), ASKED)
    return words.scores(0, segment, np.arange(len(rows))).tolist(), words.bound, words.same


def as_counters(postings: Postings, rows: int) -> list[Counter[int]]:
    """The documents that were inverted."""
    documents: list[Counter[int]] = [Counter() for _ in range(rows)]
    for term, start, end in zip(
        postings.terms.tolist(), postings.starts[:-1].tolist(), postings.starts[1:].tolist(), strict=True
    ):
        for row, count in zip(postings.rows[start:end].tolist(), postings.counts[start:end].tolist(), strict=True):
            documents[row][term] = count
    return documents


def some_documents(count: int) -> list[Counter[int]]:
    source = random.Random(count)
    return [Counter(source.choices([1, 2, 3, 2**63, 2**64 - 1], k=source.randint(0, 9))) for _ in range(count)]


class TestPostings:
    def test_nothing_is_lost(self) -> None:
        """Inverting in parts, merging, and writing and reading again keep every term of every document."""
        documents = some_documents(40)
        parts = [invert(documents[first : first + 10], first) for first in range(0, 40, 10)]
        again = Postings.from_bytes(merge(parts).to_bytes())
        assert as_counters(again, 40) == documents
        whole = invert(documents, 0)
        assert again.to_bytes() == whole.to_bytes()

    def test_rows_can_move(self) -> None:
        """Renumbering without some rows returns the postings of the remaining documents."""
        documents = some_documents(30)
        places = np.array([-1 if row % 3 == 0 else row - row // 3 - 1 for row in range(30)], np.int32)
        left = [document for row, document in enumerate(documents) if row % 3]
        assert invert(documents, 0).renumbered(places).to_bytes() == invert(left, 0).to_bytes()

    def test_no_words_at_all(self) -> None:
        """Documents without a word give postings that can be searched, and match nothing."""
        assert scored([Counter(), Counter()]) == ([0.0, 0.0], 0.0, 0.0)


class TestBound:
    def test_it_is_neared(self) -> None:
        """A document with only the query's word comes close to the bound, and none exceeds it, however often it repeats
        the word.
        """
        documents = [Counter({key("x"): 60_000}), *(Counter({key("y"): 3}) for _ in range(9))]
        scores, bound, _ = scored(documents)
        assert bound * 0.99 < scores[0] <= bound


class TestLengths:
    def test_they_are_those_of_lucene(self) -> None:
        """Lengths are exact up to 39, and then lose what Lucene's encoding in one byte loses."""
        lengths = np.array([0, 1, 23, 24, 39, 40, 41, 42, 56, 57, 60, 100, 1_000, 10_000], np.int32)
        expected = [0, 1, 23, 24, 39, 40, 40, 42, 56, 56, 60, 96, 984, 9_240]
        assert rounded(lengths).tolist() == expected


class TestMerges:
    @pytest.mark.parametrize("sizes", [[60], [3_000], [500_000], [1, 100_000, 40, 40, 9_000], [0, 700]])
    def test_runs_stay_few_and_work_stays_little(self, sizes: list[int]) -> None:
        """After thousands of adds, small, large or mixed, there are few runs, and a posting was rewritten only a
        few times.
        """
        runs: list[int] = []
        written = added = 0
        for i in range(3_000):
            runs.append(sizes[i % len(sizes)])
            added += runs[-1]
            while run := merge_due(runs):
                runs[-run:] = [sum(runs[-run:])]
                written += runs[-1]
        assert sum(runs) == added
        assert len(runs) <= 70 + added // 100_000
        assert written <= 8 * added
