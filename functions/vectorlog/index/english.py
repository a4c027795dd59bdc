"""Turns English text into terms of the text index, like Lucene's EnglishAnalyzer."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from hashlib import blake2b
from threading import local

import Stemmer  # type: ignore[import-not-found]

STOP_WORDS = frozenset(
    {
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "for",
        "if",
        "in",
        "into",
        "is",
        "it",
        "no",
        "not",
        "of",
        "on",
        "or",
        "such",
        "that",
        "the",
        "their",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "was",
        "will",
        "with",
    }
)
"""The 33 stop words of Lucene's EnglishAnalyzer."""

_LONGEST_CACHED = 40
"""Maximum length, in characters, of the words whose terms are cached; longer ones are too rare to be worth it."""

# Unicode's word boundaries (UAX 29) as Lucene's StandardTokenizer applies them: a combining mark belongs to its letter,
# each ideograph and each hiragana is a word, and certain punctuation inside a word (full stop, colon, apostrophe) or
# number (full stop, comma, semicolon, apostrophe) does not end it.
_MARKS = "".join(chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code)) in ("Mn", "Mc"))
_IDEOGRAPHS = "\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = rf"(?:[^\W{_IDEOGRAPHS}][{_MARKS}]*)+"
_INSIDE = r"(?:(?<=[^\W\d_])[.:'\u2019](?=[^\W\d_])|(?<=\d)[.,;'](?=\d))"
_WORDS = re.compile(rf"[{_IDEOGRAPHS}]|{_RUN}(?:{_INSIDE}{_RUN})*")
_ASCII_WORDS = re.compile(r"\w+(?:(?:(?<=[a-z])[.:'](?=[a-z])|(?<=[0-9])[.,;'](?=[0-9]))\w+)*", re.ASCII)


class _Stemmers(local):
    """One stemmer per thread, because PyStemmer's are not thread-safe."""

    def __init__(self) -> None:
        self.porter = Stemmer.Stemmer("porter", 0)


_stemmers = _Stemmers()


def words(text: str) -> list[str]:
    """Returns the words of a text in lower case, in order."""
    lower = text.lower()
    return (_ASCII_WORDS if lower.isascii() else _WORDS).findall(lower)


def stem(word: str) -> str | None:
    """Returns the stem of a lower-case word without a possessive 's; None for a stop word or for underscores only."""
    for possessive in ("'s", "\u2019s", "\uff07s"):
        word = word.removesuffix(possessive)
    if word in STOP_WORDS or not word.strip("_"):
        return None
    stemmed: str = _stemmers.porter.stemWord(word)
    return stemmed


def terms(text: str) -> Counter[int]:
    """Counts the terms of a text; a term is a 64-bit hash of a stem."""
    counts: Counter[int] = Counter()
    for word, count in Counter(words(text)).items():
        term = _term(word) if len(word) <= _LONGEST_CACHED else _term.__wrapped__(word)
        if term is not None:
            counts[term] += count
    return counts


@lru_cache(maxsize=100_000)
def _term(word: str) -> int | None:
    stemmed = stem(word)
    return None if stemmed is None else int.from_bytes(blake2b(stemmed.encode(), digest_size=8).digest(), "little")
