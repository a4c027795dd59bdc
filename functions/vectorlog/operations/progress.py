"""Long passes over a deployment: items in pages, with progress."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol, TypeVar

T = TypeVar("T")

PAGE = 256
"""Items of a page."""


class Watch(Protocol):
    """Shows the progress of iterating over items. `total` is None if it is not known."""

    def __call__(self, label: str, items: Iterable[T], total: int | None) -> Iterator[T]:
        """Yields the same items in the same order."""
        ...


def silent(label: str, items: Iterable[T], total: int | None) -> Iterator[T]:
    """A Watch that shows nothing."""
    del label, total
    return iter(items)


def pages(items: Iterable[T]) -> Iterator[list[T]]:
    """Yields the items in pages of up to `PAGE`."""
    rest = iter(items)
    while page := list(islice(rest, PAGE)):
        yield page
