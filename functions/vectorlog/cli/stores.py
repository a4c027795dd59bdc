"""`vectorlog stores`: lists, creates, changes and deletes the stores of any server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from vectorlog.cli import attributes, connection, shown
from vectorlog.client.server import Server

_COLUMNS = ("Id", "Name", "Status", "Files", "Failed", "Size", "Last used")
_metadata = attributes.option("metadata", "Metadata of the store; can be given several times.")


@click.group()
def command() -> None:
    """List, create, change and delete stores."""


@command.command(name="list")
@connection.option
@click.option("--limit", "-n", type=click.IntRange(1), help="Only the newest ones.")
@shown.as_json
def list_stores(server: Server, limit: int | None, *, as_json: bool) -> None:
    """List stores, the newest first."""
    found = server.items("/vector_stores", at_most=limit)
    if as_json:
        shown.dump(list(found))
        return
    shown.table(_COLUMNS, map(_row, found), "There are no stores.")


@command.command()
@connection.option
@click.argument("store")
@shown.as_json
def show(server: Server, store: str, *, as_json: bool) -> None:
    """Show a store."""
    _show(server.get(connection.store_path(server, store)), as_json=as_json)


@command.command()
@connection.option
@click.argument("name")
@click.option("--description", help="What the store is for.")
@click.option("--expires-days", type=click.IntRange(1, 365), help="Let it expire after so many days without use.")
@click.option("--model", help="Its embedding model, such as local:granite-embedding-30m-english.")
@_metadata
@shown.as_json
def create(
    server: Server,
    name: str,
    description: str | None,
    expires_days: int | None,
    model: str | None,
    metadata: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    """Create a store. Its id is printed."""
    body: dict[str, Any] = {"name": name, "description": description, "embedding_model": model, "metadata": metadata}
    body = {field: value for field, value in body.items() if value}
    if expires_days is not None:
        body["expires_after"] = _after(expires_days)
    made = server.post("/vector_stores", body)
    shown.made(made, as_json=as_json)


@command.command()
@connection.option
@click.argument("store")
@click.option("--name", help="Its new name.")
@click.option("--expires-days", type=click.IntRange(0, 365), help="Days without use; 0 lets it never expire.")
@_metadata
@shown.as_json
def change(
    server: Server,
    store: str,
    name: str | None,
    expires_days: int | None,
    metadata: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    """Change a store. What is not named stays; metadata is replaced as a whole."""
    body: dict[str, Any] = {}
    if name is not None:
        body["name"] = name
    if expires_days is not None:
        body["expires_after"] = _after(expires_days) if expires_days else None
    if metadata:
        body["metadata"] = metadata
    if not body:
        raise click.UsageError("Give --name, --expires-days or --metadata.")
    _show(server.post(connection.store_path(server, store), body), as_json=as_json)


@command.command()
@connection.option
@click.argument("store")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(server: Server, store: str, *, yes: bool) -> None:
    """Delete a store. Its uploaded files stay."""
    path = connection.store_path(server, store)
    if not yes:
        found = server.get(path)
        called = f"{found['name']!r}, " if found["name"] else ""
        click.confirm(
            f"Delete the store {called}{found['id']}, with {found['file_counts']['total']:,} files?",
            abort=True,
            err=True,
        )
    click.echo(f"Deleted {server.delete(path)['id']}.")


def _after(days: int) -> dict[str, Any]:
    return {"anchor": "last_active_at", "days": days}


def _row(store: Mapping[str, Any]) -> tuple[object, ...]:
    counts = store["file_counts"]
    files = f"{counts['total']:,}" + (f" ({counts['in_progress']:,} in progress)" if counts["in_progress"] else "")
    used = shown.moment(store.get("last_used_at"))
    return (
        *(store["id"], store["name"] or "–", store["status"], files, counts["failed"] or "–"),
        *(shown.size(store["usage_bytes"]), used),
    )


def _show(store: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        shown.dump(store)
        return
    counts = store["file_counts"]
    policy = store.get("expires_after")
    shown.fields(
        {
            "id": store["id"],
            "name": store["name"],
            "description": store.get("description"),
            "status": store["status"],
            "files": ", ".join(f"{counts[name]:,} {name.replace('_', ' ')}" for name in counts),
            "size": shown.size(store["usage_bytes"]),
            "model": store.get("embedding_model"),
            "created": shown.moment(store["created_at"]),
            "last active": shown.moment(store.get("last_active_at")),
            "last used": shown.moment(store.get("last_used_at")),
            "expires": policy and f"{shown.moment(store.get('expires_at'))}, after {policy['days']} days without use",
            "metadata": shown.attributes(store.get("metadata")),
        }
    )
