"""`vectorlog pull`: brings stores from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from vectorlog.cli import connection, exits, shown, transfer
from vectorlog.client.server import Server, segment
from vectorlog.defaults import OPENAI_URL
from vectorlog.files.private import private_file
from vectorlog.syncing.pull import Pulled, Puller


@click.group()
def command() -> None:
    """Bring stores from elsewhere."""


@command.command()
@connection.option
@click.option("--from-url", envvar="OPENAI_BASE_URL", default=OPENAI_URL, show_default=True, show_envvar=True)
@click.option("--from-key", envvar="OPENAI_API_KEY", required=True, show_envvar=True, help="A key of that server.")
@click.option("--store", multiple=True, help="Id or name of a store there; can be given several times.")
@click.option("--all", "everything", is_flag=True, help="All stores that the key sees.")
@click.option(
    "--map",
    "map_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("vectorlog-pull.json"),
    show_default=True,
    help="Where the old and new ids are written; a later run reads it.",
)
@click.option("--at-once", type=click.IntRange(1, 64), default=4, show_default=True, help="Uploads at once.")
@shown.as_json
def openai(
    server: Server,
    from_url: str,
    from_key: str,
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
    source = connection.opened(from_url, from_key, hint="--from-url")
    if source.url == server.url and from_key == server.key:
        raise click.UsageError("Source and target are the same: name the target with --url or VECTORLOG_URL.")
    old = _read(map_file)
    results: list[Pulled] = []
    with transfer.stoppable() as stop, transfer.Shown().showing() as progress:
        there = _stores(source, store, everything=everything)
        known = {id: each["id"] for id, each in old.items()}
        puller = Puller(source, server, known, stop, at_once)
        try:
            for each in there:
                if stop.is_set():
                    break
                name = shown.printable(each.get("name") or each["id"])
                pulled = puller.pull(each, progress, lambda files, name=name: progress.begin(files, name))  # type: ignore[misc]
                results.append(pulled)
        finally:
            _write(map_file, old, results)
            source.close()
    _say(results, map_file, as_json=as_json)
    if stop.is_set():
        raise exits.Failure("Stopped; the same command goes on.", exits.INTERRUPTED)
    if any(each.failed for each in results):
        raise SystemExit(exits.SOME_FAILED)


def _stores(source: Server, wanted: Sequence[str], *, everything: bool) -> list[dict[str, Any]]:
    if everything:
        return [each for each in source.items("/vector_stores") if each.get("status") != "expired"]
    return [source.get(f"/vector_stores/{segment(connection.store_id(source, each))}") for each in wanted]


def _say(results: Sequence[Pulled], map_file: Path, *, as_json: bool) -> None:
    if as_json:
        shown.dump([asdict(each) for each in results])
        return
    rows = [
        (each.name or "–", each.old, each.new, each.as_bytes, each.as_text, each.skipped, len(each.failed))
        for each in results
    ]
    shown.table(
        ("Store", "There", "Here", "Bytes", "Text only", "There before", "Failed"), rows, "No store was copied."
    )
    transfer.failures([(f"{each.name}: {path}", reason) for each in results for path, reason in each.failed])
    for each in results:
        for path, note in each.notes:
            click.echo(f"Note: {shown.printable(path)}: {shown.printable(note)}", err=True)
    if any(each.as_text for each in results):
        click.echo('Files that came as text alone have the attribute pulled_as = "text".', err=True)
    click.echo(f"Old and new ids are in {map_file}. Permissions and keys do not come along.", err=True)


def _read(file: Path) -> dict[str, Any]:
    try:
        read = json.loads(file.read_text())["stores"]
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError):
        raise click.BadParameter(f"{file} is no map of a pull; name another file.", param_hint="--map") from None
    if not isinstance(read, dict) or not all(isinstance(each, dict) and "id" in each for each in read.values()):
        raise click.BadParameter(f"{file} is no map of a pull; name another file.", param_hint="--map")
    return read


def _write(file: Path, old: dict[str, Any], results: Sequence[Pulled]) -> None:
    new = dict(old)
    for each in results:
        files = {**old.get(each.old, {}).get("files", {}), **each.files}
        new[each.old] = {"id": each.new, "name": each.name, "files": files}
    draft = file.with_name(f"{file.name}.draft")
    with private_file(draft) as written:
        written.write(json.dumps({"stores": new}, indent=1).encode())
    draft.replace(file)
