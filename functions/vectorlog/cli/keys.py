"""`vectorlog keys`: create, list, revoke; works beside a running server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from vectorlog.api.auth import DEFAULT_PROJECT
from vectorlog.cli import deployments, options
from vectorlog.domain.errors import Invalid, NotFound
from vectorlog.runtime.local.data_folder import DataFolder, NoDataFolder, UnknownFormat
from vectorlog.runtime.local.log_and_views import LocalLogAndViews
from vectorlog.use_cases import api_keys


@click.group()
def command() -> None:
    """Create, list and revoke API keys."""


@command.command()
@options.settings(["data"])
@deployments.option
@click.option("--project", required=True, help="What the key opens.")
@click.option("--name", default="", help="What it is for, for you to read.")
@click.option(
    "--secret",
    "keeper",
    default=None,
    metavar="NAME",
    help="On AWS: put it into this secret of Secrets Manager, and show its ARN.",
)
def create(data: Path, which: deployments.Chosen, project: str, name: str, keeper: str | None) -> None:
    """Make a key. Its secret is shown once and kept nowhere, unless you name a place for it."""
    if keeper is not None and not which.aws:
        raise click.UsageError("--secret is a secret of AWS Secrets Manager: give --stage too.")
    with _log_and_views(which, data) as log_and_views:
        try:
            view, shown = (
                api_keys.create(log_and_views, project, name)
                if keeper is None
                else _kept(log_and_views, keeper, project, name)
            )
        except Invalid as error:
            raise click.BadParameter(error.message, param_hint="--project") from None
        click.echo(shown)
        where = (
            "This is the only time that its secret is shown."
            if keeper is None
            else f"Its secret is the text of {keeper}."
        )
        click.echo(f"Key {view.id} opens project '{project}'. {where}", err=True)
    if project != DEFAULT_PROJECT:
        click.echo(
            f"What was made without a key is in project '{DEFAULT_PROJECT}': a key of that project opens it.", err=True
        )


@command.command(name="list")
@options.settings(["data"])
@deployments.option
@click.option("--project", default=None, help="Only this project's.")
def list_keys(data: Path, which: deployments.Chosen, project: str | None) -> None:
    """List keys, oldest first."""
    with _log_and_views(which, data, must_exist=True) as log_and_views:
        views = api_keys.list_all(log_and_views, project)
        if not views:
            click.echo("There is no key.", err=True)
        for view in views:
            made = time.strftime("%Y-%m-%d %H:%M", time.localtime(view.state.created_at / 1000))
            state = "revoked" if view.state.revoked_at else "active"
            click.echo(f"{view.id}  {state:<7}  {made}  {view.state.project}  {view.state.name}".rstrip())


@command.command()
@options.settings(["data"])
@deployments.option
@click.option("--project", default=None, help="Refuse if the key is another project's.")
@click.argument("key")
def revoke(data: Path, which: deployments.Chosen, project: str | None, key: str) -> None:
    """Revoke a key; it opens nothing from now on."""
    with _log_and_views(which, data, must_exist=True) as log_and_views:
        known = {view.id for view in api_keys.list_all(log_and_views, project)}
        try:
            if key not in known:
                raise NotFound(f"No such key: {key}")
            api_keys.revoke(log_and_views, key)
        except NotFound as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"Key {key} is revoked.")


def _kept(log_and_views: api_keys.LogAndViews, keeper: str, project: str, name: str) -> tuple[api_keys.KeyView, str]:
    """The key, and the ARN of the secret that holds it from now on."""
    from vectorlog.runtime.aws import clients, keys
    from vectorlog.runtime.aws.secrets import SecretUnusable

    try:
        return keys.create(log_and_views, clients.secrets_manager(), keeper, project, name)
    except SecretUnusable as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _log_and_views(
    which: deployments.Chosen, data: Path, *, must_exist: bool = False
) -> Iterator[api_keys.LogAndViews]:
    if which.aws:
        from vectorlog.runtime.aws import wiring

        yield wiring.deployment()
        return
    try:
        log_and_views = LocalLogAndViews(DataFolder(Path(data).expanduser().absolute(), must_exist=must_exist))
    except (NoDataFolder, UnknownFormat, OSError) as error:
        raise click.ClickException(str(error)) from None
    try:
        yield log_and_views
    finally:
        log_and_views.close()
