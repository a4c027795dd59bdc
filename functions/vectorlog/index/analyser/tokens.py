"""Cuts a folded text into tokens: words, numbers, and compounds such as file names, versions and paths."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_JOINTS = r"-_./:@#+&=~\\'"
"""Signs that do not end a token where a letter or a digit follows."""
_THOUSANDS = r"(?<![\w.,])[0-9]{1,3}(?>(?:,[0-9]{3}){1,6})(?>(?:\.[0-9]+)?)(?![\w,])"
"""A number with commas, such as 12,450, unless it may be cells of a row."""
_ENDING = r"(?:\+\+|\#(?!\w))?"
"""What belongs to a name such as C++ or C#."""

_ASCII = re.compile(rf"{_THOUSANDS}|[a-zA-Z0-9]++(?:[{_JOINTS}]++[a-zA-Z0-9]++)*{_ENDING}")
"""Repetitions of groups are greedy here: what follows them never fails, so they never give anything back."""
_SPACED_THOUSANDS = re.compile("(?<=[0-9])[\u00a0\u2009\u202f](?=[0-9]{3})")
_SPACES = re.compile("[\u00a0\u2009\u202f]")

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Characters of scripts that are written without spaces, and Korean, whose words have endings of many kinds."""
_IS_UNSPACED = re.compile(f"[{UNSPACED}]")
_PARTS = re.compile(rf"[{_JOINTS},]+")
_HUMPS = re.compile(r"(?<=[a-z]{2})(?=[A-Z][a-z])|(?<=[a-z]{3})(?=[A-Z]{2})|(?<=[A-Z]{2})(?=[A-Z][a-z]{2})")
_MOST_PARTS = 32


def with_commas(text: str) -> str:
    """Returns a text in which the spaces inside of numbers, such as 12 450 with a narrow space, are commas."""
    return _SPACED_THOUSANDS.sub(",", text) if not text.isascii() and _SPACES.search(text) else text


def tokens(text: str) -> list[str]:
    """Returns the tokens of a folded text, in order."""
    return (_ASCII if text.isascii() else _all_scripts()).findall(text)


def is_unspaced(token: str) -> bool:
    """Whether a token is a run of characters of scripts that are written without spaces."""
    return not token[0].isascii() and _IS_UNSPACED.match(token) is not None


def parts(token: str) -> list[str]:
    """Returns what a token is put together from, in order: `numpy.ndarray`, `getUserName`; only itself if nothing."""
    found = [part for part in _PARTS.split(token) if part]
    if len(found) > _MOST_PARTS:
        return found
    return [each for part in found for each in (_HUMPS.split(part) if not part.islower() else (part,))]


@cache
def _all_scripts() -> re.Pattern[str]:
    marks = "".join(chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code)) in ("Mn", "Mc"))
    run = rf"[^\W_{UNSPACED}]++(?:[{marks}]++[^\W_{UNSPACED}]*+)*"
    return re.compile(rf"[{UNSPACED}]++|{_THOUSANDS}|{run}(?:[{_JOINTS}]++{run})*{_ENDING}")
