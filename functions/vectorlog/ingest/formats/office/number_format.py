"""Numbers as Excel shows them: 25.5%, 07030, 1,234.50 EUR, 2026-04-21."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache, partial
from operator import eq, ge, gt, le, lt, ne

from vectorlog.ingest.formats.office.date_format import date_writer

Formatter = Callable[[float], str]

_LONGEST = 255
"""Characters of a number format: Excel allows no more."""
_TOKEN = re.compile(
    r"""\[(?P<bracket>[^\]]*)\]|"(?P<quoted>[^"]*)"?|\\(?P<escaped>.?)|_(?P<space>.?)|\*(?P<fill>.?)"""
    r"""|(?P<ampm>AM/PM|A/P|上午/下午)|(?P<general>General|Standard)|(?P<exponent>E[+-])"""
    r"""|(?P<date>[yYmMdDhHsSeEgG]+)|(?P<digits>[0#?]+)|(?P<mark>.)""",
    re.DOTALL | re.IGNORECASE,
)
_CONDITION = re.compile(r"([<>=]{1,2})\s*(-?[0-9]{1,15}(?:\.[0-9]{0,15})?)")
_TESTS: dict[str, Callable[[float, float], bool]] = {"<": gt, "<=": ge, ">": lt, ">=": le, "=": eq, "<>": ne}
"""What compares a section's limit, which comes first, with a number."""
_ELAPSED = re.compile(r"(?i)(?:h+|m+|s+)\Z")
_MOST_DECIMALS = 30
_DATE = "yyyy-mm-dd"
"""How dates are written whose form depends on the reader's region: 14 to 22 among the forms that have no code."""
BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0', 6: '"$"#,##0', 7: '"$"#,##0.00',
    8: '"$"#,##0.00', 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: _DATE, 15: "d-mmm-yy",
    16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: f"{_DATE} h:mm",
    **dict.fromkeys((27, 28, 29, 30, 31, 34, 35, 36, 50, 51, 52, 53, 54, 55, 56, 57, 58), _DATE), 32: "h:mm",
    33: "h:mm:ss", 37: "#,##0;-#,##0", 38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00", 40: "#,##0.00;-#,##0.00",
    41: "#,##0", 42: '"$"#,##0', 43: "#,##0.00", 44: '"$"#,##0.00', 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0",
    48: "##0.0E+0", 49: "@",
}  # fmt: skip
"""The number formats that a workbook names by number only."""


@lru_cache(maxsize=1024)
def formatter(code: str, *, from_1904: bool = False) -> Formatter:
    """Returns what writes numbers with a number format; with a format that is not understood, plain numbers."""
    sections = _sections(code[:_LONGEST])
    made = [_section(each, from_1904=from_1904) for each in sections]
    conditions = [_condition(each) for each in sections]

    def write(number: float) -> str:
        if not math.isfinite(number):
            return str(number)
        if any(conditions):
            for test, one in zip(conditions, made, strict=True):
                if test is None or test(number):
                    return one(number, number < 0 and test is None)
            return general(number)
        if number < 0 and len(made) > 1:
            return made[1](-number, False)
        if number == 0 and len(made) > 2:
            return made[2](0.0, False)
        return made[0](abs(number), number < 0)

    return write


def formatters(codes: Mapping[int, str], styles: Iterable[int], *, from_1904: bool) -> list[Formatter | None]:
    """Returns what writes numbers, by the number of a cell's style; None stands for the format `General`.

    Args:
        codes: the codes of formats, by number.
        styles: the number of each style's format.
        from_1904: whether days are counted from 1904.
    """
    named = (codes.get(style, "General") for style in styles)
    return [None if code in ("General", "", "@") else formatter(code, from_1904=from_1904) for code in named]


def general(number: float) -> str:
    """Returns a number as the format `General` shows it in a wide cell."""
    if not math.isfinite(number):
        return str(number)
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    text = f"{number:.11g}"
    return text.replace("e", "E") if "e" in text else text


def _sections(code: str) -> list[list[re.Match[str]]]:
    sections: list[list[re.Match[str]]] = [[]]
    for token in _TOKEN.finditer(code):
        if token["mark"] == ";":
            sections.append([])
        else:
            sections[-1].append(token)
    return sections[:3]


def _condition(tokens: list[re.Match[str]]) -> Callable[[float], bool] | None:
    """Returns the test that a section has in brackets, such as `[>=100]`."""
    for token in tokens:
        match = _CONDITION.fullmatch(token["bracket"] or "")
        test = _TESTS.get(match[1]) if match else None
        if match and test is not None:
            return partial(test, float(match[2]))
    return None


