"""Moves of a store: its files are embedded for another space while the old vectors serve, and then the store switches
to the new ones with one commit.

The moves of a store have numbers, from 1. The vectors that it began with have the number 0, and those that a move makes
have the number of the move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vectorlog.domain.vectors import Space

AGAIN_MS = 600_000
"""How long after the end of a move the next one may begin, in ms: by then the chunks that it left are removed, and a
move back does not meet them.
"""

# Events


@dataclass(frozen=True, slots=True)
class VectorStoreMoved:
    """A store was imported into a deployment that does not offer its model, and has this model from now on; its files
    are ingested again.
    """

    at: int
    model: str
    dimensions: int


@dataclass(frozen=True, slots=True)
class VectorsMoveBegun:
    """A move to another space began, or is to go through all files once more (`attempt`, from 1)."""

    at: int
    number: int
    attempt: int
    model: str
    dimensions: int


@dataclass(frozen=True, slots=True)
class VectorsMoveEnded:
    """A move ended: the store has `switched` to its space, or stays in the one that it had. Nothing needs the store's
    chunks in the space that is left any more.
    """

    at: int
    number: int
    switched: bool
    left_model: str
    left_dimensions: int

    @property
    def left(self) -> Space:
        """The space that is left."""
        return Space(self.left_model, self.left_dimensions)


Event = VectorsMoveBegun | VectorsMoveEnded

# State


@dataclass(frozen=True, slots=True)
class Move:
    """A move that is under way. `attempt` counts how often it was begun."""

    number: int
    attempt: int
    model: str
    dimensions: int

    @property
    def space(self) -> Space:
        """The space that the store moves to."""
        return Space(self.model, self.dimensions)


@dataclass(frozen=True, slots=True)
class Moves:
    """The moves of a store.

    Attributes:
        last: the number of the last one that began.
        current: the number of the vectors that serve.
        under_way: None if none is.
        ended_at: when the last one ended, in ms since 1970.
    """

    last: int = 0
    current: int = 0
    under_way: Move | None = None
    ended_at: int = 0

    def spaces(self, space: Space) -> tuple[tuple[Space, int], ...]:
        """Returns the spaces of a store whose own is `space`, each with the number of its vectors."""
        own, move = (space, self.current), self.under_way
        return (own,) if move is None else (own, (move.space, move.number))

    def space_after(self, space: Space, event: Event) -> Space:
        """Returns the space in which a store serves after one more event; before it, that is `space`."""
        switches = isinstance(event, VectorsMoveEnded) and event.switched
        return self.under_way.space if switches and self.under_way is not None else space


# Evolve


def moved(moves: Moves, event: Event) -> Moves:
    """Returns the moves of a store after one more event."""
    if isinstance(event, VectorsMoveBegun):
        begun = Move(event.number, event.attempt, event.model, event.dimensions)
        return replace(moves, last=event.number, under_way=begun)
    current = event.number if event.switched else moves.current
    return replace(moves, current=current, under_way=None, ended_at=event.at)


# Decisions


def begin(moves: Moves, space: Space, target: Space, at: int) -> Sequence[Event]:
    """Begins a move from one space to another, or has the same one go through all files once more. Decides nothing if
    the store is in that space, moves to another one, or has just ended a move.
    """
    move = moves.under_way
    if move is not None:
        again = VectorsMoveBegun(at, move.number, move.attempt + 1, target.model, target.dimensions)
        return [again] if move.space == target else []
    if target == space or not may_begin(moves, at):
        return []
    return [VectorsMoveBegun(at, moves.last + 1, 1, target.model, target.dimensions)]


def may_begin(moves: Moves, at: int) -> bool:
    """Whether the last move ended long enough ago for a new one."""
    return moves.last == 0 or at - moves.ended_at >= AGAIN_MS


def switch(moves: Moves, space: Space, number: int, attempt: int, at: int) -> Sequence[Event]:
    """Ends a move with the switch, if this attempt of it is under way."""
    move = moves.under_way
    if move is None or (move.number, move.attempt) != (number, attempt):
        return []
    return [VectorsMoveEnded(at, number, True, space.model, space.dimensions)]


def cancel(moves: Moves, at: int) -> Sequence[VectorsMoveEnded]:
    """Ends the move that is under way, if there is one; the store stays in its space."""
    move = moves.under_way
    return [] if move is None else [VectorsMoveEnded(at, move.number, False, move.model, move.dimensions)]
