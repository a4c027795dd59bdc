"""`vectorlog keys`: creates, lists and revokes API keys: of a data folder, beside a running server or without one, of a
deployment on AWS, or of any server over HTTP (`--url`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from vectorlog.api.auth import DEFAULT_PROJECT
from vectorlog.cli import deployments, options, remote_keys
from vectorlog.client.server import Server
from vectorlog.domain import api_key
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
@remote_keys.option
@click.option("--project", help="Project that the key opens; with --url, by default that of the API key.")
@click.option("--name", default="", help="What the key is for, as a note to yourself.")
@click.option(
    "--scope",
    type=click.Choice(api_key.SCOPES),
    default=None,
    help="What the key may do; each scope includes the ones before it. [default: write; admin for the first key]",
)
@click.option(
    "--expires",
    default=None,
    metavar="WHEN",
    callback=lambda *given: _expiry(given[2]),
    help="When the key expires: after a time such as 90d, 12h or 30m, or on a date such as 2027-01-31 (UTC).",
)
@click.option("--all-projects", is_flag=True, help="Let a key of scope admin create keys for every project.")
@click.option(
    "--secret",
    default=None,
    metavar="NAME",
    help="On AWS: store the key in this secret of Secrets Manager, and show the secret's ARN.",
)
def create(
    data: Path,
    which: deployments.Chosen,
    server: Server | None,
    project: str | None,
    name: str,
    scope: api_key.Scope | None,
    expires: int | None,
    all_projects: bool,  # click passes it by name
    secret: str | None,
) -> None:
    """Create a key. It is shown once and stored nowhere, unless --secret names a place for it."""
    if server is not None:
        if secret is not None:
            raise click.UsageError("--secret is for a deployment on AWS, with --stage and without --url.")
        remote_keys.create(server, project, name, scope, expires, all_projects=all_projects)
        return
    if project is None:
        raise click.MissingParameter(param_hint="'--project'", param_type="option")
    if secret is not None and not which.aws:
        raise click.UsageError("--secret names a secret of AWS Secrets Manager: give --stage too.")
    with _log_and_views(which, data) as log_and_views:
        chosen: api_key.Scope = scope or ("write" if api_keys.any_key(log_and_views) and not all_projects else "admin")

        def make() -> tuple[api_keys.KeyView, str]:
            return api_keys.create(log_and_views, project, name, chosen, expires_at=expires, all_projects=all_projects)

        try:
            view, shown = make() if secret is None else _create_in_secret(log_and_views, secret, make)
        except Invalid as error:
            raise click.BadParameter(error.message, param_hint=f"--{(error.param or '').replace('_', '-')}") from None
        click.echo(shown)
        where = "It is shown only this once." if secret is None else f"It is the text of the secret {secret}."
        click.echo(f"Key {view.id} opens project '{project}' with scope '{chosen}'. {where}", err=True)
    if project != DEFAULT_PROJECT:
        click.echo(
            f"Anything created without a key is in project '{DEFAULT_PROJECT}'; only a key of that project opens it.",
            err=True,
        )


@command.command(name="list")
@options.settings(["data"])
@deployments.option
@remote_keys.option
@click.option("--project", default=None, help="List only this project's keys.")
def list_keys(data: Path, which: deployments.Chosen, server: Server | None, project: str | None) -> None:
    """List keys, oldest first. A key of scope admin* administers every project."""
    if server is not None:
        remote_keys.list_all(server, project)
        return
    with _log_and_views(which, data, must_exist=True) as log_and_views:
        views = api_keys.list_all(log_and_views, project)
        if not views:
            click.echo("There are no keys.", err=True)
        for view in views:
            expired = view.state.expired(log_and_views.clock())
            status = "revoked" if view.state.revoked_at else "expired" if expired else "active"
            scope = "admin*" if view.state.all_projects else view.state.scope
            about = view.state.project, view.state.name
            click.echo(remote_keys.line(view.id, status, scope, view.state.created_at / 1000, *about))


@command.command()
@options.settings(["data"])
@deployments.option
@remote_keys.option
@click.option("--project", default=None, help="Refuse if the key belongs to another project.")
@click.argument("key")
def revoke(data: Path, which: deployments.Chosen, server: Server | None, project: str | None, key: str) -> None:
    """Revoke a key, so that it is no longer accepted."""
    if server is not None:
        remote_keys.revoke(server, project, key)
        click.echo(f"Key {key} is revoked.")
        return
    with _log_and_views(which, data, must_exist=True) as log_and_views:
        known = {view.id for view in api_keys.list_all(log_and_views, project)}
        try:
            if key not in known:
                raise NotFound(f"No such key: {key}")
            api_keys.revoke(log_and_views, key)
        except NotFound as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"Key {key} is revoked.")


def _expiry(text: str | None) -> int | None:
    """Returns a time in ms since 1970.

    Raises:
        click.BadParameter: the text is neither a time from now nor a date, or the time is in the past.
    """
    if text is None:
        return None
    now, after = time.time(), re.fullmatch(r"(\d{1,5})([dhms])", text)
    if after:
        at = now + int(after[1]) * {"d": 86_400, "h": 3_600, "m": 60, "s": 1}[after[2]]
    else:
        try:
            date = datetime.fromisoformat(text)
        except ValueError:
            raise click.BadParameter(f"'{text}' is neither a time such as 90d nor a date such as 2027-01-31.") from None
        at = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    if at <= now:
        raise click.BadParameter(f"'{text}' is not in the future.")
    return round(at * 1000)


def _create_in_secret(
    log_and_views: api_keys.LogAndViews, secret: str, make: Callable[[], tuple[api_keys.KeyView, str]]
) -> tuple[api_keys.KeyView, str]:
    """Creates a key and stores it in a secret. Returns the key, and the secret's ARN."""
    from vectorlog.runtime.aws import clients, keys
    from vectorlog.runtime.aws.secrets import SecretUnusable

    try:
        return keys.create(log_and_views, clients.secrets_manager(), secret, make)
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
