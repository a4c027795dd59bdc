"""The port of a deployment's event bus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class BusError(Exception):
    """Some events were not taken. Others may have been; all of them can be put again."""


class EventBus(Protocol):
    """Takes events that others have asked for by rules of their own."""

    def put(self, events: Sequence[str]) -> None:
        """Puts up to ten events, each as JSON text (`payload.py`), in their order.

        Raises:
            BusError: not all of them were taken.
        """
        ...
