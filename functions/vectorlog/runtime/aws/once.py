"""Parts of a process that are made once, when they are first needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

_parts: list[Any] = []


def once(make: Callable[[], T]) -> Callable[[], T]:
    """What `make` gives, made at the first call."""
    made = cache(make)
    _parts.append(made)
    return made


def forget() -> None:
    """Lets every part be made anew; for tests, whose surroundings change within a process."""
    for part in _parts:
        part.cache_clear()
