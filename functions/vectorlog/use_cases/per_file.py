"""Limits how many results may come from one file, and finds others in their place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain

from vectorlog.index.chunk_index import Hit, SearchResult
from vectorlog.index.fusion import RankedHit

Ask = Callable[[Sequence[str]], Sequence[SearchResult]]
"""Returns the answers to the queries without the chunks of some files."""


def spread(
    found: Sequence[SearchResult],
    rank: Callable[[Sequence[SearchResult]], list[RankedHit]],
    ask: Ask,
    *,
    limit: int,
    most: int,
) -> list[RankedHit]:
    """Returns the best `limit` hits of which at most `most` are of one file.

    While they are fewer, the index is asked again without the files that have enough hits, until no file is left that
    could add one. Each time at least one result is added, so the index is asked `limit` times at most.

    Args:
        found: the answers to the queries; all of their hits serve.
        rank: fuses answers, by descending score.
        ask: asks again.
        limit: number of hits wanted.
        most: number of hits of one file.
    """
    left_out: dict[str, None] = {}
    while True:
        ranked = rank(found)
        kept, full = _kept(ranked, most)
        more = [file for file in full if file not in left_out]
        if len(kept) >= limit or not more:
            return kept[:limit]
        left_out.update(dict.fromkeys(more))
        found = [_merged(old, new) for old, new in zip(found, ask(list(left_out)), strict=True)]


def _kept(ranked: Sequence[RankedHit], most: int) -> tuple[list[RankedHit], list[str]]:
    """Returns the hits without those above a file's limit, and the files that have reached it."""
    counts: Counter[str] = Counter()
    kept: list[RankedHit] = []
    for each in ranked:
        counts[each.hit.file] += 1
        if counts[each.hit.file] <= most:
            kept.append(each)
    return kept, [file for file, count in counts.items() if count >= most]


def _merged(old: SearchResult, new: SearchResult) -> SearchResult:
    """Returns all hits of two answers to a query, each once."""
    return SearchResult(
        _once(old.by_vector, new.by_vector, lambda hit: hit.cosine),
        _once(old.by_text, new.by_text, lambda hit: hit.bm25),
        max(old.bm25_bound, new.bm25_bound),
        max(old.bm25_same, new.bm25_same),
    )


def _once(old: Sequence[Hit], new: Sequence[Hit], score: Callable[[Hit], float | None]) -> tuple[Hit, ...]:
    hits = {(hit.file, hit.generation, hit.n): hit for hit in chain(new, old)}
    return tuple(sorted(hits.values(), key=lambda hit: (-(score(hit) or 0.0), hit.file, hit.generation, hit.n)))
