"""Tells bytes that are no text from text, by the characters that they decode to."""

from __future__ import annotations

import re
import unicodedata

_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufffd]")
_MOST_NOT_TEXT = 0.02
"""Share of control characters above which bytes are considered binary. Random bytes have a tenth; a log with terminal
colours has none.
"""
_WINDOW = 1 << 15
"""Characters looked at in each of three places: the beginning, the middle and the end."""

FEWEST_SIGNS = -9.5
"""The logarithm of the likelihood of a Chinese character below which what decodes to such characters is no text."""

_UNASSIGNED = frozenset({"Cn", "Co", "Cs"})
_MOST_UNASSIGNED = 0.05
_ODD = _UNASSIGNED | {"No", "Sc", "Sk", "Sm", "So"}
_MOST_ODD = 0.1
"""Share of rare characters (symbols, fractions, private or unassigned code points) above which a text whose encoding
was guessed is considered binary.
"""
_FEWEST_SPACES = 0.08
"""Share of white space that a text with so many rare characters has: a price list, a formula."""
_MOST_SCRIPTS = 5
"""Of how many scripts the letters of such a text are at most. A Japanese text has four; random pairs of bytes have
letters of six and more from 20 characters on.
"""
_LOOKED_AT = 400
"""How many characters of a text are looked at for this."""


def is_noise(text: str) -> bool:
    """Whether a decoded text has so many controls, or characters that do not exist, that the bytes are no text."""
    return any(_is_noise(window) for window in _windows(text))


def is_noise_if_guessed(text: str) -> bool:
    """Whether a text whose encoding was guessed from zero bytes is rather noise: it has many rare characters and few
    spaces, or letters of many scripts.
    """
    sample = text[:_LOOKED_AT]
    spaces = sum(map(str.isspace, sample))
    odd = sum(unicodedata.category(each) in _ODD for each in sample)
    scripts = {unicodedata.name(each, "").partition(" ")[0] for each in sample if each.isalpha()}
    return (odd > max(2, _MOST_ODD * len(sample)) and spaces < _FEWEST_SPACES * len(sample)) or len(
        scripts
    ) > _MOST_SCRIPTS


def _is_noise(text: str) -> bool:
    if len(_NOT_TEXT.findall(text)) > _MOST_NOT_TEXT * len(text):
        return True
    sample = [each for each in text[:_LOOKED_AT] if not each.isascii()]
    unassigned = sum(unicodedata.category(each) in _UNASSIGNED for each in sample)
    return unassigned > max(1, _MOST_UNASSIGNED * len(sample))


def _windows(text: str) -> list[str]:
    if len(text) <= 3 * _WINDOW:
        return [text]
    middle = len(text) // 2
    return [text[:_WINDOW], text[middle : middle + _WINDOW], text[-_WINDOW:]]
