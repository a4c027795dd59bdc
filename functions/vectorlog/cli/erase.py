"""`vectorlog erase`: has a file, a store or a project erased with its history. A server may be running."""

from __future__ import annotations

from pathlib import Path

import click

from vectorlog.cli import deployments, options
from vectorlog.cli.progress import watch


@click.command()
@options.settings(["data"])
@deployments.option
@click.option("--file", default=None, metavar="ID", help="The uploaded file to erase, in every store that it was in.")
@click.option("--store", default=None, metavar="ID", help="The store to erase, with what was in it but the uploads.")
@click.option("--project", default=None, help="The project to erase: uploads, stores and limits; its keys are revoked.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(
    *, data: Path, which: deployments.Chosen, file: str | None, store: str | None, project: str | None, yes: bool
) -> None:
    """Erase names, attributes, texts and bytes, and their history in the log.

    The whole log is searched, so nothing is missed that an older version wrote. What remains is that something was
    erased, when and by whom. The server does the work that follows: one that is running at once, otherwise at its next
    start. Backups and exports keep what they hold until they are deleted themselves.
    """
    given = [each for each in (file, store, project) if each is not None]
    if len(given) != 1:
        raise click.UsageError("Give one of --file, --store and --project.")
    if not yes:
        click.confirm(f"Erase {given[0]} with its history? Nothing can bring it back.", abort=True)
    from vectorlog.domain.errors import NotFound
    from vectorlog.event_log.codec import UnknownSchema
    from vectorlog.operations.erase import Wanted, erase

    with deployments.open_beside(which, data, read_only=False) as (deployment, _, _):
        try:
            found = erase(deployment, Wanted(file, store, project), watch)
        except (NotFound, UnknownSchema) as error:
            raise click.ClickException(str(error)) from None
    if found.keys:
        click.echo(f"{len(found.keys):,} keys of the project are revoked.")
    click.echo(
        f"{len(found.files):,} files, {len(found.uploads):,} uploads in parts, {len(found.stores):,} stores, "
        f"{len(found.store_files):,} files in stores and "
        f"{len(found.batches | found.listing):,} batches are being erased. vectorlog verify tells when that is done."
    )
