"""API keys of a server over HTTP, by OpenAI's admin API keys: what `vectorlog keys --url` does."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar

import click

from vectorlog.cli import connection, exits, shown
from vectorlog.client.server import Refused, Server, segment

F = TypeVar("F", bound=Callable[..., Any])

_PATH = "/organization/admin_api_keys"


def option(command: F) -> F:
    """Adds `--url` and `--api-key` to a command, which gets them as the argument `server`: None without `--url`, which
    no environment variable stands for, because these commands are for a data folder otherwise.
    """

    @click.option("--url", help="The server whose keys they are, instead of a data folder.")
    @click.option(
        "--api-key",
        envvar="VECTORLOG_API_KEY",
        default="any",
        show_envvar=True,
        help="With --url: a key of scope admin.",
    )
    @wraps(command)
    def connected(*given: Any, url: str | None, api_key: str, **named: Any) -> Any:  # noqa: ANN401  # the command's
        if url is None:
            return command(*given, server=None, **named)
        if named["which"].aws:
            raise click.UsageError("--url names a server, and --stage or --edition a deployment. Give one of them.")
        with exits.told():
            server = connection.opened(url, api_key)
            try:
                return command(*given, server=server, **named)
            finally:
                server.close()

    return connected  # type: ignore[return-value]  # click calls it like the command itself


def create(
    server: Server, project: str | None, name: str, scope: str | None, expires_ms: int | None, *, all_projects: bool
) -> None:
    """Creates a key and prints it. The scope is `write` unless another is given, as in a data folder.

    Raises:
        Refused: the server refused it.
    """
    chosen = scope or ("admin" if all_projects else "write")
    body: dict[str, Any] = {"name": name or "key", "scope": chosen, "all_projects": all_projects}
    if project is not None:
        body["project_id"] = project
    if expires_ms is not None:
        body["expires_in_seconds"] = max(1, round(expires_ms / 1000 - time.time()))
    made = server.post(_PATH, body)
    click.echo(made["value"])
    said = f"Key {made['id']} opens project '{made.get('project_id', project)}' with scope '{chosen}'."
    click.echo(f"{said} It is shown only this once.", err=True)


def list_all(server: Server, project: str | None) -> None:
    """Prints the keys that are not revoked, the oldest first.

    Raises:
        Refused: the server refused it.
    """
    some = False
    for each in server.items(_PATH, None if project is None else {"project_id": project}):
        some = True
        expired = each.get("expires_at") is not None and each["expires_at"] <= time.time()
        scope = "admin*" if each.get("all_projects") else each.get("scope", "admin")
        about = each.get("project_id", ""), each["name"] or ""
        click.echo(line(each["id"], "expired" if expired else "active", scope, each["created_at"], *about))
    if not some:
        click.echo("There are no keys.", err=True)


def revoke(server: Server, project: str | None, key: str) -> None:
    """Revokes a key; with `project`, only one of that project.

    Raises:
        Refused: the server refused it.
    """
    path = f"{_PATH}/{segment(key)}"
    if project is not None and server.get(path).get("project_id") != project:
        raise Refused(f"No such key in project '{project}': {key}", HTTPStatus.NOT_FOUND)
    server.delete(path)


def line(id: str, status: str, scope: str, created_at: float, project: str, name: str) -> str:
    """Returns a key as a line of a list; `created_at` is in seconds since 1970."""
    created = time.strftime("%Y-%m-%d %H:%M", time.localtime(created_at))
    return f"{id}  {status:<7}  {scope:<6}  {created}  {shown.printable(f'{project}  {name}')}".rstrip()
