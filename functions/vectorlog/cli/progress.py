"""A progress bar for long commands."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

import click

T = TypeVar("T")


def watch(label: str, items: Iterable[T], total: int | None) -> Iterator[T]:
    """Yields the items, and shows a progress bar on standard error if that is a terminal."""
    with click.progressbar(
        items, length=total, label=f"{label:<15}", show_pos=True, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as shown:
        yield from shown
