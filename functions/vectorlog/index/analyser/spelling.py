"""Words of a query that no text has, and the words that may have been meant: those that are one slip of a finger away.

The first letter is taken to be right: it rarely is wrong, and without this rule "bills" would be read as "fills".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from string import ascii_lowercase

from vectorlog.index.analyser.folding import unmarked
from vectorlog.index.analyser.terms import QueryTerms, of_word, summed
from vectorlog.index.analyser.tokens import is_unspaced

SHORTEST = 5
"""Letters of a word that may be misspelt. A shorter one is close to too many others."""
LONGEST = 24
"""Letters of the longest word that may be misspelt: it has about 1,200 other spellings."""
MOST_WORDS = 5
"""So many words of a query are looked up in other spellings, the first ones. Each has about 500."""
MEANT = 0.8
"""How much the word that was meant counts, in proportion to one that was written. On finding's questions with typing
errors the mean reciprocal rank is .96 with this, and .34 without other spellings; on SciFact's development queries, 36
of which have such words, nDCG@10 rises by .001.
"""


def other_spellings(query: QueryTerms, known: Collection[str]) -> dict[str, frozenset[str]]:
    """Returns how words that no text has might be meant to be written.

    Args:
        query: its terms.
        known: those of its terms that a text has.

    Returns:
        Spellings by word, in lower case and without marks: 1 edit away (a letter left out, added, replaced, or swapped
        with the next). Words with digits, and those of scripts without spaces, are left out.
    """
    found: dict[str, frozenset[str]] = {}
    for word, terms in query.words.items():
        plain = unmarked(word.casefold())
        if not SHORTEST <= len(plain) <= LONGEST or not plain.isalpha() or is_unspaced(word) or not terms:
            continue
        if not any(term in known for term in terms):
            found[word] = _edited(plain)
        if len(found) == MOST_WORDS:
            break
    return found


def respelt(query: QueryTerms, spellings: Mapping[str, Collection[str]], frequencies: Mapping[str, int]) -> QueryTerms:
    """Returns a query with the words that were probably meant, in place of those that no text has.

    Args:
        query: its terms.
        spellings: from `other_spellings`.
        frequencies: how many texts have each spelling; 0 may be left out. The most frequent one is taken, and of equal
            ones the first by alphabet.
    """
    words, own = dict(query.words), dict(query.own)
    for word, others in spellings.items():
        possible = sorted((-frequencies[other], other) for other in others if frequencies.get(other))
        meant = of_word(possible[0][1], query.language, MEANT) if possible else {}
        if not meant:
            continue
        for term in words[word]:
            own.pop(term, None)
        words[word] = meant
        for term in meant:
            own[term] = own.get(term, 0) + 1
    return replace(query, weights=summed(words), own=own, words=words)


def _edited(word: str) -> frozenset[str]:
    letters = ascii_lowercase if word.isascii() else "".join(sorted(set(word)))
    halves = [(word[:at], word[at:]) for at in range(1, len(word) + 1)]
    edited = {head + tail[1:] for head, tail in halves}
    edited |= {head + tail[1] + tail[0] + tail[2:] for head, tail in halves if len(tail) > 1}
    edited |= {head + letter + tail[1:] for head, tail in halves if tail for letter in letters}
    edited |= {head + letter + tail for head, tail in halves for letter in letters}
    return frozenset(edited - {word})
