"""The terms of a text: what it is found by, and what a query looks for. Both editions use them.

A change of the terms of any text needs another `VERSION` in `__init__.py`.

A word has up to three terms: its stem by the language of the text, itself without marks, and itself as it is written.
So a query whose language is not known still finds it. A compound has a term as a whole and the terms of its parts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from vectorlog.index.analyser.folding import folded, spelt_out, unmarked
from vectorlog.index.analyser.languages import ENGLISH, UMLAUTS, is_function_word, is_stop_word, likely, of_script
from vectorlog.index.analyser.stems import stem
from vectorlog.index.analyser.tokens import is_unspaced, parts, tokens, with_commas
from vectorlog.index.analyser.weights import (
    ACRONYM,
    CODE,
    COMPOUND,
    EXACT,
    FUNCTION_WORD,
    HYPHENATED,
    NUMBER,
    PART,
    PLAIN,
    STEM,
)

LONGEST = 64
"""Maximum number of characters of a term. Of a longer one, its beginning and a hash are kept."""

_CACHED = 100_000
"""Tokens whose terms are remembered, of all languages."""
_LONGEST_CACHED = 40
_LONGEST_ACRONYM = 5
_FEW = 3
"""So many words in capitals may be acronyms, even if nothing else is there."""
_SHORTEST_ELIDED = 3
"""Letters of what follows an apostrophe that is a word of its own: l'eau, but not don't."""

_OF_WORDS = "-/&"
_SIGNS = r"[-_./:@#+&=~\\']"
_BESIDE_LETTERS = re.compile(rf"(?<![0-9\-_./:@#+&=~\\']){_SIGNS}++|{_SIGNS}++(?![0-9])")
_BETWEEN_DIGITS = re.compile(rf"{_SIGNS}++")
_VERSION = re.compile(r"v(?=[0-9])")

Weighted = list[tuple[str, float]]
"""Terms with their weights in a query. A term with the weight 0 is only indexed."""


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """What a query looks for.

    Attributes:
        weights: of the terms, above 0.
        own: how often each term occurs in the query's text, if that is indexed.
        words: the terms of each of its words, with the weights that they add.
        language: of the query, as far as it is known.
    """

    weights: Mapping[str, float]
    own: Mapping[str, int]
    words: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    language: str = ENGLISH


_known: dict[str, dict[str, tuple[str, ...]]] = {}
"""The terms of tokens, by language."""


def terms(text: str) -> Counter[str]:
    """Counts the terms of a text that is indexed. The time is in proportion to its length."""
    counted, languages = _read(text)
    return _indexed(counted, languages[0])


def query_terms(text: str) -> QueryTerms:
    """Returns the terms of a query; a word that it repeats counts as often. Where its language is not clear, the stems
    of all that it may be are among them, because a text that it finds may be clearer.
    """
    counted, languages = _read(text)
    words: dict[str, dict[str, float]] = {}
    for token, times in counted.items():
        of_token: dict[str, float] = {}
        for term, weight in _expanded(token, languages[0]):
            of_token[term] = of_token.get(term, 0.0) + weight
        for language in languages[1:] if of_token else ():
            for term, weight in _expanded(token, language):
                of_token.setdefault(term, weight)
        words[token] = {term: times * weight for term, weight in of_token.items() if weight}
    return QueryTerms(summed(words), _indexed(counted, languages[0]), words, languages[0])


def summed(words: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Returns the weights of all terms of some words."""
    weights: dict[str, float] = {}
    for of_word in words.values():
        for term, weight in of_word.items():
            weights[term] = weights.get(term, 0.0) + weight
    return weights


def of_word(word: str, language: str, share: float) -> dict[str, float]:
    """Returns the terms of a word without digits or signs, with their weights times `share`; none of a stop word."""
    found: dict[str, float] = {}
    for term, weight in _word(word, language, share):
        found[term] = found.get(term, 0.0) + weight
    return found


def _read(text: str) -> tuple[Counter[str], Sequence[str]]:
    """Counts the tokens of a text, and returns them with its language, and others that it may be."""
    text = folded(with_commas(text))
    found = tokens(text)
    if len(found) > _FEW and text.isupper():  # capitals say nothing here
        text = text.casefold()
        found = tokens(text)
    counted = Counter(found)
    return counted, likely(counted, "" if text.isascii() else text)


def _indexed(counted: Mapping[str, int], language: str) -> Counter[str]:
    known = _known.setdefault(language, {})
    once: list[str] = []
    often: list[tuple[tuple[str, ...], int]] = []
    for token, times in counted.items():
        found = known.get(token)
        if found is None:
            found = _remembered(token, language, known)
        if times == 1:
            once += found
        else:
            often.append((found, times))
    counts = Counter(once)  # most tokens of a text occur once, and this counts them fastest
    get = counts.get
    for found, times in often:
        for term in found:
            counts[term] = get(term, 0) + times
    return counts


