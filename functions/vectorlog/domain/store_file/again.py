"""Decisions that have a file ingested again, with the settings that it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vectorlog.domain.store_file.decisions import open_generation, serving_generation
from vectorlog.domain.store_file.events import SINGLE, Event, FileAttached, FileDetached, Placement, without
from vectorlog.domain.store_file.state import State


def reingest(state: State, at: int) -> Sequence[Event]:
    """Retires the serving generation and opens the next one with the same settings, because the store has another model
    now, or the artefact is lost. Batches that wait for the open generation wait for the new one.
    """
    if state.serving is None or state.placement is None:
        return []
    retired = FileDetached(at, "detached", (), (*open_generation(state), *serving_generation(state)))
    return [retired, _next_generation(state, at, state.placement)]


def reread(state: State, at: int) -> Sequence[Event]:
    """Opens the next generation of a file that serves, with the same settings, because files are read in another way
    now. The old one serves until it is indexed. Decides nothing if a generation is open, which will be read so.
    """
    if state.serving is None or state.open is not None or state.placement is None:
        return []
    return [_next_generation(state, at, state.placement)]


def embed_for_move(state: State, at: int, move: int) -> Sequence[Event]:
    """Opens the next generation of a file whose serving one is not embedded for a move of its store, with the same
    settings and owners. So the file's later generations are begun after the move, and embedded for it.

    What serves goes on serving. An open generation, which may have begun before the move, is retired. Decides nothing
    if no generation serves or is open.
    """
    if state.placement is None or (state.serving is not None and state.serving.move == move):
        return []
    if state.open is not None:
        opened = _next_generation(state, at, state.placement)
        return [replace(opened, owners=state.open.owners, retires=open_generation(state))]
    return [] if state.serving is None else [_next_generation(state, at, state.placement)]


def _next_generation(state: State, at: int, placement: Placement) -> FileAttached:
    """Returns the event that opens the next generation with the settings of the last one."""
    return FileAttached(
        at=at,
        asked_at=at,
        by=SINGLE,
        generation=state.generation + 1,
        owners=(*without(state.open.owners if state.open else (), SINGLE), SINGLE),
        placement=placement,
        revision=state.revision,
        filename=state.filename,
        sha256=state.sha256,
        attributes=state.attributes,
        chunking=state.chunking,
    )
