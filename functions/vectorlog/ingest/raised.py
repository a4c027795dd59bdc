"""How raised, lowered and struck-out letters are written in plain text, so that no figure changes: 10^6, m², H2O."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Mark: TypeAlias = Literal["", "raised", "lowered", "struck"]
"""How a stretch of text is set; empty for ordinary text."""

_RAISED = str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_HAS_SIGN = re.compile(r"[0-9+\-−=()ni]+")
_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|re|ère|ème|e|è|o|a|os|as|ος|η|ο)", re.IGNORECASE)
_SERVICE = re.compile(r"[^\w\s]{1,3}|TM|SM|MC|MD")
_OF_ITS_OWN = {"TM": "™", "SM": "℠", "o": "º", "a": "ª"}
_ABBREVIATED = re.compile(r"(?<!\w)(?:M|D|Mg|N|n|V|[IVXLC]+)\Z")
_ENDING = re.compile(r"lle|me|mes|gr|e|er|re|ère|o|os|r|ve")
_TERM = re.compile(r"\([^()]*[-+−*/=·×][^()]*\)\Z")
_REFERENCE = re.compile(r"[0-9]{1,3}(?:\s?[,–-]\s?[0-9]{1,3}){0,9}|[a-z]")
_WORD = re.compile(r"[^\W\d_]{4,}\Z|[.,;:!?)\]»”\"']\Z")
_ATOM = re.compile(r"[-−+]?[^\W_]+(?:\.[0-9]+)?|[^\W_]")
_LOOKED_AT = 24


def shown(text: str, mark: Mark, before: str) -> str:
    """Returns a stretch of text as it is written after `before`.

    Raised signs become such letters of Unicode after a letter (m², which a search finds as m2), and follow a `^` after
    a digit, because 10⁶ would be found as 106. After a word they are the number of a note, and stand in brackets.
    """
    inner = text.strip()
    if not inner or not mark or inner.startswith("["):
        return text
    space = text[len(text.rstrip()) :]
    match mark:
        case "raised":
            return _raised(inner, before[-_LOOKED_AT:]) + space
        case "lowered":
            return _lowered(inner, before[-1:]) + space
        case "struck":
            start = text[: len(text) - len(text.lstrip())]
            return f"{start}~~{inner}~~{space}"


def _raised(text: str, before: str) -> str:
    last = before[-1:]
    if _SERVICE.fullmatch(text) or (last.isdigit() and _ORDINAL.fullmatch(text)):
        return _OF_ITS_OWN.get(text, text)
    if _ABBREVIATED.search(before) and _ENDING.fullmatch(text):
        return text
    if _TERM.search(before):
        return power(text)
    if _REFERENCE.fullmatch(text) and (not last.strip() or _WORD.search(before)):
        return f"[{text}]"
    if last.isalpha() and _HAS_SIGN.fullmatch(text):
        return text.translate(_RAISED)
    if not last.strip():
        return text
    return power(text)


def _lowered(text: str, last: str) -> str:
    if not last.strip() or (last.isalpha() and text.isdigit()) or _SERVICE.fullmatch(text):
        return text
    return f"_{bracketed(text)}"


def power(text: str) -> str:
    """Returns an exponent with its sign."""
    return f"^{bracketed(text)}"


def bracketed(text: str) -> str:
    """Returns a part of a formula, in brackets if it is more than a number or a name."""
    return text if _ATOM.fullmatch(text) else f"({text})"


class Runs:
    """Joins stretches of text in a list, and writes those that are set alike and follow each other as one.

    Args:
        out: the list, whose texts others may append and change while no mark is open.
    """

    def __init__(self, out: list[str]) -> None:
        self._out = out
        self._mark: Mark = ""
        self._start = 0

    def begin(self, mark: Mark) -> None:
        """Says how what is appended from now on is set."""
        if mark != self._mark:
            self.end()
            self._mark, self._start = mark, len(self._out)

    def end(self) -> None:
        """Writes the open stretch."""
        if self._mark:
            text = "".join(self._out[self._start :])
            before = "".join(self._out[max(0, self._start - 3) : self._start])
            self._out[self._start :] = [shown(text, self._mark, before)]
            self._mark = ""
