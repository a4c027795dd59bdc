"""The language of filters: `year >= 2024 and lang in ("de", "en")` becomes the API's JSON.

    filter     = all { "or" all }
    all        = one { "and" one }
    one        = "not" one | "(" filter ")" | key operator value | key [ "not" ] "in" values
    operator   = "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">="
    values     = "(" value { "," value } ")", or the same in square brackets
    value      = string | number | "true" | "false"
    key        = a word of letters, digits, "_", "-" and ".", or a string

Strings are in single or double quotes; in them, a backslash makes the next character an ordinary one. Words of the
language may be in capitals. `not` turns operators round, because the API has no `not`: `not a > 1` is `a <= 1`, which
finds no file without `a`; `not a = 1` is `a != 1`, which does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

_OPERATORS = {"=": "eq", "==": "eq", "!=": "ne", "<>": "ne", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_OPPOSITE = {"eq": "ne", "lt": "gte", "gt": "lte", "in": "nin", "and": "or"}
_OPPOSITE |= {there: here for here, there in _OPPOSITE.items()}
_CLOSING = {"(": ")", "[": "]"}
_DEEPEST = 100
"""Levels of parentheses and `not`; the API takes 16 levels of conditions, and Python some hundred calls of these."""
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<sign><>|[=!<>]=|[=<>()\[\],])
    |(?P<word>[^\W\d][\w.-]*)
    )""",
    re.VERBOSE | re.DOTALL,
)


class BadFilter(Exception):
    """A filter that cannot be read. The message says why, and shows the place below the text."""

    def __init__(self, said: str, text: str, at: int) -> None:
        line = text.count("\n", 0, at)
        shown = text.split("\n")[line]
        column = at - (text.rfind("\n", 0, at) + 1)
        super().__init__(f"{said}\n  {shown}\n  {' ' * column}^")


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of a filter. `kind` is `number`, `string`, `sign`, `word`, or `end` behind the last one."""

    kind: str
    text: str
    at: int

    def says(self, *words: str) -> bool:
        return self.kind in ("word", "sign") and self.text.lower() in words


def parse(text: str) -> dict[str, Any]:
    """Returns a filter as the API takes it.

    Raises:
        BadFilter: the text is none.
    """
    reader = _Reader(text)
    found = reader.either(0)
    reader.end()
    return found


class _Reader:
    """Reads a filter from left to right; each method reads one rule of the language."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._next = 0

    def either(self, depth: int) -> dict[str, Any]:
        return self._joined("or", depth)

    def end(self) -> None:
        if self._here.kind != "end":
            raise self._expected("'and', 'or' or the end")

    def _joined(self, word: str, depth: int) -> dict[str, Any]:
        def inner() -> dict[str, Any]:
            return self._joined("and", depth) if word == "or" else self._one(depth)

        found = [inner()]
        while self._here.says(word):
            self._take()
            found.append(inner())
        if len(found) == 1:
            return found[0]
        flat = [part for each in found for part in (each["filters"] if each["type"] == word else [each])]
        return {"type": word, "filters": flat}

    def _one(self, depth: int) -> dict[str, Any]:
        if depth > _DEEPEST:
            raise BadFilter("The filter is nested too deeply.", self._text, self._here.at)
        if self._here.says("not"):
            self._take()
            return _negated(self._one(depth + 1))
        if self._here.says("("):
            self._take()
            found = self.either(depth + 1)
            if not self._here.says(")"):
                raise self._expected("'and', 'or' or ')'")
            self._take()
            return found
        return self._comparison()

    def _comparison(self) -> dict[str, Any]:
        if self._here.kind not in ("word", "string") or self._here.says("and", "or", "in"):
            raise self._expected("the name of an attribute")
        key = self._take()
        name = _unquoted(key.text) if key.kind == "string" else key.text
        if self._here.kind == "sign" and self._here.text in _OPERATORS:
            return {"type": _OPERATORS[self._take().text], "key": name, "value": self._value()}
        kind = "in"
        if self._here.says("not"):
            self._take()
            kind = "nin"
        if not self._here.says("in"):
            raise self._expected("'in'" if kind == "nin" else "=, !=, <, <=, >, >=, 'in' or 'not in'")
        self._take()
        return {"type": kind, "key": name, "value": self._values()}

    def _values(self) -> list[Any]:
        if not self._here.says(*_CLOSING):
            raise self._expected("a list of values in parentheses")
        closing = _CLOSING[self._take().text]
        found = [self._value()]
        while self._here.says(","):
            self._take()
            found.append(self._value())
        if not self._here.says(closing):
            raise self._expected(f"',' or '{closing}'")
        self._take()
        return found

    def _value(self) -> Any:  # noqa: ANN401  # a text, number or boolean
        token = self._here
        if token.kind == "string":
            value: Any = _unquoted(token.text)
        elif token.kind == "number":
            value = _number(token.text)
            if value is None:
                raise BadFilter("The number is too large.", self._text, token.at)
        elif token.says("true", "false"):
            value = token.text.lower() == "true"
        elif token.kind == "word" and not token.says("and", "or", "not", "in"):
            raise BadFilter(f'A text needs quotes: "{token.text}"', self._text, token.at)
        else:
            raise self._expected("a value: a text in quotes, a number, true or false")
        self._take()
        return value

    @property
    def _here(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        taken = self._here
        self._next += 1
        return taken

    def _expected(self, what: str) -> BadFilter:
        found = "the end" if self._here.kind == "end" else f"{self._here.text!r}"
        return BadFilter(f"Expected {what}, but found {found}.", self._text, self._here.at)


def _tokens(text: str) -> Sequence[_Token]:
    found: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            if text[at] in "\"'":
                raise BadFilter("The text that begins here has no closing quote.", text, at)
            if text[at] == "!":
                raise BadFilter("'!' alone means nothing; write != or 'not'.", text, at)
            raise BadFilter(f"{text[at]!r} means nothing here.", text, at)
        found.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return [*found, _Token("end", "", end)]


def _number(text: str) -> int | float | None:
    """The number that a text is, or None if a server cannot hold it: integers have 64 bits."""
    if not text.lstrip("+-").isdigit():
        number = float(text)
        return number if isfinite(number) else None
    return int(text) if len(text) < 21 and -(2**63) <= int(text) < 2**63 else None


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def _negated(condition: dict[str, Any]) -> dict[str, Any]:
    opposite = {**condition, "type": _OPPOSITE[condition["type"]]}
    if "filters" in condition:
        opposite["filters"] = [_negated(each) for each in condition["filters"]]
    return opposite
