"""`vectorlog watch`: shows what is being ingested on a server, until nothing is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from vectorlog.cli import connection, exits, shown
from vectorlog.client.server import Refused, Server, segment

if TYPE_CHECKING:
    from rich.console import Group

_FILES = 15
"""Files of a store that are shown."""


@click.command()
@click.argument("store", nargs=-1)
@connection.option
@click.option("--forever", is_flag=True, help="Go on when nothing is in progress, until Ctrl-C.")
@click.option("--every", type=click.FloatRange(0.1), default=1.0, show_default=True, help="Seconds between two looks.")
def command(server: Server, store: tuple[str, ...], every: float, *, forever: bool) -> None:
    """Show what is being ingested, in the given stores or in all, until everything has ended.

    It ends with 3 if a file failed meanwhile.
    """
    ids = [connection.store_id(server, each) for each in store]
    looks = _looks(server, ids, every, forever=forever)
    first = last = next(looks)
    if shown.terminal():
        from rich.live import Live

        with Live(_drawn(server, first), console=shown.console(), auto_refresh=False) as live:
            for last in looks:
                live.update(_drawn(server, last), refresh=True)
    else:
        _say(first, {})
        for now in looks:
            _say(now, last)
            last = now
    if any(_failed(each) > _failed(first.get(id, {})) for id, each in last.items()):
        raise SystemExit(exits.SOME_FAILED)


Stores = dict[str, Mapping[str, Any]]
"""Stores by their ids."""


def _looks(server: Server, ids: Sequence[str], every: float, *, forever: bool) -> Iterator[Stores]:
    """Yields the stores that were given, or those that have or had files in progress, until no file is."""
    known = dict.fromkeys(ids)
    while True:
        if ids:
            found = {id: server.get(f"/vector_stores/{segment(id)}") for id in known}
        else:
            listed = {each["id"]: each for each in server.items("/vector_stores")}
            known |= dict.fromkeys(id for id, each in listed.items() if each["file_counts"]["in_progress"])
            found = {id: listed[id] for id in known if id in listed}
        yield found
        if not forever and not any(each["file_counts"]["in_progress"] for each in found.values()):
            return
        time.sleep(every)


def _say(now: Stores, before: Stores) -> None:
    for id, each in now.items():
        if each["file_counts"] != before.get(id, {}).get("file_counts"):
            click.echo(f"{_title(each)}\t{_counts(each)}")
    if not now and not before:
        click.echo("Nothing is being ingested.", err=True)


def _drawn(server: Server, stores: Stores) -> Group:
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    parts: list[Text | Table] = []
    for id, store in stores.items():
        parts.append(Text(_title(store), style="bold") + Text(f"  {_counts(store)}", style="not bold"))
        table = Table(box=None, show_header=False, pad_edge=False)
        for file in _open_files(server, id):
            of, done = file.get("chunk_count"), file.get("processed_chunk_count") or 0
            name = shown.printable(file.get("filename") or file["id"])
            table.add_row(f"  {name}", ProgressBar(of, done, width=20) if of else "", f"{done:,}/{of:,}" if of else "")
        if table.row_count:
            parts.append(table)
    return Group(*(parts or [Text("Nothing is being ingested.")]))


def _open_files(server: Server, id: str) -> list[dict[str, Any]]:
    try:
        path = f"/vector_stores/{segment(id)}/files"
        return list(server.items(path, {"filter": "in_progress", "order": "asc"}, at_most=_FILES))
    except Refused as error:
        if error.status == 0:
            raise
        return []  # deleted since, or expired: the next look tells


def _title(store: Mapping[str, Any]) -> str:
    return shown.printable(store["name"] or store["id"])


def _counts(store: Mapping[str, Any]) -> str:
    counts = {name: count for name, count in store["file_counts"].items() if name != "total" and count}
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items()) or "no files"


def _failed(store: Mapping[str, Any]) -> int:
    count: int = store.get("file_counts", {}).get("failed", 0)
    return count
