"""Why a search found a chunk: how near it is by meaning, how well its words match, and what each adds to the score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vectorlog.index.chunk_index import ChunkIndex
from vectorlog.index.fusion import RankedHit, Shares


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a chunk was found, by the query that scores it highest.

    Attributes:
        cosine: of its best window, -1..1; None if the index did not compute it.
        bm25: of its words, 0 or more; None if the index did not compute it.
        shares: what meaning and words add to the score, before any reranking.
        words: of the chunk and its file's name, by which any of the queries finds it.
    """

    cosine: float | None
    bm25: float | None
    shares: Shares
    words: tuple[str, ...] = ()


UNKNOWN = Explanation(None, None, Shares(0.0, 0.0))


def explanation(ranked: RankedHit) -> Explanation:
    """Returns what a ranked hit says of itself, without words."""
    return Explanation(ranked.hit.cosine, ranked.hit.bm25, ranked.shares)


def with_words(index: ChunkIndex, queries: Sequence[str], why: Explanation, filename: str, text: str) -> Explanation:
    """Returns the explanation with the words that matched."""
    return replace(why, words=index.matched_words(queries, f"{filename}\n{text}"))
