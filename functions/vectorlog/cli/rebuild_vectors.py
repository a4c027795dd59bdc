"""`vectorlog rebuild vectors`: has stores embedded with another model, or revision, while the old vectors serve."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from vectorlog.cli import deployments, moves_shown
from vectorlog.cli.moves_shown import number, space
from vectorlog.cli.progress import watch
from vectorlog.runtime.local.settings import Settings

if TYPE_CHECKING:
    from vectorlog.embedding.catalogue import Models
    from vectorlog.operations.rebuild_vectors import Candidate, Moves, Survey

F = TypeVar("F", bound=Callable[..., Any])

SETTINGS = [
    "data",
    "embedding",
    "embedding_base_url",
    "embedding_api_key",
    "embedding_api_key_file",
    "embedding_model",
    "embedding_dimensions",
]
"""Which settings say the models that a local server offers. They have to be those of the server."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the options of `rebuild vectors` say."""

    store: str | None
    project: str | None
    every: bool
    model: str | None
    dimensions: int | None
    cancel: bool
    wait: bool
    yes: bool

    @property
    def is_given(self) -> bool:
        """Whether any of them is given."""
        named = (self.store, self.project, self.model, self.dimensions)
        return any(each is not None for each in named) or self.every or self.cancel or not self.wait or self.yes


def options(command: F) -> F:
    """Adds the options of `rebuild vectors` to a command, which gets them as the argument `choice`."""
    names = [each.name for each in fields(Choice)]

    @wraps(command)
    def gathered(**arguments: Any) -> Any:  # noqa: ANN401  # the command's own
        return command(choice=Choice(**{name: arguments.pop(name) for name in names}), **arguments)

    for decorate in reversed(
        (
            click.option("--store", default=None, metavar="ID", help="vectors: of this store."),
            click.option("--project", default=None, help="vectors: of this project's stores."),
            click.option("--all", "every", is_flag=True, help="vectors: of all stores."),
            click.option(
                "--model",
                default=None,
                metavar="PROVIDER:NAME",
                help="vectors: by this model; without it, by the newest revision of each store's own model.",
            ),
            click.option(
                "--dimensions", default=None, type=click.IntRange(1), help="vectors: with so many dimensions."
            ),
            click.option("--cancel", is_flag=True, help="vectors: end what is under way; the old vectors stay."),
            click.option("--wait/--no-wait", default=True, help="vectors: whether to watch until it is done."),
            click.option("--yes", is_flag=True, help="vectors: do not ask."),
        )
    ):
        gathered = decorate(gathered)
    return cast("F", gathered)


def run(which: deployments.Chosen, settings: Settings, choice: Choice) -> None:
    """Runs the command.

    Raises:
        ClickException: nothing can be moved, or files are left that cannot be embedded.
    """
    from vectorlog.embedding.catalogue import ModelError
    from vectorlog.embedding.embedder import EmbeddingError
    from vectorlog.event_log.codec import UnknownSchema
    from vectorlog.operations.rebuild_vectors import NothingToMove, Wanted
    from vectorlog.runtime.local.data_folder import NoDataFolder, UnknownFormat

    if sum((choice.store is not None, choice.project is not None, choice.every)) != 1:
        raise click.UsageError("Say which vectors: give one of --store, --project and --all.")
    wanted = Wanted(choice.store, choice.project, choice.model, choice.dimensions)
    expected = (NothingToMove, ModelError, EmbeddingError, UnknownSchema, NoDataFolder, UnknownFormat)
    try:
        with _opened(which, settings) as (moves, models, works):
            if choice.cancel:
                cancelled = moves.cancel(wanted, watch)
                click.echo(f"Cancelled: {number(len(cancelled), 'move')}. The old vectors go on serving.")
                return
            move(moves, moves.survey(wanted, models, watch), choice, works=works)
    except expected as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _opened(which: deployments.Chosen, settings: Settings) -> Iterator[tuple[Moves, Models, bool]]:
    """Yields the moves of the deployment, its models, and whether its workers are running."""
    if which.aws:
        from vectorlog.operations.rebuild_vectors import Moves
        from vectorlog.runtime.aws import wiring

        deployment = wiring.deployment()
        yield Moves(deployment.streams, deployment.views, deployment.clock), deployment.models, True
        return
    from vectorlog.runtime.local.rebuild_vectors import opened

    with opened(settings) as local:
        yield local.moves, local.models, local.served


def move(moves: Moves, found: Survey, choice: Choice, *, works: bool) -> None:
    """Begins the moves that were found, watches them if asked to, and says what became of each store.

    Raises:
        ClickException: a store could not be moved.
    """
    for store, sentence in found.refused:
        click.echo(f"{store} is left out: {sentence}", err=True)
    if found.current:
        click.echo(f"Already in the wanted model and revision: {number(found.current, 'store')}.")
    if not found.candidates:
        click.echo("There is nothing to embed.")
        if found.refused:
            raise click.ClickException("No store can be moved now.")
        return
    for each in found.candidates:
        going_on = " (goes on)" if each.under_way else ""
        click.echo(
            f"{each.store}: {each.files:,} files, {each.chunks:,} chunks, from {space(each.space)} to "
            f"{space(each.target)}{going_on}"
        )
    files, chunks = sum(each.files for each in found.candidates), sum(each.chunks for each in found.candidates)
    work = f"{number(len(found.candidates), 'store')}, {files:,} files, {chunks:,} chunks"
    if not choice.yes and sys.stdin.isatty():
        click.confirm(f"Embed {work}?", abort=True)
    begun = moves.begin(found.candidates)
    changed = _overtaken(moves, [each for each in found.candidates if each.store not in begun])
    if begun and not works:
        click.echo("No server is running on this folder. The next one begins as soon as it is started.")
    elif begun and choice.wait:
        moves_shown.follow(moves, {each.store: each for each in found.candidates}, begun, time.sleep)
    elif begun:
        click.echo(f"The deployment embeds {work}. Repeat the command to watch it, or give --cancel.")
    if changed:
        raise click.ClickException(f"Not moved: {number(changed, 'store')}. Repeat the command.")


def _overtaken(moves: Moves, candidates: Sequence[Candidate]) -> int:
    """Says what became of stores that changed after they were surveyed, so that no move of them was begun. Returns how
    many of them do not serve from their target.
    """
    changed = 0
    for each in candidates:
        if moves.arrived(each):
            click.echo(f"{each.store} serves from {space(each.target)}.")
        else:
            changed += 1
            click.echo(f"{each.store} was not moved: it has changed meanwhile.", err=True)
    return changed
