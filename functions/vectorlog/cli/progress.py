"""A progress bar for long commands."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

import click

T = TypeVar("T")


def watch(label: str, items: Iterable[T], total: int | None) -> Iterator[T]:
    """Yields the items, and shows a progress bar on standard error if that is a terminal: how many, how many a second,
    and the time that is left if the total is known.
    """
    began = time.monotonic()

    def rate(_: T | None) -> str:
        seconds = time.monotonic() - began
        return f"{shown.pos / seconds:,.0f}/s" if seconds > 1 else ""

    with click.progressbar(
        items,
        length=total,
        label=f"{label:<15}",
        show_pos=True,
        item_show_func=rate,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
    ) as shown:
        yield from shown
