"""`vectorlog export`: everything that an edition keeps, as files; beside a running server or without one."""

from __future__ import annotations

from pathlib import Path

import click

from vectorlog.cli import editions, options
from vectorlog.cli.progress import watch


@click.command()
@options.settings(["data"])
@editions.option
@click.argument("path", type=click.Path(path_type=Path))
def command(data: Path, which: editions.Chosen, path: Path) -> None:
    """Write every commit and object to PATH: a new folder, or one file where it ends in .tar."""
    from vectorlog.transfer.archive import writing
    from vectorlog.transfer.contents import NotAnExport
    from vectorlog.transfer.export import export

    try:
        with editions.looked_at(which, data) as (edition, _), writing(path) as sink:
            made = export(edition, sink, watch)
    except NotAnExport as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{path}: {made.commits:,} commits, {made.objects:,} objects of {made.size:,} bytes.")
    for each in made.models:
        click.echo(f"  {each.stores:,} stores use {each.model} ({each.dimensions} dimensions)")
