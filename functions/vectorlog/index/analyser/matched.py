"""Says by which words queries find a text."""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.index.analyser.terms import query_terms, terms_by_word

MOST_WORDS = 50
"""So many words of one text are told at most."""


def matched_words(queries: Sequence[str], text: str) -> tuple[str, ...]:
    """Implements `ChunkIndex.matched_words`. A word that a text has in capitals and without counts once."""
    wanted: dict[str, float] = {}
    for query in queries:
        for term, weight in query_terms(query).weights.items():
            wanted[term] = max(weight, wanted.get(term, 0.0))
    found: dict[str, tuple[float, str]] = {}
    for word, terms in terms_by_word(text).items():
        weight = max((wanted.get(term, 0.0) for term in terms), default=0.0)
        if weight:
            found.setdefault(word.casefold(), (-weight, word))
    return tuple(word for _, word in sorted(found.values())[:MOST_WORDS])
