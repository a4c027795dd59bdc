"""A function's answer to a batch: which items failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class BatchFailed(Exception):
    """The answer names no items or wrong ones, so Lambda takes the whole batch as failed."""


def failed_items(answer: Mapping[str, Any] | None, items: Sequence[str]) -> frozenset[str]:
    """The items that `batchItemFailures` names; none if there is no such list.

    Raises:
        BatchFailed: an entry has no identifier, an empty one, or one that is not in the batch.
    """
    failures = (answer or {}).get("batchItemFailures") or []
    named = [failure.get("itemIdentifier") for failure in failures]
    if unknown := set(named).difference(items):
        raise BatchFailed(f"batchItemFailures names {sorted(map(str, unknown))}, which the batch does not hold")
    return frozenset(named)
