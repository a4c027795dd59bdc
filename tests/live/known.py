"""What a client knows of each thing that it wrote: what must hold, and what may hold.

Each thing belongs to one client, whose requests come one after the other. So after an answered write there is one
possible value, and after a lost answer there are two, until a read tells which. `None` is the value of what is absent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.live.journal import Answer

Attributes = dict[str, Any]


@dataclass(eq=False)
class Upload:
    """An uploaded file. `exists` holds the possible answers to whether it exists."""

    id: str
    name: str
    word: str
    text: bytes
    exists: set[bool] = field(default_factory=lambda: {True})

    @property
    def readable(self) -> bool:
        """Whether it has text to ingest."""
        return bool(self.text.strip())


@dataclass(eq=False)
class Attached:
    """A file in a store.

    Attributes:
        possible: attributes, or None for not attached.
        may_end: in these statuses, besides what follows from its text.
        free: whether later requests may touch it; not if it is part of a batch whose outcome is open.
    """

    upload: Upload
    possible: list[Attributes | None]
    may_end: set[str] = field(default_factory=set)
    free: bool = True

    def written(self, value: Attributes | None, answer: Answer) -> None:
        """Notes a write of this value."""
        if answer.done:
            self.possible = [value]
        elif answer.possible and value not in self.possible:
            self.possible.append(value)

    @property
    def certain(self) -> bool:
        """Whether it is in its store for certain, with attributes that are known."""
        return len(self.possible) == 1 and self.possible[0] is not None


@dataclass(eq=False)
class Store:
    """A store, and the files that its client attached to it."""

    id: str
    name: str
    shared: bool = False
    exists: set[bool] = field(default_factory=lambda: {True})
    files: dict[str, Attached] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch: its id if that is known, and its files, which were not in the store before."""

    id: str
    store: Store
    files: tuple[Attached, ...]
