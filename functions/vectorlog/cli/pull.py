"""`vectorlog pull`: brings stores from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from vectorlog.cli import connection, pull_points, pulled, shown, transfer
from vectorlog.client.server import Server, segment
from vectorlog.defaults import OPENAI_URL
from vectorlog.syncing.pull import Puller
from vectorlog.syncing.pulled_store import Pulled


@click.group()
def command() -> None:
    """Bring stores from elsewhere."""


command.add_command(pull_points.chroma)
command.add_command(pull_points.qdrant)


@command.command()
@connection.option
@click.option("--from-url", envvar="OPENAI_BASE_URL", default=OPENAI_URL, show_default=True, show_envvar=True)
@click.option(
    "--from-key", envvar="OPENAI_API_KEY", show_envvar=True, help="A key of that server; any, where none is needed."
)
@click.option("--store", multiple=True, help="Id or name of a store there; can be given several times.")
@click.option("--all", "everything", is_flag=True, help="All stores that the key sees.")
@pulled.map_option
@pulled.at_once
@shown.as_json
def openai(
    server: Server,
    from_url: str,
    from_key: str | None,
    store: Sequence[str],
    map_file: Path,
    at_once: int,
    *,
    everything: bool,
    as_json: bool,
) -> None:
    """Copy stores from OpenAI, or any other server of its API: files, attributes, chunking and names.

    Where the other server does not give the bytes of a file, as OpenAI does not for files of purpose assistants, the
    text comes that it indexed, as a file ‹name›.txt with the attribute pulled_as = "text". The old ids are kept in the
    attribute pulled_from of files and the metadata pulled_from of stores. The same command goes on where it was
    stopped. Nothing changes on the other server.
    """
    if bool(store) == everything:
        raise click.UsageError("Give --store (several times if need be), or --all.")
    if from_key is None:
        if from_url == OPENAI_URL:
            raise click.UsageError("OpenAI needs a key: give it in OPENAI_API_KEY, or with --from-key.")
        from_key = "any"
    source = connection.opened(from_url, from_key, hint="--from-url")
    if source.url == server.url and from_key == server.key:
        raise click.UsageError("Source and target are the same: name the target with --url or VECTORLOG_URL.")
    known = pulled.opened(map_file)
    results: list[Pulled] = []
    with transfer.stoppable() as stop, transfer.Shown().showing() as progress:
        there = _stores(source, store, everything=everything)
        puller = Puller(source, server, known, stop, at_once)
        try:
            for each in there:
                if stop.is_set():
                    break
                name = shown.printable(each.get("name") or each["id"])
                came = puller.pull(each, progress, lambda files, name=name: progress.begin(files, name))  # type: ignore[misc]
                results.append(came)
        finally:
            known.finish()
            source.close()
    pulled.end(results, map_file, stopped=stop.is_set(), as_json=as_json)


def _stores(source: Server, wanted: Sequence[str], *, everything: bool) -> list[dict[str, Any]]:
    if everything:
        return [each for each in source.items("/vector_stores") if each.get("status") != "expired"]
    return [source.get(f"/vector_stores/{segment(connection.store_id(source, each))}") for each in wanted]
