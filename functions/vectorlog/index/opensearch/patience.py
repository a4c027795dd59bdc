"""How long to try with OpenSearch, and which of its errors make another try worthwhile."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from vectorlog.domain.errors import Unavailable

BUSY = 503
TEMPORARY = {429, 502, BUSY, 504}
"""Statuses of what may succeed in a moment."""

_FIRST_PAUSE = 0.2

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try: so many requests at most, each for so many seconds."""

    attempts: int
    seconds: float


SEARCHING = Patience(attempts=3, seconds=9)
"""Someone waits, for 29 s at most behind API Gateway."""
WRITING = Patience(attempts=5, seconds=30)
"""A wait for the refresh takes up to a second, rarely eleven."""


class IndexRefused(Exception):
    """OpenSearch will not take this request, repeated or not; the message names its reason."""


class Busy(Exception):
    """The same request may succeed in a moment."""


def patiently(patience: Patience, pause: Callable[[float], None], step: Callable[[], T]) -> T:
    """Takes a step, again while OpenSearch is busy; `pause` waits so many seconds. Unavailable where it was busy each
    time.
    """
    for attempt in range(1, patience.attempts + 1):
        try:
            return step()
        except Busy as busy:
            if attempt == patience.attempts:
                raise Unavailable(f"The search index does not answer: {busy}") from busy
        pause(_FIRST_PAUSE * 2 ** (attempt - 1) * random.uniform(1, 1.5))
    raise ValueError("patience for at least one attempt")


def raise_for(errors: Sequence[tuple[int, object]]) -> None:
    """Raises what these errors, each with its status, mean together."""
    for status, error in errors:
        if status not in TEMPORARY:
            raise IndexRefused(reason(error))
    if errors:
        raise Busy(reason(errors[0][1]))


def reason(error: object) -> str:
    """OpenSearch's own words, and those of the cause."""
    if not isinstance(error, dict):
        return str(error)
    cause = error.get("caused_by", {}).get("reason")
    return f"{error.get('reason')}" + (f" ({cause})" if cause else "")
