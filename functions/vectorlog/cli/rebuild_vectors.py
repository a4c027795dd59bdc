"""`vectorlog rebuild vectors`: has stores embedded with another model, or revision, while the old vectors serve."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from vectorlog.cli import deployments
from vectorlog.cli.moves_shown import LOOK_EVERY_S, MovesShown
from vectorlog.cli.progress import watch
from vectorlog.runtime.local.settings import Settings

if TYPE_CHECKING:
    from vectorlog.domain.vectors import Space
    from vectorlog.domain.vectors_move import Move
    from vectorlog.embedding.catalogue import Models
    from vectorlog.operations.rebuild_vectors import Candidate, Moves, Standing, Survey
    from vectorlog.views.move_progress import MoveProgress

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
                click.echo(f"Cancelled: {_number(len(cancelled), 'move')}. The old vectors go on serving.")
                return
            _move(moves, moves.survey(wanted, models, watch), choice, works=works)
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


def _move(moves: Moves, found: Survey, choice: Choice, *, works: bool) -> None:
    for store, sentence in found.refused:
        click.echo(f"{store} is left out: {sentence}", err=True)
    if found.current:
        click.echo(f"Already in the wanted model and revision: {_number(found.current, 'store')}.")
    if not found.candidates:
        click.echo("There is nothing to embed.")
        if found.refused:
            raise click.ClickException("No store can be moved now.")
        return
    for each in found.candidates:
        going_on = " (goes on)" if each.under_way else ""
        click.echo(
            f"{each.store}: {each.files:,} files, {each.chunks:,} chunks, from {_space(each.space)} to "
            f"{_space(each.target)}{going_on}"
        )
    files, chunks = sum(each.files for each in found.candidates), sum(each.chunks for each in found.candidates)
    work = f"{_number(len(found.candidates), 'store')}, {files:,} files, {chunks:,} chunks"
    if not choice.yes and sys.stdin.isatty():
        click.confirm(f"Embed {work}?", abort=True)
    begun = moves.begin(found.candidates)
    if not works:
        click.echo("No server is running on this folder. The next one begins as soon as it is started.")
    elif choice.wait:
        _follow(moves, {each.store: each for each in found.candidates}, begun, time.sleep)
    else:
        click.echo(f"The deployment embeds {work}. Repeat the command to watch it, or give --cancel.")


def _follow(
    moves: Moves, candidates: Mapping[str, Candidate], begun: Mapping[str, Move], sleep: Callable[[float], None]
) -> None:
    """Shows how far the moves have come until all have ended or stopped.

    Raises:
        ClickException: some have stopped, because files could not be embedded.
    """
    shown = MovesShown(
        sum(candidates[store].files for store in begun), sum(candidates[store].chunks for store in begun)
    )
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
            click.echo(f"{store} serves from {_space(candidates[store].target)}.")
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
            f"Not moved: {_number(stopped, 'store')}. Mend what is named (a file may be detached), and repeat the "
            f"command; it goes on where it stopped. Or give --cancel."
        )


def _why(candidate: Candidate, progress: MoveProgress) -> str:
    if progress.left:
        return f"{progress.left:,} files could not be embedded."
    return (
        f"the deployment's workers do not offer both {_space(candidate.space)} and {_space(candidate.target)}. "
        f"They need the models until the move is done."
    )


def _space(space: Space) -> str:
    revision = f" (revision {space.revision})" if space.revision > 1 else ""
    return f"{space.name}{revision}, {space.dimensions} dimensions"


def _number(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
