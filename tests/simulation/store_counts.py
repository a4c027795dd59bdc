"""The counts of a store, compared with the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tests.simulation.model import Model, Store, require

STATUSES = ("in_progress", "completed", "failed", "cancelled")


def check(model: Model, store: Store, counts: Mapping[str, int]) -> None:
    """Raises Wrong unless a store's counts add up, and each is one that its files may have."""
    parts = {status: counts[status] for status in STATUSES}
    require(
        sum(parts.values()) == counts["total"] and min(parts.values()) >= 0,
        f"the counts of {store.label} do not add up: {counts}",
    )
    least: Counter[str] = Counter()
    most: Counter[str] = Counter()
    for place in model.in_store(store.label):
        if model.is_wild(place):
            most.update([*STATUSES, "total"])
            continue
        shown = model.in_rows(place)
        statuses = {each[0] for each in shown if each is not None}
        most.update([*statuses, *(["total"] if statuses else [])])
        if any(state.entry(batch) == "unreached" for batch in place.counted_by for state in place.states | place.rows):
            most.update(["total", "in_progress"])
        if None not in shown and not place.unshown:
            least["total"] += 1
            if len(statuses) == 1:
                least.update(statuses)
    for place in model.in_store(store.label):
        if place.file.deleted != "no":  # it may be counted until the work behind its deletion is done
            most.update(["total", *STATUSES])
    for batch in model.batches.values():
        if batch.store == store.label and batch.unanswered:  # what it names may count twice until it is reached
            for _ in batch.settings:
                most.update(["total", "in_progress"])
    for name in ("total", *STATUSES):
        require(
            least[name] <= counts[name] <= most[name],
            f"{store.label} counts {counts[name]} {name}; it must be from {least[name]} to {most[name]} ({counts})",
        )
