"""`vectorlog import`: what an export holds, into an edition."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vectorlog.cli import deployments, options
from vectorlog.cli.progress import watch
from vectorlog.runtime.local.settings import Settings, WrongSettings

if TYPE_CHECKING:
    from vectorlog.operations.transfer.completion import ImportReport
    from vectorlog.operations.transfer.importing import Target


@click.command()
@options.settings(
    ["data", "embedding", "embedding_base_url", "embedding_api_key", "embedding_model", "embedding_dimensions"]
)
@deployments.option
@click.option(
    "--model",
    default=None,
    metavar="PROVIDER:NAME",
    help="For stores whose own model is not offered here: ingest them with this.",
)
@click.argument("path", type=click.Path(path_type=Path, exists=True))
def command(which: deployments.Chosen, model: str | None, path: Path, **values: Any) -> None:  # noqa: ANN401  # one for each setting
    """Bring in what an export holds. The local server must be stopped.

    The edition is to be empty, or the one of an earlier import of the same: what is there already stays as it is.
    """
    from vectorlog.embedding.catalogue import ModelError
    from vectorlog.embedding.embedder import EmbeddingError
    from vectorlog.event_log.codec import UnknownSchema
    from vectorlog.index.embedded.schema import FolderInUse as IndexInUse
    from vectorlog.operations.transfer.archive import reading
    from vectorlog.operations.transfer.commits import Diverged
    from vectorlog.operations.transfer.contents import NotAnExport
    from vectorlog.operations.transfer.importing import bring
    from vectorlog.runtime.local.data_folder import FolderInUse, UnknownFormat

    told = (
        NotAnExport,
        Diverged,
        UnknownSchema,
        ModelError,
        EmbeddingError,
        FolderInUse,
        IndexInUse,
        UnknownFormat,
        WrongSettings,
    )
    try:
        with _target(which, model, Settings(**values)) as target, reading(path) as source:
            said, settled = bring(source, target, watch)
    except told as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{said.commits:,} commits and {said.objects:,} objects are in.")
    _tell(settled)


def _tell(settled: ImportReport) -> None:
    click.echo(f"{settled.indexed:,} files were indexed from their artefacts; {settled.again:,} are ingested again.")
    for model, files in settled.unoffered.items():
        click.echo(
            f"{files:,} files wait for {model}, which is not offered here. Offer it, or give --model, and import again."
        )


@contextmanager
def _target(which: deployments.Chosen, model: str | None, settings: Settings) -> Iterator[Target]:
    from vectorlog.operations.transfer.importing import Target

    if which.aws:
        from vectorlog.runtime.aws import wiring

        deployment = wiring.deployment()
        yield Target(
            deployment,
            wiring.projector(),
            beside_workers=True,
            instead=deployment.models.resolve(model) if model else None,
        )
        return
    from vectorlog.runtime.local.service import Local

    local = Local(settings)
    try:
        instead = local.models.resolve(model) if model else None
        yield Target(local.deployment, local.engine.projector, beside_workers=False, instead=instead)
    finally:
        local.close()
