"""Goes on with other stores if one cannot be searched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from vectorlog.domain.errors import Refused

T = TypeVar("T")

Skipped = Callable[[str, Refused], None]
"""Is told of a store that was not searched, and why."""


class Skipping:
    """Notes which stores cannot be searched, and why; without `skipped`, the first one that cannot ends the search."""

    def __init__(self, skipped: Skipped | None) -> None:
        self._skipped = skipped
        self.refused: dict[str, Refused] = {}

    def guarded(self, stores: Sequence[str], read: Callable[[], T]) -> Callable[[], T | None]:
        """Returns a read that notes its refusal for these stores, and then returns None."""

        def step() -> T | None:
            try:
                return read()
            except Refused as error:
                if self._skipped is None:
                    raise
                self.refused |= dict.fromkeys(stores, error)
                return None

        return step

    def tell(self, stores: Sequence[str], *, searched: bool) -> None:
        """Tells of the stores that were not searched, in their order.

        Raises:
            Refused: none was `searched`; it is the refusal of the first one.
        """
        for store in stores:
            if (refusal := self.refused.get(store)) is not None:
                if self._skipped is None or not searched:
                    raise refusal
                self._skipped(store, refusal)
