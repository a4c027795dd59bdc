"""`vectorlog batches`: file batches of a store on any server."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import click

from vectorlog.cli import connection, exits, shown
from vectorlog.client.server import Server, segment

_POLL_S = 0.5


@click.group()
def command() -> None:
    """Create, show, await and cancel batches of files."""


@command.command()
@connection.option
@click.argument("store")
@click.argument("file", nargs=-1, required=True)
@shown.as_json
def create(server: Server, store: str, file: tuple[str, ...], *, as_json: bool) -> None:
    """Attach uploaded files to STORE together."""
    path = f"{connection.store_path(server, store)}/file_batches"
    made = server.post(path, {"file_ids": list(file)})
    shown.made(made, as_json=as_json)


@command.command()
@connection.option
@click.argument("store")
@click.argument("batch")
@shown.as_json
def show(server: Server, store: str, batch: str, *, as_json: bool) -> None:
    """Show how far a batch is."""
    _show(server.get(_path(server, store, batch)), as_json=as_json)


@command.command()
@connection.option
@click.argument("store")
@click.argument("batch")
@click.option("--status", type=click.Choice(["in_progress", "completed", "failed", "cancelled"]))
@shown.as_json
def files(server: Server, store: str, batch: str, status: str | None, *, as_json: bool) -> None:
    """List the files of a batch, in the order of the request turned round."""
    query = {} if status is None else {"filter": status}
    found = server.items(f"{_path(server, store, batch)}/files", query)
    if as_json:
        shown.dump(list(found))
        return
    rows = (
        (each["id"], each.get("filename") or "–", each["status"], (each["last_error"] or {}).get("message", ""))
        for each in found
    )
    shown.table(("Id", "Name", "Status", "Reason"), rows, "There are no such files.")


@command.command()
@connection.option
@click.argument("store")
@click.argument("batch")
@shown.as_json
def wait(server: Server, store: str, batch: str, *, as_json: bool) -> None:
    """Wait until a batch has ended."""
    path = _path(server, store, batch)
    while (found := server.get(path))["file_counts"]["in_progress"]:
        time.sleep(_POLL_S)
    _show(found, as_json=as_json)
    if found["file_counts"]["failed"]:
        raise SystemExit(exits.SOME_FAILED)


@command.command()
@connection.option
@click.argument("store")
@click.argument("batch")
@shown.as_json
def cancel(server: Server, store: str, batch: str, *, as_json: bool) -> None:
    """Cancel what has not ended of a batch."""
    _show(server.cancel(_path(server, store, batch)), as_json=as_json)


def _path(server: Server, store: str, batch: str) -> str:
    return f"{connection.store_path(server, store)}/file_batches/{segment(batch)}"


def _show(batch: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        shown.dump(batch)
        return
    counts = batch["file_counts"]
    shown.fields(
        {
            "id": batch["id"],
            "status": batch["status"],
            "files": ", ".join(f"{counts[name]:,} {name.replace('_', ' ')}" for name in counts),
            "created": shown.moment(batch["created_at"]),
        }
    )
