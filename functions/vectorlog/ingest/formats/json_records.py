"""Walks a text in JSON record by record, so that the memory it takes does not grow with the number of records."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]  # the standard library's own scanner of strings
from typing import TypeAlias

_BLANK = re.compile(r"[ \t\n\r]*+")
_COMMA = re.compile(r"[ \t\n\r]*+,[ \t\n\r]*+")
_COLON = re.compile(r"[ \t\n\r]*+:[ \t\n\r]*+")
_NUMBERS = re.compile(r"(?>(?:[-+.0-9eE]{1,40}+[ \t\n\r]*+,[ \t\n\r]*+){8,400})")
"""Numbers of an array that are parsed together."""
_DEEPEST = 3
"""Objects and arrays inside of so many others are parsed as a whole; those outside, member by member."""


class Members(tuple[tuple[str, "Value"], ...]):
    """The members of an object, in order; a name may occur twice."""

    __slots__ = ()


Value: TypeAlias = "str | bool | list[Value] | Members | None"
"""A value; numbers are kept as they are written."""


@dataclass(frozen=True, slots=True)
class Found:
    """A value and the names and places that lead to it: `("orders", 3)`."""

    path: tuple[str | int, ...]
    value: Value


class Invalid(Exception):
    """The text is not valid from the character `at` on."""

    def __init__(self, at: int) -> None:
        super().__init__(f"not valid JSON at character {at}")
        self.at = at


_decoder = json.JSONDecoder(object_pairs_hook=Members, parse_float=str, parse_int=str, parse_constant=str, strict=False)


def values(text: str) -> Iterator[Found]:
    """Yields the values of a text in order: those of an object member by member, those of an array one by one, down to
    a depth of `_DEEPEST`. A text may have several objects or arrays, one after the other; the paths of all but the
    first begin with their number.

    Raises:
        Invalid: after the values before it.
    """
    end = yield from _walk(text, _after(_BLANK, text, 0), (), 0)
    number = 0
    while (start := _after(_BLANK, text, end)) < len(text):
        if text[start] not in "{[":
            raise Invalid(start)
        number += 1
        end = yield from _walk(text, start, (number,), 1)


def parse(text: str) -> Value:
    """Returns the one value of a text.

    Raises:
        Invalid: it is not valid.
    """
    start = _after(_BLANK, text, 0)
    value, end = _whole(text, start)
    if _after(_BLANK, text, end) < len(text):
        raise Invalid(end)
    return value


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Yields the lines of a text that are not blank, each with its number from 1 on."""
    start = number = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        number += 1
        if line := text[start:end].strip():
            yield number, line
        start = end + 1


def _walk(text: str, at: int, path: tuple[str | int, ...], depth: int) -> Generator[Found, None, int]:
    """Yields the values inside the value at `at`; returns where it ends."""
    opening = text[at : at + 1]
    if depth == _DEEPEST or opening not in ("{", "["):
        value, end = _whole(text, at)
        yield Found(path, value)
        return end
    closing = "}" if opening == "{" else "]"
    at = _after(_BLANK, text, at + 1)
    if text[at : at + 1] == closing:
        return at + 1
    number = 0
    while True:
        if opening == "[" and (numbers := _NUMBERS.match(text, at)):
            value = parse(f"[{numbers[0].rstrip()[:-1]}]")
            yield Found(path, value)
            number, at = number + len(value) if isinstance(value, list) else number, numbers.end()
        step: str | int = number
        begun = at
        if opening == "{":
            step, at = _name(text, at)
        try:
            at = yield from _walk(text, at, (*path, step), depth + 1)
        except Invalid as error:
            raise Invalid(begun if error.at == at else error.at) from error
        number += 1
        comma = _COMMA.match(text, at)
        if comma is None:
            break
        at = comma.end()
    at = _after(_BLANK, text, at)
    if text[at : at + 1] != closing:
        raise Invalid(at)
    return at + 1


def _name(text: str, at: int) -> tuple[str, int]:
    if text[at : at + 1] != '"':
        raise Invalid(at)
    try:
        name, end = scanstring(text, at + 1, False)
    except ValueError as error:
        raise Invalid(at) from error
    colon = _COLON.match(text, end)
    if colon is None:
        raise Invalid(end)
    return name, colon.end()


def _whole(text: str, at: int) -> tuple[Value, int]:
    try:
        value, end = _decoder.raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        raise Invalid(at) from error
    return value, end


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def flat(value: Value, name: str = "") -> Iterable[tuple[str, Value]]:
    """Yields the strings, numbers and lists of them inside a value, each with its name: `address.city`, `items[0].id`.

    Long names are shortened at their beginning, so that what a deeply nested value gives does not grow faster than it.
    """
    waiting: list[tuple[str, Value]] = [(name, value)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, Members):
            waiting += [(shortened(f"{name}.{key}" if name else key), member) for key, member in reversed(value)]
        elif isinstance(value, list) and any(isinstance(each, list | Members) for each in value):
            waiting += [(shortened(f"{name}[{n}]"), each) for n, each in reversed([*enumerate(value)])]
        else:
            yield name, value


LONGEST_NAME = 100


def shortened(name: str) -> str:
    """Returns a name of at most `LONGEST_NAME` characters, without line breaks."""
    name = " ".join(name.split()) if not name.isprintable() else name
    return name if len(name) <= LONGEST_NAME else "…" + name[1 - LONGEST_NAME :]
