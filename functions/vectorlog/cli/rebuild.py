"""`vectorlog rebuild`: makes anew what is derived, while the old serves."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vectorlog.cli import editions, options
from vectorlog.cli.progress import watch

if TYPE_CHECKING:
    from vectorlog.rebuild.refill import Refill
    from vectorlog.runtime.data_folder import DataFolder


@click.command()
@options.settings(["data"])
@editions.option
@click.argument("what", type=click.Choice(["views", "index", "all"]))
def command(data: Path, which: editions.Chosen, what: str) -> None:
    """Make views (lists, counts) from the log, or the index from the artefacts, or both, anew. Nothing is embedded again.

    The old ones serve until the new ones take their place, so a server or deployment may run meanwhile. A rebuild that was cut off has
    changed nothing that serves: run it again. On AWS, views are made in a second table, which a deploy with `views=1,2` adds, and are read
    after one with `views=2,1`.
    """
    if which.aws:
        _aws(which.stage, what)
    else:
        _local(data.expanduser().absolute(), what)


def _local(data: Path, what: str) -> None:
    from vectorlog.event_log.codec import UnknownSchema
    from vectorlog.runtime import local_rebuild
    from vectorlog.runtime.data_folder import DataFolder, FolderInUse, NoDataFolder, UnknownFormat

    try:
        folder = DataFolder(data, only_old=True)
        if what != "index":
            click.echo(f"Views: {local_rebuild.views(folder, watch):,} commits were projected, and the new rows serve.")
        if what != "views":
            _tell(local_rebuild.index(folder, watch))
            _adopt(folder)
    except (NoDataFolder, FolderInUse, UnknownFormat, UnknownSchema) as error:
        raise click.ClickException(str(error)) from None


def _aws(stage: str | None, what: str) -> None:
    from vectorlog.domain.errors import Unavailable
    from vectorlog.event_log.codec import UnknownSchema
    from vectorlog.index.opensearch import NoIndex
    from vectorlog.index.opensearch_patience import IndexRefused
    from vectorlog.runtime import aws_rebuild
    from vectorlog.runtime.aws_rebuild import NoTable
    from vectorlog.runtime.aws_stack import NoStack

    try:
        if what != "index":
            aws_rebuild.check_tables()
            _wait_for_old_functions(stage, time.sleep)
            click.echo(f"Views: {aws_rebuild.views(watch):,} commits were projected into the second table.")
            click.echo("Deploy with the two tables in the other order: then the new one is read, and the old one still written.")
        if what != "views":
            _tell(aws_rebuild.index(watch))
            click.echo("The new index serves.")
    except NoIndex:
        raise click.ClickException("Another rebuild of the index is under way, or has ended just now.") from None
    except (NoTable, NoStack, UnknownSchema, Unavailable, IndexRefused) as error:
        raise click.ClickException(str(error)) from None


def _wait_for_old_functions(stage: str | None, sleep: Callable[[float], None]) -> None:
    """Until no function runs any more that began before the stack was last changed: it may not write the second table."""
    from vectorlog.runtime.aws_stack import LONGEST_RUN_MS, settled_at

    if stage is None:
        minutes = LONGEST_RUN_MS // 60_000
        click.echo(
            f"Without --stage nothing is waited for: the second table must have been written for {minutes} minutes by now.", err=True
        )
        return
    left = settled_at(stage) / 1000 - time.time()
    if left > 0:
        click.echo(f"The stack was changed a moment ago: functions of before may run for {left / 60:.0f} minutes more. Waiting.", err=True)
        sleep(left)


def _tell(refill: Refill) -> None:
    click.echo(f"Index: {refill.files:,} files were indexed from their artefacts, {refill.chunks:,} chunks.")
    for folder in refill.incomplete:
        click.echo(f"  {folder} does not hold all chunks of its file. Attach the file again.", err=True)


def _adopt(folder: DataFolder) -> None:
    from vectorlog.files.folder import FolderBlobs
    from vectorlog.runtime import local_rebuild
    from vectorlog.runtime.data_folder import FolderInUse
    from vectorlog.runtime.ledger import Ledger

    try:
        lock = folder.lock()
    except FolderInUse:
        click.echo("The new index is ready. The server that runs takes it when it is started again.")
        return
    ledger = Ledger(folder)
    try:
        local_rebuild.adopt_index(folder, ledger, FolderBlobs(folder.blobs, folder.staging))
    finally:
        ledger.close()
        lock.close()
    click.echo("The new index serves.")
