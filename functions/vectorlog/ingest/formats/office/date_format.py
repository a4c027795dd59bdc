"""Dates and times as Excel shows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_EPOCH = datetime(1899, 12, 30)
_EPOCH_1904 = datetime(1904, 1, 1)
_MOST_DAYS = 2_958_465
"""31 December 9999."""

Part = tuple[str, str]
"""A kind (`y`, `m`, `d`, `h`, `n` for minutes, `s`, `f` for fractions, `e` for elapsed, `a` for am and pm, or an empty
one for text) and its sign.
"""


def date_writer(
    tokens: Sequence[re.Match[str]], *, from_1904: bool, literal: Callable[[re.Match[str]], str]
) -> Callable[[float], str]:
    """Returns what writes a day's number with a date format. `literal` gives what a token writes beside it."""
    parts = _with_minutes(_parts(tokens, literal))
    halves = any(kind == "a" for kind, _ in parts)
    fraction = max((len(sign) for kind, sign in parts if kind == "f"), default=0)

    def write(number: float) -> str:
        if not 0 <= number <= _MOST_DAYS:
            return str(number)
        ticks = round(number * 86400 * 10**fraction) if fraction <= 6 else 0
        seconds = ticks / 10**fraction
        days = (1 if number < 60 and not from_1904 else 0) if number >= 1 else 0
        moment = (_EPOCH_1904 if from_1904 else _EPOCH) + timedelta(days=days, seconds=round(seconds, fraction))
        return "".join(_shown(kind, sign, moment, seconds, halves=halves) for kind, sign in parts).strip()

    return write


def _parts(tokens: Sequence[re.Match[str]], literal: Callable[[re.Match[str]], str]) -> list[Part]:
    parts: list[Part] = []
    for token in tokens:
        bracket = token["bracket"]
        if bracket and bracket.lower().strip("hms") == "" and len(set(bracket.lower())) == 1:
            parts.append(("e", bracket.lower()))
        elif token["date"]:
            for run in re.findall(r"(?i)y+|m+|d+|h+|s+|e+|g+", token["date"]):
                sign = run.lower()
                kind = {"e": "y", "g": ""}.get(sign[0], sign[0])
                parts.append((kind, "yyyy" if sign[0] == "e" else "" if sign[0] == "g" else sign))
        elif token["ampm"]:
            parts.append(("a", token["ampm"]))
        elif token["digits"] and parts and parts[-1] == ("", "."):
            parts[-1] = ("f", token["digits"])
        elif token["mark"] == "@":
            continue
        else:
            parts.append(("", token["digits"] or literal(token)))
    return parts


def _with_minutes(parts: list[Part]) -> list[Part]:
    """Tells minutes from months: they stand after hours or before seconds."""
    clock = [place for place, (kind, _) in enumerate(parts) if kind]
    for at, place in enumerate(clock):
        kind, sign = parts[place]
        if kind != "m" or len(sign) > 2:
            continue
        earlier = parts[clock[at - 1]] if at else ("", "")
        later = parts[clock[at + 1]] if at + 1 < len(clock) else ("", "")
        if earlier[0] == "h" or (earlier[0] == "e" and earlier[1][0] == "h") or later[0] == "s":
            parts[place] = ("n", sign)
    return parts


def _shown(kind: str, sign: str, moment: datetime, seconds: float, *, halves: bool) -> str:
    width = len(sign)
    match kind:
        case "y":
            return f"{moment.year:04}" if width > 2 else f"{moment.year % 100:02}"
        case "m":
            name = _MONTHS[moment.month - 1]
            return (str(moment.month), f"{moment.month:02}", name[:3], name, name[0])[min(width, 5) - 1]
        case "d":
            name = _DAYS[moment.weekday()]
            return (str(moment.day), f"{moment.day:02}", name[:3], name)[min(width, 4) - 1]
        case "h":
            return f"{(moment.hour % 12 or 12) if halves else moment.hour:0{min(width, 2)}}"
        case "n":
            return f"{moment.minute:0{min(width, 2)}}"
        case "s":
            return f"{moment.second:0{min(width, 2)}}"
        case "f":
            return f".{moment.microsecond:06}"[: width + 1]
        case "e":
            unit = {"h": 3600, "m": 60, "s": 1}[sign[0]]
            return f"{int(seconds // unit):0{width}}"
        case "a":
            return ("AM", "PM")[moment.hour >= 12] if width > 3 else ("A", "P")[moment.hour >= 12]
    return sign
