"""`vectorlog import`: what an export holds, into an edition."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vectorlog.cli import editions, options
from vectorlog.cli.progress import watch
from vectorlog.runtime.settings import Settings, WrongSettings

if TYPE_CHECKING:
    from vectorlog.transfer.importing import Target
    from vectorlog.transfer.settle import Settled


@click.command()
@options.settings(["data", "embedding", "embedding_base_url", "embedding_api_key", "embedding_model", "embedding_dimensions"])
@editions.option
@click.option(
    "--model", default=None, metavar="PROVIDER:NAME", help="For stores whose own model is not offered here: ingest them with this."
)
@click.argument("path", type=click.Path(path_type=Path, exists=True))
def command(which: editions.Chosen, model: str | None, path: Path, **values: Any) -> None:  # noqa: ANN401  # one for each setting
    """Bring in what an export holds. The local server must be stopped.

    The edition is to be empty, or the one of an earlier import of the same: what is there already stays as it is.
    """
    from vectorlog.embedding.catalogue import ModelError
    from vectorlog.embedding.embedder import EmbeddingError
    from vectorlog.event_log.codec import UnknownSchema
    from vectorlog.index.local_schema import FolderInUse as IndexInUse
    from vectorlog.runtime.data_folder import FolderInUse, UnknownFormat
    from vectorlog.transfer.archive import reading
    from vectorlog.transfer.contents import NotAnExport
    from vectorlog.transfer.history import Diverged
    from vectorlog.transfer.importing import bring

    told = (NotAnExport, Diverged, UnknownSchema, ModelError, EmbeddingError, FolderInUse, IndexInUse, UnknownFormat, WrongSettings)
    try:
        with _target(which, model, Settings(**values)) as target, reading(path) as source:
            said, settled = bring(source, target, watch)
    except told as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{said.commits:,} commits and {said.objects:,} objects are in.")
    _tell(settled)


def _tell(settled: Settled) -> None:
    click.echo(f"{settled.indexed:,} files were indexed from their artefacts; {settled.again:,} are ingested again.")
    for model, files in settled.unoffered.items():
        click.echo(f"{files:,} files wait for {model}, which is not offered here. Offer it, or give --model, and import again.")


@contextmanager
def _target(which: editions.Chosen, model: str | None, settings: Settings) -> Iterator[Target]:
    from vectorlog.transfer.importing import Target

    if which.aws:
        from vectorlog.runtime import aws

        edition = aws.edition()
        yield Target(edition, aws.projector(), beside_workers=True, instead=edition.models.resolve(model) if model else None)
        return
    from vectorlog.runtime.local import Local

    local = Local(settings)
    try:
        instead = local.models.resolve(model) if model else None
        yield Target(local.edition, local.engine.projector, beside_workers=False, instead=instead)
    finally:
        local.close()