def _remembered(token: str, language: str, known: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    found = _all(token, language)
    if len(token) <= _LONGEST_CACHED and not is_unspaced(token):  # such a run of signs hardly ever occurs again
        if sum(map(len, _known.values())) >= _CACHED:
            for each in list(_known.values()):
                each.clear()
        known[token] = found
    return found


def _all(token: str, language: str) -> tuple[str, ...]:
    """Returns the terms of a token: each once, but the signs of unspaced scripts as often as they occur."""
    found = [term for term, _ in _expanded(token, language)]
    return tuple(found if is_unspaced(token) else dict.fromkeys(found))


def _expanded(token: str, language: str) -> Weighted:
    if is_unspaced(token):
        return _signs(token)
    pieces = parts(token)
    if pieces == [token]:
        return _word(token, language, 1.0)
    letters = token.replace("'", "")
    if letters.isalpha() and pieces == [piece for piece in token.split("'") if piece]:
        return _with_apostrophes(token, pieces, language)
    return _compound(token, pieces, language)


def _signs(token: str) -> Weighted:
    """Returns pairs of characters, and each character, which a query of one looks for."""
    pairs = [(token[at : at + 2], 1.0) for at in range(len(token) - 1)]
    return pairs + [(sign, 0.0 if pairs else 1.0) for sign in token]


def _with_apostrophes(token: str, pieces: list[str], language: str) -> Weighted:
    """Returns the terms of l'eau, don't or Miller's: of what is elided or possessive, only the word."""
    lower = token.casefold().removesuffix("'s")
    if "'" not in lower:
        return _word(lower, language, 1.0)
    found = [each for piece in pieces if len(piece) >= _SHORTEST_ELIDED for each in _word(piece, language, 1.0)]
    return [(_bounded(unmarked(lower.replace("'", ""))), HYPHENATED if found else 1.0), *found]


def _compound(token: str, pieces: list[str], language: str) -> Weighted:
    is_of_words = all(each.isalpha() or each in _OF_WORDS for each in token) and len(pieces) == 1 + sum(
        token[at] in _OF_WORDS and token[at - 1] not in _OF_WORDS for at in range(1, len(token))
    )
    whole = _whole(token)
    found = [(_bounded(whole), HYPHENATED if is_of_words else COMPOUND)]
    if whole.isalpha():  # a query may have it in one word
        found.append((_bounded(stem(whole, language)), 0.0))
    if len(pieces) == 1:  # C++
        return [*found, (_bounded(unmarked(token.casefold())), CODE)]
    for piece in pieces:
        found += _word(piece, language, 1.0 if is_of_words else PART)
    return found


def _whole(token: str) -> str:
    """Returns a compound in one form, however its parts are joined: err2043 for ERR-2043, 2026.04.21 for 2026/04/21."""
    lower = _BESIDE_LETTERS.sub("", unmarked(token.casefold()).replace(",", ""))
    return _unversioned(_BETWEEN_DIGITS.sub(".", lower))


def _word(word: str, language: str, share: float) -> Weighted:
    exact = word.casefold()
    plain = unmarked(exact)
    if any(map(str.isdigit, plain)):
        return _with_digits(plain, share)
    is_function = is_function_word(exact, language)
    found: Weighted = []
    if 1 < len(word) <= _LONGEST_ACRONYM and word.isupper() and (is_function or is_function_word(exact, ENGLISH)):
        found.append((word, ACRONYM * share))
    if language == ENGLISH and is_stop_word(exact):
        return found
    if is_function:
        share *= FUNCTION_WORD
    of = language if exact.isascii() else of_script(exact[0]) or language
    found += [
        (_bounded(unmarked(stem(exact, of))), STEM * share),
        (_bounded(plain), PLAIN * share),
        (_bounded(exact), EXACT * share),
    ]
    if plain != exact and of in UMLAUTS:
        found.append((_bounded(spelt_out(exact)), PLAIN * share))
    return found


def _with_digits(plain: str, share: float) -> Weighted:
    if plain.isdigit():
        return [(_bounded(plain), NUMBER * share)]
    return [(_bounded(_unversioned(plain)), CODE * share)]


def _unversioned(plain: str) -> str:
    return plain[1:] if _VERSION.match(plain) else plain


def _bounded(term: str) -> str:
    if len(term) <= LONGEST:
        return term
    return f"{term[: LONGEST - 17]}~{blake2b(term.encode(), digest_size=8).hexdigest()}"
