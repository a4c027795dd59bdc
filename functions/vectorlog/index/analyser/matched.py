"""Says by which words queries find a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vectorlog.index.analyser.folding import unmarked
from vectorlog.index.analyser.spelling import other_spellings
from vectorlog.index.analyser.terms import QueryTerms, query_terms
from vectorlog.index.analyser.tokens import is_unspaced

MOST_WORDS = 50
"""So many words of one text are told at most."""


def matched_words(queries: Sequence[str], text: str) -> tuple[str, ...]:
    """Implements `ChunkIndex.matched_words`. A word that a text has in several capitals counts once.

    If no word matches as it is written, the text's words are told that may have been meant by misspelt ones. The index
    decides that by all of its texts, so this is a guess where only meaning found the text.
    """
    asked = [query_terms(query) for query in queries]
    words = _words(text)
    wanted: dict[str, float] = {}
    for query in asked:
        for term, weight in query.weights.items():
            wanted[term] = max(weight, wanted.get(term, 0.0))
    found: dict[str, tuple[float, str]] = {}
    for word, terms in words.items():
        weight = max((wanted.get(term, 0.0) for term in terms), default=0.0)
        if weight:
            found.setdefault(word.casefold(), (-weight, word))
    told = [word for _, word in sorted(found.values())[:MOST_WORDS]]
    return tuple(told or _meant(asked, words))


def _words(text: str) -> Mapping[str, Sequence[str]]:
    """Returns the terms of each word of a text. Of a run in a script without spaces, each pair of signs is a word."""
    found: dict[str, Sequence[str]] = {}
    for word, terms in query_terms(text).words.items():
        found.update({term: (term,) for term in terms} if is_unspaced(word) else {word: tuple(terms)})
    return found


def _meant(queries: Sequence[QueryTerms], words: Mapping[str, Sequence[str]]) -> Sequence[str]:
    known = {term for terms in words.values() for term in terms}
    others = {other for query in queries for each in other_spellings(query, known).values() for other in each}
    return sorted(word for word in words if unmarked(word.casefold()) in others)[:MOST_WORDS]
