"""Which commits share a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from vectorlog.domain.ids import StoreFileId, parse_stream
from vectorlog.event_log.streams import Decision
from vectorlog.views.projection import batches_of, changes_membership, changes_no_row
from vectorlog.views.table import WRITE_LIMIT

POINTERS, SHARED_WRITES = 2, 1
"""Rows that say where a file is, and of its store: the counts. Each batch has a row of counts besides."""
OWNERS = 40


def groups(decisions: Iterable[Decision[Any, Any]]) -> Iterator[list[Decision[Any, Any]]]:
    """Decisions that may share a transaction: those about files of one store as long as their writes fit, in their
    order; others alone.

    The fewer transactions on a store's counts, the fewer get into each other's way.
    """
    waiting: dict[str, _Group] = {}
    for decision in (part for whole in decisions for part in _parts(whole)):
        stream = parse_stream(decision.stream)
        if not isinstance(stream, StoreFileId):
            yield [decision]
            continue
        group = waiting.setdefault(stream.store, _Group())
        if not group.takes(decision):
            yield group.decisions
            group = waiting[stream.store] = _Group()
        group.add(decision)
    yield from (group.decisions for group in waiting.values())


class _Group:
    """Decisions on files of one store, and what they write at most."""

    def __init__(self) -> None:
        self.decisions: list[Decision[Any, Any]] = []
        self._own = 0
        self._batches: set[str] = set()

    def takes(self, decision: Decision[Any, Any]) -> bool:
        """Whether its writes fit beside the others, or there are none yet."""
        writes = SHARED_WRITES + self._own + _own_writes(decision) + len(self._batches | batches_of(decision))
        return not self.decisions or writes <= WRITE_LIMIT

    def add(self, decision: Decision[Any, Any]) -> None:
        self.decisions.append(decision)
        self._own += _own_writes(decision)
        self._batches |= batches_of(decision)


def _own_writes(decision: Decision[Any, Any]) -> int:
    """Of rows that no other file shares: its row, its pointers, its batches' entries."""
    if changes_no_row(decision):
        return 0
    return 1 + (POINTERS if any(map(changes_membership, decision.events)) else 0) + len(batches_of(decision))


def _parts(decision: Decision[Any, Any]) -> Iterator[Decision[Any, Any]]:
    """The decision; where more batches wait for the file than a transaction has room for, once for each part of
    them.
    """
    most = max((len(getattr(event, "owners", ())) for event in decision.events), default=0)
    if most <= OWNERS:
        yield decision
        return
    for start in range(0, most, OWNERS):
        events = (
            replace(event, owners=event.owners[start : start + OWNERS]) if hasattr(event, "owners") else event
            for event in decision.events
        )
        yield replace(decision, events=tuple(events))
