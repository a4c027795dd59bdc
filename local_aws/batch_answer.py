"""What a function answered to a batch: which of its items failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class BatchFailed(Exception):
    """The answer names no items or wrong ones, so that Lambda takes all of the batch as failed."""


def failed_items(answer: Mapping[str, Any] | None, items: Sequence[str]) -> frozenset[str]:
    """The items that `batchItemFailures` names; none, where there is no such list.

    Raises:
        BatchFailed: an entry has no identifier, an empty one, or one that is not in the batch.
    """
    failures = (answer or {}).get("batchItemFailures") or []
    named = [failure.get("itemIdentifier") for failure in failures]
    if unknown := set(named).difference(items):
        raise BatchFailed(f"batchItemFailures names {sorted(map(str, unknown))}, which the batch does not hold")
    return frozenset(named)