def _section(tokens: list[re.Match[str]], *, from_1904: bool) -> Callable[[float, bool], str]:
    elapsed = any(token["bracket"] and _ELAPSED.match(token["bracket"]) for token in tokens)
    if elapsed or any(token["date"] and token["date"].strip("eEgG") for token in tokens):
        date = _date(tokens, from_1904=from_1904)
        return lambda number, negative: date(-number if negative else number)
    digits = [token for token in tokens if token["digits"]]
    if any(token["mark"] == "/" for token in tokens) and len(digits) > 1:
        return _fraction
    if not digits:
        return _words(tokens)
    return _number(tokens)


def _literal(token: re.Match[str]) -> str:
    """Returns what a token writes beside the number: text in quotes, a currency, a sign."""
    if token["bracket"] is not None:
        bracket = token["bracket"]
        return bracket[1:].partition("-")[0] if bracket.startswith("$") else ""
    if token["space"] is not None:
        return " " if token["space"] != "-" else ""
    if token["fill"] is not None:
        return " " if token["fill"] == " " else ""
    for name in ("quoted", "escaped", "date", "mark", "ampm"):
        if token[name] is not None:
            return token[name]
    return ""


def _words(tokens: list[re.Match[str]]) -> Callable[[float, bool], str]:
    def write(number: float, negative: bool) -> str:
        parts = [general(number) if token["general"] or token["mark"] == "@" else _literal(token) for token in tokens]
        text = "".join(parts)
        return (f"-{text}" if negative else text).strip()

    return write


def _fraction(number: float, negative: bool) -> str:
    return general(-number if negative else number)


def _number(tokens: list[re.Match[str]]) -> Callable[[float, bool], str]:
    before: list[str] = []
    after: list[str] = []
    whole = decimals = exponent = ""
    place, thousands, scale, percent = 0, False, 0, 0
    between: list[str] = []
    for token in tokens:
        mark = token["mark"]
        if token["digits"]:
            if place == 0:
                if whole and between:
                    return _pattern(tokens)
                whole += token["digits"]
            elif place == 1:
                decimals += token["digits"]
            else:
                exponent += token["digits"]
            thousands = thousands or (scale > 0 and place == 0)
            scale = 0 if place == 0 else scale
        elif mark == "." and place == 0:
            place = 1
        elif mark == "," and (whole or decimals):
            scale += 1
        elif token["exponent"]:
            place = 2
        else:
            if mark in ("%", "‰"):
                percent += 2 if mark == "%" else 3
            text = _literal(token)
            if whole or decimals or place:
                after.append(text)
                between += [text] if place == 0 and text else []
            else:
                before.append(text)
    if place == 2:
        return lambda number, negative: _scientific(-number if negative else number, len(decimals))
    return _decimal(("".join(before), "".join(after)), whole, decimals, percent - 3 * scale, thousands=thousands)


def _decimal(
    around: tuple[str, str], whole: str, decimals: str, shift: int, *, thousands: bool
) -> Callable[[float, bool], str]:
    least, most = sum(each == "0" for each in decimals), min(len(decimals), _MOST_DECIMALS)
    digits = sum(each == "0" for each in whole)
    unit = Decimal(1).scaleb(-most)
    before, after = (" ".join(each.split()) if not each.strip() else each for each in around)

    def write(number: float, negative: bool) -> str:
        exact = Decimal(repr(number)).scaleb(shift)
        try:
            exact = exact.quantize(unit, ROUND_HALF_UP)
        except InvalidOperation:
            return general(-number if negative else number)
        sign = "-" if negative and exact else ""
        left, _, right = f"{abs(exact):f}".partition(".")
        left = left.lstrip("0").rjust(digits, "0")
        if thousands:
            left = f"{int(left or 0):,}" if len(left) <= digits or not digits else _grouped(left)
            left = left if digits or left != "0" else ""
        while len(right) > least and right.endswith("0"):
            right = right[:-1]
        text = f"{left}.{right}" if right else left
        return f"{sign}{before}{text}{after}".strip()

    return write


def _grouped(digits: str) -> str:
    return re.sub(r"(?<=\d)(?=(?:\d{3})+\Z)", ",", digits)


def _scientific(number: float, decimals: int) -> str:
    return f"{number:.{min(decimals, _MOST_DECIMALS)}E}"


def _pattern(tokens: list[re.Match[str]]) -> Callable[[float, bool], str]:
    """Writes digits into a form with signs between them, such as 000-00-0000 or (000) 000-0000."""
    places = sum(len(token["digits"]) for token in tokens if token["digits"])

    def write(number: float, negative: bool) -> str:
        digits = str(int(number + 0.5)).rjust(places, "0")
        extra, rest = digits[: len(digits) - places], digits[len(digits) - places :]
        out = []
        for token in tokens:
            if token["digits"]:
                size = len(token["digits"])
                out.append(extra + rest[:size])
                extra, rest = "", rest[size:]
            else:
                out.append(_literal(token))
        text = "".join(out).strip()
        return f"-{text}" if negative else text

    return write


def _date(tokens: list[re.Match[str]], *, from_1904: bool) -> Callable[[float], str]:
    return date_writer(tokens, from_1904=from_1904, literal=_literal)
