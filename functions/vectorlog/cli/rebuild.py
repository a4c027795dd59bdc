"""`vectorlog rebuild`: rebuilds the views, the index, the chunks or the vectors, while the old ones serve."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vectorlog.cli import deployments, options, rebuild_vectors
from vectorlog.cli.progress import watch
from vectorlog.cli.rebuild_vectors import Choice
from vectorlog.runtime.local.settings import Settings, WrongSettings

if TYPE_CHECKING:
    from vectorlog.operations.rebuild_chunks import Reread
    from vectorlog.operations.rebuild_index import Refill
    from vectorlog.runtime.local.data_folder import DataFolder


@click.command()
@options.settings(rebuild_vectors.SETTINGS)
@deployments.option
@rebuild_vectors.options
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=None,
    help="How many processes fill views and index on AWS: as many as this machine has processors, by default.",
)
@click.option("--anew", is_flag=True, help="Begin anew on AWS, instead of going on where an interrupted run stood.")
@click.argument("what", type=click.Choice(["views", "index", "all", "chunks", "vectors"]))
def command(
    which: deployments.Chosen,
    what: str,
    choice: Choice,
    processes: int | None,
    anew: bool,
    **values: Any,  # noqa: ANN401  # one for each setting
) -> None:
    """Rebuild the views (lists, counts) from the log, the index from the artefacts, or both (all). Nothing is embedded
    again.

    The old ones serve until the new ones replace them, so a server or deployment may be running. An interrupted rebuild
    has changed nothing that serves: run it again. On AWS it then goes on where it stood. New views go to a second table
    there: deploy with `views=1,2` to add it, and with `views=2,1` to read from it.

    `chunks` has all files read and embedded again that an earlier version read in another way. A running server or
    deployment does that, or the server when it is started. A file's old chunks serve until its new ones are complete.

    `vectors` has stores embedded by another model, or by the newest revision of their own. A running server or
    deployment does that too. A store's old vectors serve until all of its files have new ones; then it switches at
    once. Interrupt the command and repeat it as you like. Give it the settings of the server that say its models.
    """
    if (processes or anew) and (not which.aws or what in ("chunks", "vectors")):
        raise click.UsageError("--processes and --anew are for views and index of a deployment on AWS.")
    if what == "vectors":
        try:
            rebuild_vectors.run(which, Settings(**values), choice)
        except WrongSettings as error:
            raise click.ClickException(str(error)) from None
        return
    if choice.is_given:
        raise click.UsageError("Only `rebuild vectors` takes --store, --project, --all, --model and the like.")
    if which.aws:
        _aws(which.stage, what, processes or os.cpu_count() or 1, anew=anew)
    else:
        _local(values["data"].expanduser().absolute(), what)


def _local(data: Path, what: str) -> None:
    from vectorlog.event_log.codec import UnknownSchema
    from vectorlog.runtime.local import rebuild
    from vectorlog.runtime.local.data_folder import DataFolder, FolderInUse, NoDataFolder, UnknownFormat

    try:
        folder = DataFolder(data, must_exist=True)
        if what == "chunks":
            _print_reread(rebuild.chunks(folder, watch))
            return
        if what != "index":
            click.echo(f"Views: {rebuild.views(folder, watch):,} commits were projected, and the new rows serve.")
        if what != "views":
            _print_report(rebuild.index(folder, watch))
            _adopt(folder)
    except (NoDataFolder, FolderInUse, UnknownFormat, UnknownSchema) as error:
        raise click.ClickException(str(error)) from None


def _aws(stage: str | None, what: str, processes: int, *, anew: bool) -> None:
    from vectorlog.domain.errors import Unavailable
    from vectorlog.event_log.codec import UnknownSchema
    from vectorlog.index.opensearch.errors import IndexRefused, NoIndex
    from vectorlog.runtime.aws import rebuild_chunks, rebuild_index, rebuild_views
    from vectorlog.runtime.aws.rebuild_views import NoTable
    from vectorlog.runtime.aws.stack import NoStack

    try:
        if what == "chunks":
            _print_reread(rebuild_chunks.chunks(watch))
            return
        if what != "index":
            rebuild_views.check_tables()
            since = _wait_for_old_functions(stage, time.sleep)
            commits = rebuild_views.views(watch, processes=processes, since=None if anew else since)
            click.echo(f"Views: {commits:,} commits were projected into the second table.")
            click.echo(
                "Deploy with the two tables in the other order. Then the new one is read, and the old one is "
                "still written."
            )
        if what != "views":
            _print_report(rebuild_index.index(watch, processes=processes, anew=anew))
            click.echo("The new index serves.")
    except NoIndex:
        raise click.ClickException("Another rebuild of the index is under way, or has just ended.") from None
    except (NoTable, NoStack, UnknownSchema, Unavailable, IndexRefused) as error:
        raise click.ClickException(str(error)) from None


def _wait_for_old_functions(stage: str | None, sleep: Callable[[float], None]) -> int | None:
    """Waits until every function that started before the stack's last change has ended, and returns when that is, in ms
    since 1970; None if it is not known.

    Such a function may not write the second table.
    """
    from vectorlog.runtime.aws.stack import LONGEST_RUN_MS, old_functions_end_at

    if stage is None:
        minutes = LONGEST_RUN_MS // 60_000
        click.echo(
            (
                f"Without --stage, this does not wait: the functions must have been writing the second table for "
                f"{minutes} minutes by now."
            ),
            err=True,
        )
        return None
    end = old_functions_end_at(stage)
    left = end / 1000 - time.time()
    if left > 0:
        click.echo(
            (f"The stack was changed recently: older functions may run for {left / 60:.0f} more minutes. Waiting."),
            err=True,
        )
        sleep(left)
    return end


def _print_report(refill: Refill) -> None:
    click.echo(f"Index: {refill.files:,} files were indexed from their artefacts, {refill.chunks:,} chunks.")
    for folder in refill.incomplete:
        click.echo(
            f"  {folder} does not hold all chunks of its file, so no search finds the rest. Attach the file again.",
            err=True,
        )


def _print_reread(report: Reread) -> None:
    click.echo(f"Chunks: {report.begun:,} files are read again; {report.current:,} need not be.")
    for stream in report.lost:
        click.echo(f"  {stream} keeps its old chunks, because its uploaded bytes are missing.", err=True)


def _adopt(folder: DataFolder) -> None:
    from vectorlog.runtime.local import rebuild
    from vectorlog.runtime.local.data_folder import FolderInUse
    from vectorlog.runtime.local.log_and_views import LocalLogAndViews

    try:
        lock = folder.lock()
    except FolderInUse:
        click.echo("The new index is ready. The running server will switch to it at its next start.")
        return
    with lock, closing(LocalLogAndViews(folder)) as log_and_views, rebuild.blobs_of(folder) as blobs:
        rebuild.adopt_index(folder, log_and_views, blobs)
    click.echo("The new index serves.")
