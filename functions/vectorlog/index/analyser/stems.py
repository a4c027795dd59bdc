"""Stems of words, by Snowball's stemmers."""

from __future__ import annotations

from threading import local

import Stemmer  # type: ignore[import-not-found]

from vectorlog.index.analyser.languages import ENGLISH


class _Stemmers(local):
    """Stemmers by language, for each thread its own, because PyStemmer's are not thread-safe."""

    def __init__(self) -> None:
        self.by_language: dict[str, Stemmer.Stemmer] = {}


_stemmers = _Stemmers()


def stem(word: str, language: str) -> str:
    """Returns the stem of a case-folded word. English has Porter's first stemmer, with which SciFact's queries find
    more.
    """
    stemmer = _stemmers.by_language.get(language)
    if stemmer is None:
        stemmer = Stemmer.Stemmer("porter" if language == ENGLISH else language, 0)
        _stemmers.by_language[language] = stemmer
    stemmed: str = stemmer.stemWord(word)
    return stemmed
