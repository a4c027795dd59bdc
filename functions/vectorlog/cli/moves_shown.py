"""How far moves to other vectors have come, and how they ended, as `vectorlog rebuild vectors` says it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from vectorlog.domain.vectors import Space
    from vectorlog.domain.vectors_move import Move
    from vectorlog.operations.rebuild_vectors import Candidate, Moves, Standing
    from vectorlog.views.move_progress import MoveProgress

LOOK_EVERY_S = 1.0
TELL_EVERY_S = 10.0
"""How often a line is written where the output is no terminal."""


def follow(
    moves: Moves, candidates: Mapping[str, Candidate], begun: Mapping[str, Move], sleep: Callable[[float], None]
) -> None:
    """Shows how far the moves have come until all have ended or stopped.

    Raises:
        ClickException: some have stopped, because files could not be embedded.
    """
    shown = _Shown(sum(candidates[store].files for store in begun), sum(candidates[store].chunks for store in begun))
    try:
        while True:
            standing = {store: moves.standing(store, move) for store, move in begun.items()}
            shown.show(candidates, standing)
            if all(each.ended or (each.progress is not None and each.progress.stopped) for each in standing.values()):
                break
            sleep(LOOK_EVERY_S)
    except KeyboardInterrupt:
        click.echo("\nThe deployment goes on. Repeat the command to watch it, or give --cancel.", err=True)
        raise click.Abort from None
    _conclude(moves, candidates, standing)


def _conclude(moves: Moves, candidates: Mapping[str, Candidate], standing: Mapping[str, Standing]) -> None:
    stopped = 0
    for store, each in standing.items():
        if each.switched:
            click.echo(f"{store} serves from {space(candidates[store].target)}.")
        elif each.ended:
            click.echo(
                f"{store} was not moved: the move was cancelled or begun again, or the store has ended.", err=True
            )
        elif each.progress is not None:
            stopped += 1
            click.echo(f"{store} keeps its old vectors: {_why(candidates[store], each.progress)}", err=True)
            for file, reason in moves.reasons(store, each.progress.named):
                click.echo(f"  {file}: {reason}", err=True)
    if stopped:
        raise click.ClickException(
            f"Not moved: {number(stopped, 'store')}. Mend what is named (a file may be detached), and repeat the "
            f"command; it goes on where it stopped. Or give --cancel."
        )


def _why(candidate: Candidate, progress: MoveProgress) -> str:
    if progress.left:
        return f"{progress.left:,} files could not be embedded."
    return (
        f"the deployment's workers do not offer both {space(candidate.space)} and {space(candidate.target)}. "
        f"They need the models until the move is done."
    )


class _Shown:
    """Shows progress: in one line of a terminal, else in a line every few seconds."""

    def __init__(self, files: int, chunks: int) -> None:
        self._files = files
        self._chunks = chunks
        self._terminal = sys.stderr.isatty()
        self._begun: tuple[float, int] | None = None
        self._told = 0.0

    def show(self, candidates: Mapping[str, Candidate], standing: Mapping[str, Standing]) -> None:
        """Shows how far the moves have come."""
        files = chunks = 0
        for store, each in standing.items():
            whole = (candidates[store].files, candidates[store].chunks)
            done = whole if each.switched else (each.progress.files, each.progress.chunks) if each.progress else (0, 0)
            files, chunks = files + done[0], chunks + done[1]
        now = time.monotonic()
        if self._begun is None and chunks:
            self._begun = now, chunks
        if self._terminal or now - self._told >= TELL_EVERY_S:
            self._told = now
            line = f"{files:,} of {self._files:,} files, {chunks:,} of {self._chunks:,} chunks{self._rate(now, chunks)}"
            click.echo(f"\r\x1b[K{line}" if self._terminal else line, nl=not self._terminal, err=True)
        if self._terminal and all(each.ended for each in standing.values()):
            click.echo(err=True)

    def _rate(self, now: float, chunks: int) -> str:
        if self._begun is None or now - self._begun[0] < LOOK_EVERY_S or chunks <= self._begun[1]:
            return ""
        rate = (chunks - self._begun[1]) / (now - self._begun[0])
        left = max(0, self._chunks - chunks) / rate
        return f", {rate:,.1f} chunks/s, about {left / 60:,.0f} min left" if left >= 90 else f", {rate:,.1f} chunks/s"


def space(space: Space) -> str:
    """Returns a model, its revision and its dimensions, as a user reads them."""
    revision = f" (revision {space.revision})" if space.revision > 1 else ""
    return f"{space.name}{revision}, {space.dimensions} dimensions"


def number(count: int, thing: str) -> str:
    """Returns a count and what is counted, such as "3 stores"."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
