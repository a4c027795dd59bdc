"""`vectorlog pull chroma` and `vectorlog pull qdrant`: bring collections of points, as documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from vectorlog.cli import connection, exits, pulled, shown, transfer
from vectorlog.client.server import Refused, Server
from vectorlog.syncing.chroma_sqlite import ChromaFolder
from vectorlog.syncing.items import SourceUnusable
from vectorlog.syncing.points import Layout, PointSource
from vectorlog.syncing.pull_points import PointPuller
from vectorlog.syncing.pulled_store import Pulled
from vectorlog.syncing.qdrant import QdrantServer

F = TypeVar("F", bound=Callable[..., Any])


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
            pulled.map_option,
            pulled.at_once,
            shown.as_json,
        )
    ):
        made = each(made)
    decorated: F = made  # click calls it like the command itself
    return decorated


@click.command()
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


@click.command()
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
    known = pulled.opened(map_file)
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
    pulled.end(results, map_file, stopped=stop.is_set(), as_json=as_json)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except SourceUnusable as error:
        raise exits.Failure(str(error), exits.USAGE) from None
