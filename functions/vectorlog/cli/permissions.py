"""`vectorlog permissions`: who may use a store of a server of this API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from vectorlog.cli import connection, shown
from vectorlog.client.server import Server, segment

_TEAM = "team"
"""What stands for everyone in the project, here and in a path (docs/contract.md, section 10.5)."""


@click.group()
def command() -> None:
    """List, grant and revoke permissions on a store.

    USER is an end user, as X-On-Behalf-Of names them, or team for everyone in the project.
    """


@command.command(name="list")
@connection.option
@click.argument("store")
@shown.as_json
def list_permissions(server: Server, store: str, *, as_json: bool) -> None:
    """List who may use STORE: the owner, the team, then end users."""
    found = server.get(f"{connection.store_path(server, store)}/permissions")["data"]
    if as_json:
        shown.dump(found)
        return
    shown.table(("Who", "Role"), ((_who(each), each["role"]) for each in found), "Nobody was granted a role.")


@command.command()
@connection.option
@click.argument("store")
@click.argument("user")
@shown.as_json
def show(server: Server, store: str, user: str, *, as_json: bool) -> None:
    """Show which role USER has on STORE, and by what."""
    found = server.get(_path(server, store, user))
    if as_json:
        shown.dump(found)
        return
    click.echo(
        f"{shown.printable(user)}: {found['role'] or 'none'}" + (f" ({found['source']})" if found["role"] else "")
    )


@command.command()
@connection.option
@click.argument("store")
@click.argument("user")
@click.argument("role", type=click.Choice(["reader", "writer"]))
def grant(server: Server, store: str, user: str, role: str) -> None:
    """Let USER read STORE, or write it too; this replaces a role that they had."""
    who = {"grantee_type": "team"} if user == _TEAM else {"user_id": user}
    found = server.post(f"{connection.store_path(server, store)}/permissions", {"role": role, **who})
    click.echo(f"{_who(found)} is {found['role']}.")


@command.command()
@connection.option
@click.argument("store")
@click.argument("user")
def revoke(server: Server, store: str, user: str) -> None:
    """Take USER's role on STORE away."""
    server.delete(_path(server, store, user))
    click.echo(f"{shown.printable(user)} has no role of their own any more.")


def _path(server: Server, store: str, user: str) -> str:
    return f"{connection.store_path(server, store)}/permissions/{segment(user)}"


def _who(permission: Mapping[str, Any]) -> str:
    return shown.printable(_TEAM if permission["grantee_type"] == "team" else permission["user_id"])
