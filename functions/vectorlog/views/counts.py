"""The counts of a store or a batch, from those that its row holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of files by status, which add up to `total`.

    Attributes:
        usage_bytes: the size of the completed files' text.
        unreached: how many files their batches have not reached; a file that two batches name counts twice.
        pending: how many files in progress are shown from a manifest only: unreached, and not known to the store.
    """

    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    usage_bytes: int = 0
    unreached: int = 0
    pending: int = 0

    @property
    def total(self) -> int:
        """The number of files in any status."""
        return self.in_progress + self.completed + self.failed + self.cancelled


def batch_counts_of(counts: Mapping[str, int], total: int) -> Counts:
    """Returns the counts of a batch of `total` files from those in its row."""
    ended = {status: counts.get(status, 0) for status in ("completed", "failed", "cancelled")}
    return Counts(in_progress=total - sum(ended.values()), unreached=total - counts.get("reached", 0), **ended)


def store_counts_of(counts: Mapping[str, int]) -> Counts:
    """Returns the counts of a store from those in its row."""
    unreached = counts.get("unreached", 0)
    pending = unreached - counts.get("known", 0)
    return Counts(
        in_progress=counts.get("in_progress", 0) + pending,
        completed=counts.get("completed", 0),
        failed=counts.get("failed", 0),
        cancelled=counts.get("cancelled", 0),
        usage_bytes=counts.get("usage_bytes", 0),
        unreached=unreached,
        pending=pending,
    )
