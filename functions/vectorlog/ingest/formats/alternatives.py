"""Chooses between two forms of the same text, such as the plain text and the HTML of a mail, by the words in them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ADDRESS = re.compile(r"\]\([^()\s]{0,2000}\)|\bhttps?://\S{1,2000}", re.IGNORECASE)
_SIGN = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_SIGN}]|[^\W_{_SIGN}]+")
_MUCH = 0.3
"""If a form has such a share of words of its own, it says something else."""
_FEWEST = 3
"""So many words are the least that count: an amount, a date."""
_LONGER_THAN_A_NOTE = 25
"""A note that a program without HTML shows nothing has fewer words."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which of the two forms are read."""

    plain: bool
    rich: bool


def chosen(plain: str, rich: str) -> Chosen:
    """Returns which forms of a text are read: the plain one if it has what the rich one (HTML) says, the rich one if
    it says clearly more, and both if each says something else.
    """
    plain_words, rich_words = _words(plain), _words(rich)
    if not plain_words or not rich_words:
        return Chosen(plain=not rich_words, rich=bool(rich_words))
    only_plain, only_rich = len(plain_words - rich_words), len(rich_words - plain_words)
    if only_rich < _FEWEST or only_rich < _MUCH * len(rich_words):
        return Chosen(plain=True, rich=False)
    return Chosen(plain=only_plain >= _LONGER_THAN_A_NOTE and only_plain >= _MUCH * len(plain_words), rich=True)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(_ADDRESS.sub(" ", text).casefold()))
