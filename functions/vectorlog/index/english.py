"""English words as terms of the text index: what Lucene's EnglishAnalyzer does, on the standard library and
PyStemmer.
"""

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
"""The 33 of Lucene's EnglishAnalyzer."""

_LONGEST_REMEMBERED = 40
"""Characters; longer words are rare and not worth the memory."""

# Unicode's word boundaries (UAX 29) as Lucene's StandardTokenizer applies them: a mark belongs to its letter, each
# ideograph and hiragana is a word, and a full stop, apostrophe, colon or comma inside a word or number does not end it.
_MARKS = "".join(chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code)) in ("Mn", "Mc"))
_IDEOGRAPHS = "\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = rf"(?:[^\W{_IDEOGRAPHS}][{_MARKS}]*)+"
_INSIDE = r"(?:(?<=[^\W\d_])[.:'\u2019](?=[^\W\d_])|(?<=\d)[.,;'](?=\d))"
_WORDS = re.compile(rf"[{_IDEOGRAPHS}]|{_RUN}(?:{_INSIDE}{_RUN})*")
_ASCII_WORDS = re.compile(r"\w+(?:(?:(?<=[a-z])[.:'](?=[a-z])|(?<=[0-9])[.,;'](?=[0-9]))\w+)*", re.ASCII)


class _Stemmers(local):
    """A stemmer for each thread: PyStemmer's are not safe to share."""

    def __init__(self) -> None:
        self.porter = Stemmer.Stemmer("porter", 0)


_stemmers = _Stemmers()


def words(text: str) -> list[str]:
    """The words of a text in lower case, in order."""
    lower = text.lower()
    return (_ASCII_WORDS if lower.isascii() else _WORDS).findall(lower)


def stem(word: str) -> str | None:
    """The stem of a word in lower case, without its possessive 's; None for a stop word and for underscores alone."""
    for possessive in ("'s", "\u2019s", "\uff07s"):
        word = word.removesuffix(possessive)
    if word in STOP_WORDS or not word.strip("_"):
        return None
    stemmed: str = _stemmers.porter.stemWord(word)
    return stemmed


def terms(text: str) -> Counter[int]:
    """How often each term is in a text; a term is a 64-bit hash of a stem."""
    found: Counter[int] = Counter()
    for word, count in Counter(words(text)).items():
        term = _term(word) if len(word) <= _LONGEST_REMEMBERED else _term.__wrapped__(word)
        if term is not None:
            found[term] += count
    return found


@lru_cache(maxsize=100_000)
def _term(word: str) -> int | None:
    stemmed = stem(word)
    return None if stemmed is None else int.from_bytes(blake2b(stemmed.encode(), digest_size=8).digest(), "little")
