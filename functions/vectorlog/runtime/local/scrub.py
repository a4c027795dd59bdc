"""Removes from the disk what an erasure has left there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from vectorlog.domain.vectors import Space
from vectorlog.index.embedded.index import LocalIndex


class Scrubbed(Protocol):
    """What holds a database."""

    def scrub(self) -> None:
        """See Database."""
        ...


def scrubbing(index: LocalIndex, *databases: Scrubbed) -> Callable[[Space | None, str], None]:
    """Returns the implementation of `Deployment.scrub`."""

    def scrub(space: Space | None, store: str) -> None:
        if space is not None:
            index.expunge(space, store)
        for database in (index, *databases):
            database.scrub()

    return scrub
