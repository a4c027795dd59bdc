"""Attributes and metadata that a command is given as `key=value`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def option(name: str, help: str) -> Callable[[F], F]:
    """Returns a decorator that adds an option `key=value` to a command, which gets a dict: numbers, `true` and `false`
    are what they look like, and everything else is text; quotes make any value a text.
    """
    return click.option(f"--{name}", multiple=True, metavar="KEY=VALUE", callback=_read, help=help)


def value_of(text: str) -> str | int | float | bool:
    """The number or boolean that a text is, the text in its double quotes, or the text itself."""
    if re.fullmatch(r'-?(0|[1-9]\d{0,17})(\.\d+)?|true|false|".*"', text, re.DOTALL):
        try:
            found: str | int | float | bool = json.loads(text)
        except ValueError:
            return text
        return found
    return text


def _read(context: click.Context, option: click.Parameter, given: Sequence[str]) -> dict[str, Any]:
    del context, option
    read: dict[str, Any] = {}
    for each in given:
        key, sign, value = each.partition("=")
        if not sign or not key:
            raise click.BadParameter(f"{each!r} is not of the form key=value.")
        read[key] = value_of(value)
    return read
