"""How likely a text is to be one that someone wrote, as a logarithm: what a wrong encoding yields is very unlikely."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

from vectorlog.ingest.encoding.letters import (
    ALPHABETS,
    CHINESE,
    CHINESE_TRADITIONAL,
    JAPANESE,
    KOREAN,
    PUNCTUATION,
)

Writing: TypeAlias = Literal["letters", "simplified", "traditional", "japanese", "korean"]
"""What an encoding is made for: an alphabet, Chinese, Japanese or Korean."""

WRITINGS: tuple[Writing, ...] = get_args(Writing)
ASCII = -3.0
"""Of an ASCII character, roughly: some encodings make ASCII bytes a part of other characters."""
_INVALID = -14.0
_CONTROL = -13.0
_FREQUENT: Mapping[Writing, Mapping[str, float]] = {
    "simplified": CHINESE,
    "traditional": CHINESE_TRADITIONAL,
    "japanese": JAPANESE,
    "korean": KOREAN,
}
_WIDE_PUNCTUATION = frozenset("，。、；：？！「」『』（）《》“”‘’…—·・－～ー％．【】〔〕〜\u3000")
_RUN = re.compile(r"([\x00-\x7f]?)([\x00-\x7f]?)([^\x00-\x7f]+)([\x00-\x7f]?)")
_WITHIN_WORD = re.compile(r"[a-z][^\x00-\x7f\W][a-z]")
_BAD_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")

# Kinds of character: lower and upper case, letters without case, marks, digits, space, punctuation, symbols, lines of
# boxes, controls, format characters, and what could not be decoded.
_Kind: TypeAlias = Literal["lower", "upper", "letter", "mark", "digit", "space", "point", "symbol", "box", "control"]
_ALPHABETIC = frozenset({"lower", "upper", "letter"})


def likelihood(text: str, writing: Writing) -> float:
    """Returns the logarithm of the likelihood of a text, by the characters in it that are not ASCII.

    Only likelihoods of the same bytes, decoded in different ways, can be compared.
    """
    ascii_characters = len(text.encode("ascii", "ignore"))
    score = ASCII * ascii_characters + (_CONTROL - ASCII) * len(_BAD_CONTROLS.findall(text))
    if writing == "letters":
        return score + _of_letters(text)
    counts = Counter(each for each in text if not each.isascii())
    frequent = _FREQUENT[writing]
    score += sum(n * (frequent.get(each) or _of_sign(each, writing)) for each, n in counts.items())
    return score - 4.0 * len(_WITHIN_WORD.findall(text))


def _of_letters(text: str) -> float:
    counts: Counter[str] = Counter()
    score = 0.0
    for match in _RUN.finditer(text):
        before, last, run, after = match.groups()
        counts.update(run)
        score += _in_context(before, last, run, after)
    foreign = {each: PUNCTUATION.get(each) or _foreign(each) for each in counts}
    items = [*counts.items()]
    return score + max(
        sum(n * alphabet.get(each, foreign[each]) for each, n in items) for alphabet in ALPHABETS.values()
    )


def _in_context(before: str, last: str, run: str, after: str) -> float:
    """What makes the characters of a run less likely where they stand: capitals within words, symbols between letters,
    letters of two scripts in one word.
    """
    score = 0.0
    older, old = _kind(before or " "), _kind(last or " ")
    script = "LATIN" if old in _ALPHABETIC else ""
    characters = run + (after or " ")
    for here, following in zip(run, characters[1:], strict=True):
        kind, next_kind = _kind(here), _kind(following)
        if kind == "lower" or kind == "upper":
            if kind == "upper":
                if old == "lower":
                    score -= 5
                elif old == "upper" or next_kind == "upper":
                    score -= 1
                elif next_kind != "lower":
                    score -= 2
            elif old == older == "upper":
                score -= 3
            if old in _ALPHABETIC and script != _script(here):
                score -= 5
            if old == "digit" or next_kind == "digit":
                score -= 1.5
            if old in ("point", "symbol") or next_kind == "symbol":
                score -= 0.7
        elif kind == "point" or kind == "symbol":
            if old in _ALPHABETIC and next_kind in _ALPHABETIC and here not in "’·":
                score -= 4.5
            elif kind == "symbol" and (old in _ALPHABETIC or next_kind in _ALPHABETIC):
                score -= 1.5
            if (here in "“„«‘" and old in _ALPHABETIC) or (here in "”»’" and old == "space" and next_kind != "space"):
                score -= 2
        elif kind == "box" and (old in _ALPHABETIC or next_kind in _ALPHABETIC):
            score -= 2
        older, old, script = old, kind, _script(here)
    if after and old == "lower" and _kind(after) == "upper":
        score -= 4
    if after and old in _ALPHABETIC and _kind(after) in _ALPHABETIC and script != "LATIN":
        score -= 5
    return score


@lru_cache(4096)
def _kind(character: str) -> _Kind:
    category = unicodedata.category(character)
    if character in "ªº":
        return "symbol"
    if category == "Ll":
        return "lower"
    if category in ("Lu", "Lt"):
        return "upper"
    if category[0] == "L":
        return "letter"
    if category[0] == "M":
        return "mark"
    if category == "Nd":
        return "digit"
    if category[0] == "Z" or character in "\t\n\r\f":
        return "space"
    if category[0] == "C":
        return "control"
    if "\u2500" <= character <= "\u259f":
        return "box"
    return "point" if category[0] == "P" or character.isascii() else "symbol"


@lru_cache(4096)
def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0]


def _foreign(character: str) -> float:
    """How likely a character is that the language does not have."""
    match _kind(character):
        case "lower":
            return -9.5
        case "upper":
            return -11.1
        case "box":
            return -6.0
        case "control":
            return -7.0 if character in "\u200c\u200d\u200e\u200f" else _CONTROL
        case "symbol" if character == "\ufffd":
            return _INVALID
        case "point" | "symbol":
            return -9.5
        case _:
            return -10.5


@lru_cache(16_384)
def _of_sign(sign: str, writing: Writing) -> float:
    """How likely a character is that is not among the most frequent ones of Chinese, Japanese or Korean. The first half
    of the Han characters of each national standard are its common ones.
    """
    if sign == "\ufffd":
        return _INVALID
    if sign in _WIDE_PUNCTUATION:
        return -5.5
    if writing == "japanese" and "\u3041" <= sign <= "\u30fc":
        return -4.3 if sign <= "\u3096" else -4.9
    if writing == "japanese" and "\uff61" <= sign <= "\uff9f":
        return -6.5
    if writing == "korean" and "\uac00" <= sign <= "\ud7a3":
        return -6.5 if sign.encode("euc_kr", "ignore") else -11.5
    if "\u4e00" <= sign <= "\u9fff":
        return _of_han(sign, writing)
    if "\uff01" <= sign <= "\uff5e":
        return -7.5
    if "\u3041" <= sign <= "\u30fc" or unicodedata.category(sign) in ("Lu", "Ll"):
        return -10.5
    return -10.0 if unicodedata.category(sign)[0] in "PSZ" else _INVALID


def _of_han(sign: str, writing: Writing) -> float:
    match writing:
        case "korean":
            return -13.0
        case "japanese":
            return -8.2 if sign.encode("euc_jp", "ignore")[:1] in _bytes(0xB0, 0xCF) else -11.5
        case "simplified":
            code = sign.encode("gb2312", "ignore")
            return -8.0 if code[:1] in _bytes(0xB0, 0xD7) else -11.0 if code else -13.5
        case _:
            code = sign.encode("big5", "ignore")
            return -8.2 if code[:1] in _bytes(0xA4, 0xC6) else -11.5 if code else _INVALID


@lru_cache(8)
def _bytes(first: int, last: int) -> frozenset[bytes]:
    return frozenset(bytes([each]) for each in range(first, last + 1))
