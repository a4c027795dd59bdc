"""Parts of a process that are created once, when they are first needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

_parts: list[Any] = []


def once(make: Callable[[], T]) -> Callable[[], T]:
    """Caches the result of `make`, which is called at the first use."""
    cached = cache(make)
    _parts.append(cached)
    return cached


def forget() -> None:
    """Clears every cached part. For tests, whose environment changes within a process."""
    for part in _parts:
        part.cache_clear()
