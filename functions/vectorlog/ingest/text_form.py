"""The form that every text gets before it is kept: the one place where characters are changed or dropped.

What is shown is the text as a reader sees it, so ligatures and full-width forms stay; search folds them. Everything
here takes time that is linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata

_LINE_END = re.compile(r"\r\n?")
_HYPHENATED = re.compile("\u00ad[ \t]*\n[ \t]*(?=\\S)")
_DROPPED = re.compile("[\0\u00ad\u200b\u2060-\u2064\ufeff]")
"""NUL, soft hyphens, zero-width spaces, word joiners, invisible operators and byte order marks."""
_SIMPLE = (
    "\t\n !-~\u00a0-\u02af\u0370-\u058f\u10a0-\u10ff\u1e00-\u205f\u2c60-\u2c7f\u3000-\u9fff\ua720-\ua7ff"
    "\uac00-\ud7a3\uff01-\uff9f"
)
"""Characters of scripts whose letters do not change when they are joined: Latin, Greek, Cyrillic, Chinese …"""
_USELESS_JOINER = re.compile(f"(?:(?<=[{_SIMPLE}])|\\A)[\u200c\u200d]+(?=[{_SIMPLE}]|\\Z)")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_DIRECTION = re.compile("[\u200e\u200f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PIECE = 1024
_STARTS = re.compile("[\0-\x7f\u2e80-\ua4cf]")
"""Characters that nothing before them can change: a text may be normalised in pieces that begin with one."""


def clean(text: str) -> str:
    """Returns a text whose lines end with a line feed, composed (NFC), and without invisible characters.

    Joiners stay where a script needs them (Arabic, Persian, Indic scripts, emoji), and marks of direction in a text
    that has words written from right to left. Lone surrogates, which UTF-8 cannot encode, are replaced.
    """
    text = _LINE_END.sub("\n", text)
    if text.isascii():
        return text.replace("\0", "")
    if "\u00ad" in text:
        text = _HYPHENATED.sub("", text)
    text = _DROPPED.sub("", text)
    if "\u200c" in text or "\u200d" in text:
        text = _USELESS_JOINER.sub("", text)
    if _DIRECTION.search(text) and not _RIGHT_TO_LEFT.search(text):
        text = _DIRECTION.sub("", text)
    return _composed(_SURROGATE.sub("\ufffd", text))


def _composed(text: str) -> str:
    """Returns the text in NFC. It is done in pieces, because a run of marks takes time that grows with its square."""
    pieces: list[str] = []
    start = 0
    while start < len(text):
        end = start + _PIECE
        following = _STARTS.search(text, end, end + _PIECE)
        end = following.start() if following else end
        pieces.append(unicodedata.normalize("NFC", text[start:end]))
        start = end
    return "".join(pieces)
