"""How far a long command is, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

import click

T = TypeVar("T")


def watch(label: str, items: Iterable[T], total: int | None) -> Iterator[T]:
    """The items, with a bar on standard error; away from a terminal there is none."""
    with click.progressbar(
        items, length=total, label=f"{label:<15}", show_pos=True, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as shown:
        yield from shown
