"""`vectorlog import`: imports an export into a deployment."""

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
    from vectorlog.operations.transfer.importing import Target
    from vectorlog.operations.transfer.report import ImportReport


@click.command()
@options.settings(
    ["data", "embedding", "embedding_base_url", "embedding_api_key", "embedding_model", "embedding_dimensions"]
)
@deployments.option
@click.option(
    "--model",
    default=None,
    metavar="PROVIDER:NAME",
    help="Ingest stores whose own model is not offered here with this model instead.",
)
@click.argument("path", type=click.Path(path_type=Path, exists=True))
def command(which: deployments.Chosen, model: str | None, path: Path, **values: Any) -> None:  # noqa: ANN401  # one for each setting
    """Import an export. The local server must be stopped.

    The target must be empty, or hold an earlier import of the same deployment and no changes of its own. Importing the
    same export again changes nothing.
    """
    from vectorlog.embedding.catalogue import ModelError
    from vectorlog.embedding.embedder import EmbeddingError
    from vectorlog.event_log.codec import UnknownSchema
    from vectorlog.index.embedded.schema import FolderInUse as IndexInUse
    from vectorlog.operations.transfer.archive import reading
    from vectorlog.operations.transfer.commits import Diverged
    from vectorlog.operations.transfer.contents import NotAnExport
    from vectorlog.operations.transfer.importing import import_into
    from vectorlog.runtime.local.copied import TornCopy
    from vectorlog.runtime.local.data_folder import FolderInUse, UnknownFormat

    expected = (
        NotAnExport,
        Diverged,
        UnknownSchema,
        ModelError,
        EmbeddingError,
        FolderInUse,
        TornCopy,
        IndexInUse,
        UnknownFormat,
        WrongSettings,
    )
    try:
        with _target(which, model, Settings(**values)) as target, reading(path) as source:
            contents, report = import_into(source, target, watch)
    except expected as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{contents.commits:,} commits and {contents.objects:,} objects were imported.")
    _print_report(report)


def _print_report(report: ImportReport) -> None:
    click.echo(f"{report.indexed:,} files were indexed from their artefacts; {report.again:,} are ingested again.")
    if report.repaired:
        click.echo(f"{report.repaired:,} more are ingested again, because their artefact is missing in the export.")
    for stream in report.lost:
        click.echo(f"{stream} will fail: both its artefact and its bytes are missing in the export.", err=True)
    for batch in report.unlisted:
        click.echo(f"{batch} cannot be completed: its list of files is missing in the export.", err=True)
    for endpoint in report.disabled:
        click.echo(f"{endpoint} is disabled, because an export has no secrets: rotate its secret, and change it.")
    for model, files in report.unoffered.items():
        click.echo(
            f"{files:,} files wait for {model}, which is not offered here. Offer it, or give --model, and import again."
        )


@contextmanager
def _target(which: deployments.Chosen, model: str | None, settings: Settings) -> Iterator[Target]:
    from vectorlog.operations.transfer.importing import Target

    if which.aws:
        from vectorlog.runtime.aws import wiring, workers

        deployment = wiring.deployment()
        with deployments.readers(which) as readers:
            yield Target(
                deployment,
                workers.projector(),
                workers_running=True,
                instead=deployment.models.resolve(model) if model else None,
                readers=readers,
            )
        return
    from vectorlog.runtime.local.service import Local

    local = Local(settings)
    try:
        instead = local.models.resolve(model) if model else None
        yield Target(local.deployment, local.engine.projector, workers_running=False, instead=instead)
    finally:
        local.close()
