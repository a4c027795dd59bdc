"""The port of the counters, and which there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Counter:
    """A number that only grows, kept apart by the values of its labels, of which there are few.

    Attributes:
        name: in snake case; each system writes it in its own way.
        labels: their names, in order. A label that does not apply has the value "".
    """

    name: str
    description: str
    labels: tuple[str, ...]


FILES = Counter("files", "Ingests of files by how they went on; 'postponed' once for each wait.", ("outcome", "code"))
PROVIDER_REFUSALS = Counter(
    "provider_refusals", "Calls that an embedding provider refused after its own retries.", ("model", "kind")
)
FAILED_REQUESTS = Counter("failed_requests", "Requests that were answered with a 5xx.", ("route", "status"))

COUNTERS = (FILES, PROVIDER_REFUSALS, FAILED_REQUESTS)

FileOutcome = Literal["completed", "failed", "postponed", "given_up"]
"""What `FILES` counts. A file that is given up is counted as failed too, because it fails by that."""


class Metrics(Protocol):
    """Where counts go. Safe to use from several threads; counting raises nothing that its caller should handle."""

    def count(self, counter: Counter, value: int = 1, /, **labels: str) -> None:
        """Adds to a counter at these labels."""
        ...


class Uncounted:
    """Implements Metrics for commands and tests, whose counts nobody reads."""

    def count(self, counter: Counter, value: int = 1, /, **labels: str) -> None:
        """See Metrics."""
