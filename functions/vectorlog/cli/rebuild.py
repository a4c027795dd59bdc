"""`vectorlog rebuild`: makes anew what is derived, while the old serves."""

from __future__ import annotations

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

    The old ones serve until the new ones take their place, so a server may run meanwhile. One that is cut off has changed nothing: run it
    again.
    """
    if which.aws:
        raise click.ClickException("not yet")
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
