"""How far moves of vectors have come, as `rebuild vectors` shows it."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from vectorlog.operations.rebuild_vectors import Candidate, Standing

LOOK_EVERY_S = 1.0
"""How often the command looks."""
TELL_EVERY_S = 10.0
"""How often a line is written where the output is no terminal."""


class MovesShown:
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
