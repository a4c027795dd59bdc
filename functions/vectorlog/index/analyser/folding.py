"""Makes one form of the characters that people write in several ways; pure functions."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_APOSTROPHES = "\u2018\u2019\u201b\u02b9\u02bc\u02bb\u2032\uff07\u00b4\u0060\u05f3"
_DASHES = "\u2010\u2011\u2012\u2013\u2212\ufe58\ufe63\uff0d"
_LEFT_OUT = "\u00ad\u200b\u200c\u200d\u2060\ufeff\u0640"
"""Soft hyphen, zero-width characters, and the Arabic tatweel, which only makes a word longer."""
_ZEROS = (0x660, 0x6F0, 0x966, 0x9E6, 0xE50)
"""Zeros of the digits of Arabic, Persian, Devanagari, Bengali and Thai; their nine others follow."""

_TABLE: dict[int, str | None] = (
    dict.fromkeys(map(ord, _APOSTROPHES), "'")
    | dict.fromkeys(map(ord, _DASHES), "-")
    | dict.fromkeys(map(ord, _LEFT_OUT), None)
    | {zero + digit: str(digit) for zero in _ZEROS for digit in range(10)}
)

_PLAIN_LETTERS = str.maketrans(
    {
        "ı": "i",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ø": "o",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ħ": "h",
        "ŧ": "t",
        "ŋ": "n",
        "ĸ": "k",
        "ى": "ي",
        "ٱ": "ا",
    }
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})

_MARKS = (
    (0x300, 0x36F),
    (0x483, 0x487),
    (0x591, 0x5C7),
    (0x610, 0x61A),
    (0x64B, 0x65F),
    (0x670, 0x670),
    (0x6D6, 0x6ED),
)
"""Marks of Latin, Greek, Cyrillic, Hebrew and Arabic letters, without which a word is still readable. Marks of Indic
scripts are vowels and stay.
"""
_NO_MARKS: dict[int, None] = {code: None for first, last in _MARKS for code in range(first, last + 1)}


def folded(text: str) -> str:
    """Returns a text in Unicode's form NFKC (which has no ligatures and no full-width letters), with one apostrophe,
    one hyphen and ASCII digits, and without invisible characters. Letters keep their case and their marks.
    """
    if text.isascii():
        return text.replace("`", "'") if "`" in text else text
    text = text.translate(_TABLE)
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text).translate(_TABLE)
    return text


@lru_cache(maxsize=50_000)
def unmarked(word: str) -> str:
    """Returns a folded, case-folded word without the marks of its letters: résumé is resume, ışık is isik."""
    if word.isascii():
        return word
    bare = unicodedata.normalize("NFD", word).translate(_NO_MARKS)
    return unicodedata.normalize("NFC", bare).translate(_PLAIN_LETTERS)


def spelt_out(word: str) -> str:
    """Returns a case-folded word with umlauts in two letters, as they are written where a keyboard lacks them."""
    return unmarked(word.translate(_UMLAUTS))
