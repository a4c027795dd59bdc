"""What `ingest`, `sync` and `pull` share: options, progress on the terminal, Ctrl-C, and tables of what failed."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vectorlog.cli import attributes, exits, shown
from vectorlog.syncing.described import BadPattern, Description, pattern_of
from vectorlog.syncing.tasks import Sent

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

F = TypeVar("F", bound=Callable[..., Any])

_SHOWN = 50
"""Failures that a terminal shows; elsewhere all are printed."""


def options(command: F) -> F:
    """Adds the options of what is sent and how, which a command gets as `description`, `chunking` and `at_once`."""

    @wraps(command)
    def wrapped(
        *given: Any,  # noqa: ANN401  # the command's own
        attribute: dict[str, Any],
        path_pattern: str | None,
        chunk_tokens: int | None,
        overlap_tokens: int | None,
        **named: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        try:
            pattern = None if path_pattern is None else pattern_of(path_pattern)
        except BadPattern as error:
            raise click.BadParameter(str(error), param_hint="--path-pattern") from None
        return command(
            *given,
            description=Description(attribute, pattern, attributes.value_of),
            chunking=_chunking(chunk_tokens, overlap_tokens),
            **named,
        )

    made: Any = wrapped
    for each in reversed(
        (
            attributes.option("attribute", "An attribute that every file gets; can be given several times."),
            click.option(
                "--path-pattern",
                metavar="PATTERN",
                help="Attributes from the path, such as '{customer}/{year}/**'. Every file has path, folder, extension "
                "and modified anyway.",
            ),
            click.option("--chunk-tokens", type=click.IntRange(100, 4096), help="Tokens of a chunk."),
            click.option("--overlap-tokens", type=click.IntRange(0, 2048), help="Tokens that two chunks share."),
            click.option(
                "--at-once", type=click.IntRange(1, 64), default=4, show_default=True, help="Uploads at a time."
            ),
            click.option("--hidden", is_flag=True, help="Also files and folders whose name begins with a dot."),
            click.option("--follow-links", is_flag=True, help="Follow symbolic links, which are left out otherwise."),
            click.option("--no-ignore-files", is_flag=True, help="Do not read .gitignore and .vectorlogignore."),
        )
    ):
        made = each(made)
    decorated: F = made  # click calls it like the command itself
    return decorated


def _chunking(tokens: int | None, overlap: int | None) -> dict[str, Any] | None:
    if tokens is None and overlap is None:
        return None
    size = 800 if tokens is None else tokens
    shared = size // 2 if overlap is None else overlap
    if shared > size // 2:
        raise click.UsageError("--overlap-tokens is at most half of --chunk-tokens.")
    return {"type": "static", "static": {"max_chunk_size_tokens": size, "chunk_overlap_tokens": shared}}


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """Yields an event that Ctrl-C sets: what is under way is brought to an end. A second Ctrl-C ends the process."""
    stop = threading.Event()

    def pressed(number: int, frame: FrameType | None) -> None:
        del number, frame
        if stop.is_set():
            if sys.stderr.isatty():
                os.write(2, b"\x1b[?25h")  # progress had hidden the cursor
            os._exit(exits.INTERRUPTED)
        stop.set()
        os.write(2, b"\nStopping after what is under way; press Ctrl-C again to stop at once.\n")

    before = signal.signal(signal.SIGINT, pressed)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


class Shown:
    """Progress on standard error, if that is a terminal: what was read, then what was sent, with rate and time left."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._failed = 0

    @contextmanager
    def showing(self) -> Iterator[Shown]:
        """Shows progress as long as the block runs."""
        if not sys.stderr.isatty():
            yield self
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[note]}", style="red", markup=False),
        )
        with Progress(*columns, console=shown.console(sys.stderr), refresh_per_second=5) as self._bar:
            yield self
        self._bar = None

    def seen(self, files: int, size: int) -> None:
        """So much of the source was read."""
        if self._bar is not None:
            if self._task is None:
                self._task = self._bar.add_task("Reading", total=None, rate="", note="")
            self._bar.update(self._task, completed=files, rate=shown.size(size))

    def begin(self, files: int, what: str = "Sending") -> None:
        """So many files are to be sent."""
        if self._bar is not None:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(what, total=files, rate="", note="") if files else None
            self._sent = 0

    def uploaded(self, size: int) -> None:
        """See `vectorlog.syncing.sending.Progress`."""
        if self._bar is not None and self._task is not None:
            self._sent += size
            began = self._bar.tasks[-1].elapsed or 0
            speed = f"{shown.size(self._sent / began)}/s" if began > 1 else ""
            self._bar.update(self._task, rate=" ".join((shown.size(self._sent), speed)).strip())

    def ended(self, sent: Sent) -> None:
        """See `vectorlog.syncing.sending.Progress`."""
        self._failed += sent.status not in ("completed", "accepted")
        if self._bar is not None and self._task is not None:
            note = f"{self._failed:,} failed" if self._failed else ""
            self._bar.update(self._task, advance=1, note=note)


def failures(failed: Sequence[tuple[str, str]]) -> None:
    """Prints a table of what failed, and why, on standard error."""
    if not failed:
        return
    cut = failed[:_SHOWN] if sys.stderr.isatty() else failed
    click.echo("", err=True)
    shown.table(("Failed", "Why"), sorted(cut), "", err=True)
    if len(cut) < len(failed):
        click.echo(f"… and {len(failed) - len(cut):,} more. Redirect standard error to a file to see all.", err=True)
