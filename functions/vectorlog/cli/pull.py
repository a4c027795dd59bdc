"""`vectorlog pull`: brings stores from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from vectorlog.cli import connection, exits, shown, transfer
from vectorlog.client.server import Refused, Server, segment
from vectorlog.defaults import OPENAI_URL
from vectorlog.syncing.chroma_sqlite import ChromaFolder
from vectorlog.syncing.items import SourceUnusable
from vectorlog.syncing.points import Layout, PointSource
from vectorlog.syncing.pull import Puller
from vectorlog.syncing.pull_map import BadMap, PullMap
from vectorlog.syncing.pull_points import PointPuller
from vectorlog.syncing.pulled_store import Pulled
from vectorlog.syncing.qdrant import QdrantServer

F = TypeVar("F", bound=Callable[..., Any])


_map_option = click.option(
    "--map",
    "map_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("vectorlog-pull.json"),
    show_default=True,
    help="Where the old and new ids are written; a later run reads it.",
)
_at_once = click.option("--at-once", type=click.IntRange(1, 64), default=4, show_default=True, help="Uploads at once.")


@click.group()
def command() -> None:
    """Bring stores from elsewhere."""


@command.command()
@connection.option
@click.option("--from-url", envvar="OPENAI_BASE_URL", default=OPENAI_URL, show_default=True, show_envvar=True)
@click.option(
    "--from-key", envvar="OPENAI_API_KEY", show_envvar=True, help="A key of that server; any, where none is needed."
)
@click.option("--store", multiple=True, help="Id or name of a store there; can be given several times.")
@click.option("--all", "everything", is_flag=True, help="All stores that the key sees.")
@_map_option
@_at_once
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
    known = _opened(map_file)
    results: list[Pulled] = []
    with transfer.stoppable() as stop, transfer.Shown().showing() as progress:
        there = _stores(source, store, everything=everything)
        puller = Puller(source, server, known, stop, at_once)
        try:
            for each in there:
                if stop.is_set():
                    break
                name = shown.printable(each.get("name") or each["id"])
                pulled = puller.pull(each, progress, lambda files, name=name: progress.begin(files, name))  # type: ignore[misc]
                results.append(pulled)
        finally:
            known.finish()
            source.close()
    _end(results, map_file, stopped=stop.is_set(), as_json=as_json)


def _layout(command: F) -> F:
    """Adds the options of which key has what, which a command gets as `layout`, and those of every pull of points."""

    @wraps(command)
    def wrapped(
        *given: Any,  # noqa: ANN401  # the command's own
        text_key: str,
        document_key: str,
        per_point: bool,
        **named: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        if document_key and per_point:
            raise click.UsageError("--document-key and --per-point are of no use together.")
        return command(*given, layout=Layout(text_key, document_key, per_point), **named)

    made: Any = wrapped
    for each in reversed(
        (
            click.option("--collection", multiple=True, help="Its name; can be given several times. Else all."),
            click.option(
                "--text-key", default="", help="Where the text is; else it is looked for in the usual places."
            ),
            click.option("--document-key", default="", help="What names the document of a point; else as --text-key."),
            click.option("--per-point", is_flag=True, help="Make a file of each point, whatever it is a part of."),
            _map_option,
            _at_once,
            shown.as_json,
        )
    ):
        made = each(made)
    decorated: F = made  # click calls it like the command itself
    return decorated


@command.command()
@connection.option
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@_layout
def chroma(server: Server, folder: Path, layout: Layout, **given: Any) -> None:  # noqa: ANN401  # those of _layout
    """Copy collections from the FOLDER of a Chroma database: texts and metadata.

    Each collection becomes a store, and each document a file: the points whose metadata names the same source, in the
    order of their pages, or else each point. Metadata that they have in common becomes attributes. Vectors do not come
    along: the texts are embedded anew. The same command goes on where it was stopped. Chroma's folder is only read.
    """
    with _readable():
        source = ChromaFolder(folder, layout)
    _pull_points(server, source, layout, **given)


@command.command()
@connection.option
@click.argument("address", metavar="URL")
@click.option("--from-key", envvar="QDRANT_API_KEY", default="", show_envvar=True, help="A key of Qdrant.")
@_layout
def qdrant(server: Server, address: str, from_key: str, layout: Layout, **given: Any) -> None:  # noqa: ANN401  # as above
    """Copy collections from the Qdrant server at URL: texts and metadata, as `pull chroma` does.

    A folder of Qdrant's Python client is not read, because it keeps Python objects that run code when they are read.
    Copy it to a server first: QdrantClient(path=…).migrate(QdrantClient(url=…)).
    """
    if Path(address).exists():
        raise click.UsageError(
            f"{address} is a folder, and the points in it are Python objects that run code when they are read. Copy it "
            "to a server with QdrantClient(path=…).migrate(QdrantClient(url=…)), and give the server's URL."
        )
    try:
        source = Server(address, from_key, patience=3, headers={"api-key": from_key} if from_key else {})
    except Refused as error:
        raise click.BadParameter(str(error).replace(":8080/v1", ":6333"), param_hint="URL") from None
    try:
        _pull_points(server, QdrantServer(source, layout), layout, **given)
    finally:
        source.close()


def _pull_points(
    server: Server,
    source: PointSource,
    layout: Layout,
    collection: Sequence[str],
    map_file: Path,
    at_once: int,
    *,
    as_json: bool,
) -> None:
    known = _opened(map_file)
    results: list[Pulled] = []
    with _readable(), transfer.stoppable() as stop, transfer.Shown().showing() as progress:
        there = source.collections()
        if lacking := sorted(set(collection) - {each.name for each in there}):
            names = ", ".join(shown.printable(each.name) for each in there) or "none"
            raise exits.Failure(f"There is no collection {lacking[0]!r}; there are: {names}.", exits.NOT_FOUND)
        puller = PointPuller(source, server, known, layout, stop, at_once)
        try:
            for each in there:
                if stop.is_set():
                    break
                if collection and each.name not in collection:
                    continue
                name = shown.printable(each.name)
                results.append(puller.pull(each, progress, lambda files, name=name: progress.begin(files, name)))  # type: ignore[misc]
        finally:
            known.finish()
    _end(results, map_file, stopped=stop.is_set(), as_json=as_json)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except SourceUnusable as error:
        raise exits.Failure(str(error), exits.USAGE) from None


def _opened(map_file: Path) -> PullMap:
    try:
        return PullMap(map_file)
    except BadMap as error:
        raise click.BadParameter(str(error), param_hint="--map") from None


def _end(results: Sequence[Pulled], map_file: Path, *, stopped: bool, as_json: bool) -> None:
    _say(results, map_file, as_json=as_json)
    if stopped:
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
