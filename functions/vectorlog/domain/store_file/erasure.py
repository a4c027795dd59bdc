"""The decision that erases the history of a file in a store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from vectorlog.domain.chunking import AUTO
from vectorlog.domain.store_file.decisions import detach
from vectorlog.domain.store_file.events import (
    Entry,
    Event,
    FileAttached,
    FileCancelled,
    Retired,
    StoreFileErased,
    entries,
)
from vectorlog.domain.store_file.state import INITIAL, evolve


def erase(history: Iterable[Event], at: int, reason: Literal["detached", "file_deleted"]) -> Sequence[Event]:
    """Takes a file out of its store, if that is not done yet, and has its history in the store erased.

    Args:
        history: all events of the stream that there are, in order; the first of them may itself be a StoreFileErased.
        at: ms since 1970.
        reason: why the file leaves the store.

    Returns:
        The events; none if the stream is empty, or if nothing happened since it was erased.
    """
    state, event, closed, known = INITIAL, None, dict[str, Entry](), set[str]()
    generations = dict[int, int]()

    def note(event: Event) -> None:
        nonlocal state
        state = evolve(state, event)
        known.update(seen.batch for seen in state.seen if seen.known)
        if isinstance(event, StoreFileErased):
            known.update(each.batch for each in event.entries if each.known)
            generations.update((each.generation, each.chunks) for each in event.retires)
        for batch, outcome in entries(event).items():
            if outcome != "open" and batch not in closed:
                closed[batch] = Entry(batch, outcome)
        for generation in (state.open, state.serving):
            if generation is not None:
                generations[generation.generation] = generation.chunks

    for event in history:
        note(event)
    if event is None or isinstance(event, StoreFileErased):
        return []
    leaving = detach(state, at, reason)
    for event in leaving:
        note(event)
    erased = StoreFileErased(
        at=at,
        generation=state.generation,
        placement=state.placement,
        revision=state.revision,
        detached_at=state.detached_at,
        seen=state.seen,
        forgotten_until=state.forgotten_until,
        entries=tuple(Entry(each.batch, each.outcome, each.batch in known) for each in closed.values()),
        retires=tuple(Retired(*each) for each in sorted(generations.items())),
    )
    return [*leaving, erased]


def without_content(events: Iterable[Event]) -> Sequence[Event]:
    """Returns events of a file that is erased as they may be stored: without its name, hash and settings."""
    return [
        replace(event, filename="", sha256="", attributes={}, chunking=AUTO)
        if isinstance(event, FileAttached | FileCancelled)
        else event
        for event in events
    ]
