"""`vectorlog ingest`: adds files and folders to a store of any server."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from vectorlog.cli import connection, exits, shown, transfer
from vectorlog.client.server import Server
from vectorlog.syncing.described import Description
from vectorlog.syncing.folder import Folder, SingleFile
from vectorlog.syncing.ingest import Ingested, choose, ingest
from vectorlog.syncing.items import Source, SourceUnusable
from vectorlog.syncing.sending import Sender


@click.command()
@click.argument("path", nargs=-1, required=True, type=click.Path(path_type=Path))
@connection.option
@click.option("--store", required=True, help="Name or id of the store; a name that no store has makes one.")
@transfer.options
@click.option("--no-wait", is_flag=True, help="Do not wait until the files can be found.")
@shown.as_json
def command(
    server: Server,
    path: Sequence[Path],
    store: str,
    description: Description,
    chunking: dict[str, Any] | None,
    at_once: int,
    *,
    hidden: bool,
    follow_links: bool,
    no_ignore_files: bool,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Add files and folders to a store, and wait until they can be found.

    Content that the store has is skipped, so the same command goes on where it was stopped, by Ctrl-C too. Nothing is
    replaced or removed: `vectorlog sync` does that.
    """
    if "source" in description.fixed:
        raise click.BadParameter(
            "the attribute source marks files that `vectorlog sync` owns, and may remove; choose another name.",
            param_hint="--attribute",
        )
    sources = [_source(each, hidden=hidden, links=follow_links, ignore_files=not no_ignore_files) for each in path]
    id = connection.store_id(server, store, create=True)
    result, began = Ingested(), time.monotonic()
    with transfer.stoppable() as stop, transfer.Shown().showing() as progress:
        try:
            new = choose(server, id, sources, stop, progress.seen, result)
        except SourceUnusable as error:
            raise exits.Failure(str(error)) from None
        progress.begin(len(new))
        ingest(id, new, description, Sender(server, id, chunking, stop, at_once, wait=not no_wait), progress, result)
        result.stopped = stop.is_set()
    _say(result, len(new), time.monotonic() - began, as_json=as_json)


def _source(path: Path, *, hidden: bool, links: bool, ignore_files: bool) -> Source:
    if path.is_dir():
        name = path.resolve().name
        return Folder(path, "", f"{name}/" if name else "", hidden=hidden, links=links, ignore_files=ignore_files)
    if not path.exists():
        raise click.BadParameter(f"There is no {shown.printable(str(path))}.", param_hint="PATH")
    return SingleFile(path, "")


def _say(result: Ingested, new: int, seconds: float, *, as_json: bool) -> None:
    if as_json:
        shown.dump(asdict(result))
    else:
        transfer.failures(result.failed)
        for title, listed in (("Left out", result.left_out), ("Note", result.warned)):
            for path, reason in listed:
                click.echo(f"{title}: {shown.printable(path)}: {shown.printable(reason)}", err=True)
        said = [f"{result.completed:,} files added", f"{result.skipped:,} unchanged"]
        said += [f"{result.accepted:,} attached and not waited for"] * bool(result.accepted)
        said += [f"{len(result.failed):,} failed"] * bool(result.failed)
        click.echo(f"{', '.join(said)}, in {seconds:.1f} s.")
    if result.stopped:
        raise exits.Failure(
            f"Stopped; {new - result.begun:,} files are left. The same command goes on.", exits.INTERRUPTED
        )
    if result.failed:
        raise SystemExit(exits.SOME_FAILED)
