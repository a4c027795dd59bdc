"""`vectorlog files`: the files of a store on any server."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from vectorlog.cli import attributes, connection, downloads, shown
from vectorlog.client.server import Server, segment

_COLUMNS = ("Id", "Name", "Status", "Size", "Attached", "Note")
_STATUS = click.Choice(["in_progress", "completed", "failed", "cancelled"])


@click.group()
def command() -> None:
    """List, show, attach and detach the files of a store."""


@command.command(name="list")
@connection.option
@click.argument("store")
@click.option("--status", type=_STATUS, help="Only files of this status.")
@click.option("--limit", "-n", type=click.IntRange(1), help="Only the newest ones.")
@shown.as_json
def list_files(server: Server, store: str, status: str | None, limit: int | None, *, as_json: bool) -> None:
    """List the files of STORE, the newest first; failed ones with the reason."""
    query = {} if status is None else {"filter": status}
    found = server.items(f"{connection.store_path(server, store)}/files", query, at_most=limit)
    if as_json:
        shown.dump(list(found))
        return
    shown.table(_COLUMNS, map(_row, found), "There are no such files.")


@command.command()
@connection.option
@click.argument("store")
@click.argument("file")
@shown.as_json
def show(server: Server, store: str, file: str, *, as_json: bool) -> None:
    """Show a file of STORE: its status, the reason if it failed, warnings and attributes."""
    found = server.get(_path(server, store, file))
    if as_json:
        shown.dump(found)
        return
    error = found["last_error"]
    shown.fields(
        {
            "id": found["id"],
            "name": found.get("filename"),
            "status": found["status"],
            "reason": error and f"{error['message']} ({error['code']})",
            "progress": _progress(found),
            "size": f"{shown.size(found['usage_bytes'])} of text",
            "chunks": found.get("chunk_count"),
            "pages": found.get("page_count"),
            "attached": shown.moment(found["created_at"]),
            "attributes": shown.attributes(found.get("attributes")),
        }
    )
    for each in found.get("warnings") or ():
        where = f" ({each['where']})" if each["where"] else ""
        click.echo(f"warning: {shown.printable(each['message'] + where)}")


@command.command()
@connection.option
@click.argument("store")
@click.argument("file")
def text(server: Server, store: str, file: str) -> None:
    """Print the text that was indexed of a file."""
    answer = server.get(f"{_path(server, store, file)}/content")
    for part in answer.get("content") or answer["data"]:  # MKA1's dialect, OpenAI's
        if shown.terminal():
            click.echo("\n".join(map(shown.printable, part["text"].splitlines())))
        else:
            click.echo(part["text"].encode(errors="replace"))


@command.command()
@connection.option
@click.argument("file")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Where to write it; else standard output.")
def download(server: Server, file: str, output: Path | None) -> None:
    """Write the bytes of an uploaded file."""
    path = f"/files/{segment(file)}/content"
    if output is None:
        if not shown.terminal():
            server.download(path, sys.stdout.buffer)
            return
        with closing(downloads.Terminal()) as out:
            server.download(path, out)
        return
    folder = output.is_dir()
    name = Path(server.get(f"/files/{segment(file)}")["filename"]).name if folder else ""
    target = output / name if folder else output
    if folder and target.exists():
        raise click.UsageError(f"{target} exists: give the name of the file to write.")
    downloads.to_file(server, path, target)


@command.command()
@connection.option
@click.argument("store")
@click.argument("file")
@attributes.option("attribute", "An attribute of the file; can be given several times.")
def attach(server: Server, store: str, file: str, attribute: dict[str, Any]) -> None:
    """Attach an uploaded file to STORE, or ingest one again."""
    body = {"file_id": file, **({"attributes": attribute} if attribute else {})}
    found = server.post(f"{connection.store_path(server, store)}/files", body)
    click.echo(f"{found['id']} is {found['status'].replace('_', ' ')}.")


@command.command()
@connection.option
@click.argument("store")
@click.option("--all", "everything", is_flag=True, help="Also those that will hardly succeed, such as damaged files.")
def retry(server: Server, store: str, *, everything: bool) -> None:
    """Ingest the failed files of STORE again, with their attributes."""
    path = f"{connection.store_path(server, store)}/files"
    count = left = 0
    for each in list(server.items(path, {"filter": "failed"})):
        if not everything and (each["last_error"] or {}).get("code") != "server_error":
            left += 1
            continue
        body = {"file_id": each["id"], "chunking_strategy": each["chunking_strategy"]}
        if each.get("attributes"):
            body["attributes"] = each["attributes"]
        server.post(path, body)
        count += 1
    click.echo(f"{count:,} files are ingested again.")
    if left:
        click.echo(f"{left:,} failed for a reason of their own, and would again; --all tries them too.", err=True)


@command.command(name="set")
@connection.option
@click.argument("store")
@click.argument("file")
@attributes.option("attribute", "An attribute; can be given several times. Others stay.")
@click.option("--remove", multiple=True, metavar="KEY", help="Remove an attribute.")
def change(server: Server, store: str, file: str, attribute: dict[str, Any], remove: tuple[str, ...]) -> None:
    """Change attributes of a file in STORE."""
    path = _path(server, store, file)
    now = {**(server.get(path).get("attributes") or {}), **attribute}
    wanted = {key: value for key, value in now.items() if key not in remove}
    click.echo(shown.attributes(server.post(path, {"attributes": wanted})["attributes"]))


@command.command()
@connection.option
@click.argument("store")
@click.argument("file", nargs=-1, required=True)
def detach(server: Server, store: str, file: tuple[str, ...]) -> None:
    """Remove files from STORE. The uploaded files stay."""
    path = connection.store_path(server, store)
    for each in file:
        click.echo(f"Detached {server.delete(f'{path}/files/{segment(each)}')['id']}.")


@command.command()
@connection.option
@click.argument("file", nargs=-1, required=True)
def delete(server: Server, file: tuple[str, ...]) -> None:
    """Delete uploaded files, which removes them from every store."""
    for each in file:
        click.echo(f"Deleted {server.delete(f'/files/{segment(each)}')['id']}.")


def _path(server: Server, store: str, file: str) -> str:
    return f"{connection.store_path(server, store)}/files/{segment(file)}"


def _row(file: Mapping[str, Any]) -> tuple[object, ...]:
    error = file["last_error"]
    warnings = len(file.get("warnings") or ())
    note = error["message"] if error else _progress(file) or (f"{warnings} warnings" if warnings else "")
    width = max(20, shutil.get_terminal_size().columns - 90)
    short = note if not shown.terminal() or len(note) <= width else f"{note[: width - 1]}…"
    return (
        *(file["id"], file.get("filename") or "–", file["status"], shown.size(file["usage_bytes"])),
        *(shown.moment(file["created_at"]), short),
    )


def _progress(file: Mapping[str, Any]) -> str:
    done, of = file.get("processed_chunk_count"), file.get("chunk_count")
    return f"{done:,} of {of:,} chunks" if file["status"] == "in_progress" and of and done is not None else ""
