"""`vectorlog export`: writes all data of a deployment to files. A server may be running."""

from __future__ import annotations

from pathlib import Path

import click

from vectorlog.cli import deployments, options
from vectorlog.cli.progress import watch


@click.command()
@options.settings(["data"])
@deployments.option
@click.argument("path", type=click.Path(path_type=Path))
def command(data: Path, which: deployments.Chosen, path: Path) -> None:
    """Write every commit and object to PATH: a new folder, or one file if PATH ends in .tar."""
    from vectorlog.event_log.codec import UnknownSchema
    from vectorlog.operations.transfer.archive import writing
    from vectorlog.operations.transfer.contents import NotAnExport
    from vectorlog.operations.transfer.export import export

    try:
        with (
            deployments.open_beside(which, data) as (deployment, _, _),
            deployments.readers(which) as readers,
            writing(path) as sink,
        ):
            contents = export(deployment, sink, watch, readers)
    except (NotAnExport, UnknownSchema) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{path}: {contents.commits:,} commits, {contents.objects:,} objects of {contents.size:,} bytes.")
    for each in contents.models:
        click.echo(f"  {each.stores:,} stores use {each.model} ({each.dimensions} dimensions)")
    for key in contents.missing:
        click.echo(f"  {key} was not there. An import ingests the file again if its bytes are there.", err=True)
