"""Groups commits that can share a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias, assert_never

from vectorlog.domain.ids import StoreFileId
from vectorlog.domain.store_file import (
    Event,
    FileAttached,
    FileAttributesChanged,
    FileCancelled,
    FileChunked,
    FileDetached,
    FileFailed,
    FileIngested,
    StoreFileErased,
)
from vectorlog.event_log.decision import AnyDecision, StoreFileDecision, is_store_file
from vectorlog.views.store_file_rows import batches_of, changes_no_row, changes_pointers, leaves_store
from vectorlog.views.table import WRITE_LIMIT

POINTERS, SHARED_WRITES = 2, 3
"""Writes of a decision that changes pointers (the file's attachment and its content row), and those that all files of a
store share (the store's counts, and the usage of its project and end user). In addition, each batch has a row of
counts.
"""
OWNERS = 40
"""How many owners of a generation one part of a decision names at most, so that its writes fit into a transaction."""
Owned: TypeAlias = FileAttached | FileIngested | FileFailed | FileDetached


def groups(decisions: Iterable[AnyDecision]) -> Iterator[Sequence[AnyDecision]]:
    """Yields groups of decisions that can share a transaction: decisions on files of the same store, in their order, as
    long as their writes fit; any other decision alone.

    Fewer transactions on a store's counts mean fewer conflicts.
    """
    waiting: dict[str, _Group] = {}
    for decision in decisions:
        if not is_store_file(decision):
            yield [decision]
            continue
        store = StoreFileId.parse(decision.stream).store
        for part in _parts(decision):
            group = waiting.setdefault(store, _Group())
            if not group.fits(part):
                yield group.decisions
                group = waiting[store] = _Group()
            group.add(part)
    yield from (group.decisions for group in waiting.values())


class _Group:
    """Decisions on files of one store, and the largest number of writes that they can need."""

    def __init__(self) -> None:
        self.decisions: list[StoreFileDecision] = []
        self._own = 0
        self._batches: set[str] = set()

    def fits(self, decision: StoreFileDecision) -> bool:
        """Whether the decision's writes fit with the others, or the group is empty."""
        writes = SHARED_WRITES + self._own + _own_writes(decision) + len(self._batches | batches_of(decision))
        return not self.decisions or writes <= WRITE_LIMIT

    def add(self, decision: StoreFileDecision) -> None:
        self.decisions.append(decision)
        self._own += _own_writes(decision)
        self._batches |= batches_of(decision)


def _own_writes(decision: StoreFileDecision) -> int:
    """Returns the number of writes to rows that no other file shares: its row, its pointers, its batches' entries."""
    if changes_no_row(decision):
        return 0
    pointers = POINTERS if any(map(changes_pointers, decision.events)) else 0
    return 1 + pointers + int(leaves_store(decision)) + len(batches_of(decision))


def _parts(decision: StoreFileDecision) -> Iterator[StoreFileDecision]:
    """Yields the decision; if more batches wait for the file than fit a transaction, once for each part of them."""
    most = max(map(_owners, decision.events), default=0)
    if most <= OWNERS:
        yield decision
        return
    for start in range(0, most, OWNERS):
        yield replace(decision, events=tuple(_some_owners(event, start) for event in decision.events))


def _owners(event: Event) -> int:
    if isinstance(event, StoreFileErased):
        return len(event.entries)
    return len(event.owners) if isinstance(event, Owned) else 0


def _some_owners(event: Event, start: int) -> Event:
    match event:
        case FileAttached() | FileIngested() | FileFailed() | FileDetached():
            return replace(event, owners=event.owners[start : start + OWNERS])
        case StoreFileErased():
            return replace(event, entries=event.entries[start : start + OWNERS])
        case FileChunked() | FileCancelled() | FileAttributesChanged():
            return event
        case _ as never:
            assert_never(never)
