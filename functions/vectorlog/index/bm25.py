"""BM25 as both indexes compute it: its parameters, and the marks by which a score is judged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vectorlog.index.analyser.terms import QueryTerms


@dataclass(frozen=True, slots=True)
class Parameters:
    """How soon more occurrences of a term count less (k1), and how much a text's length counts (b)."""

    k1: float
    b: float


BM25 = Parameters(k1=0.9, b=0.5)
"""Measured with the analyser's terms. Lucene's b of 0.75 made a unique identifier in a long chunk weigh less than
common words in a short one. On finding's 246 questions the mean reciprocal rank is 0.906 with these, 0.901 with k1 1.2,
0.900 with b 0.4, and 0.882 before (Lucene's terms, k1 1.2, b 0.75). With words alone, SciFact's nDCG@10 differs by
0.004 at most between b 0.4 and 0.75.
"""
LUCENE = Parameters(k1=1.2, b=0.75)
"""Of indexes that earlier versions made in OpenSearch."""

UNSEEN = 0.5
"""How much a word that no text has counts in the marks, in proportion to one that a single text has. On finding's
questions about long documents in other words than theirs, the mean reciprocal rank is .85 with 0.5 and .74 with 0.
"""

NAMES = 3
"""Terms of a filename with which a text is indexed, as a rule. A text that is the query is that much longer than it."""


def idf(documents: int, frequency: int) -> float:
    """Returns the weight of a term that `frequency` of the documents have, as Lucene computes it."""
    return math.log(1 + (documents - frequency + 0.5) / (frequency + 0.5))


def marks(
    query: QueryTerms, idfs: Mapping[str, float], documents: int, mean: float, parameters: Parameters
) -> tuple[float, float]:
    """Returns an upper bound of the score of any text for a query, and what a text that is the query would score.

    A word that no text has counts in both, so a text that has only the other words of the query does not count as one
    that has all of them. Without any known word both are 0.

    Args:
        query: its terms.
        idfs: of those of its terms that occur in the index.
        documents: number of the texts in the index.
        mean: length of these texts, in terms.
        parameters: of the index.
    """
    if not idfs:
        return 0.0, 0.0
    unseen = UNSEEN * idf(documents, 0)
    weighed = [(term, weight * idfs[term]) for term, weight in query.weights.items() if term in idfs]
    for word in query.words.values():
        if idfs.keys().isdisjoint(word):
            weighed += [(term, weight * unseen) for term, weight in word.items()]
    length = sum(query.own.values()) + NAMES
    norm = parameters.k1 * (1 - parameters.b + parameters.b * length / mean)
    bound = same = 0.0
    for term, most in weighed:
        times = query.own.get(term, 0)
        bound += most
        same += most * times / (times + norm)
    return bound, same
