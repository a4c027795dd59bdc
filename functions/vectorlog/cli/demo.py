"""`vectorlog demo`: starts a temporary server, and ingests and searches documents with the `openai` client."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vectorlog.cli.shown import printable

if TYPE_CHECKING:
    from openai import OpenAI

QUERIES = (
    "What happens to accepted work when the server is killed?",
    "How do I point the openai client at it?",
    "Where do I add a new route?",
)
STARTS_WITHIN_S = 30.0


@click.command()
@click.option(
    "--documents",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="Folder whose Markdown files are ingested; by default the current one.",
)
def command(documents: Path) -> None:
    """Ingest the Markdown files of a folder and search them."""
    files = sorted(path for path in documents.glob("**/*.md") if not any(part.startswith(".") for part in path.parts))
    if not files:
        raise click.ClickException(
            f"There is no Markdown file under {documents.resolve()}; give another folder with --documents."
        )
    try:
        from openai import OpenAI
    except ImportError:
        raise click.ClickException("The demo needs OpenAI's client: pip install openai") from None
    with tempfile.TemporaryDirectory(prefix="vectorlog-demo-") as data, _server(Path(data)) as url:
        click.echo(f"A temporary server listens on {url}; its data is in {data}.")
        _show(OpenAI(base_url=f"{url}/v1", api_key="demo"), files)
    click.echo("The server has stopped and its data is deleted. Now run your own: ./dev serve")


def _show(client: OpenAI, documents: list[Path]) -> None:
    began = time.monotonic()
    store = client.vector_stores.create(name="demo")
    batch = client.vector_stores.file_batches.upload_and_poll(store.id, files=documents)
    seconds = time.monotonic() - began
    click.echo(
        f"{batch.file_counts.completed} of {batch.file_counts.total} documents are searchable after {seconds:.1f} s."
    )
    for query in QUERIES:
        began = time.monotonic()
        results = client.vector_stores.search(store.id, query=query, max_num_results=3).data
        click.secho(f"\n{query}", bold=True, nl=False)
        click.echo(f"  ({(time.monotonic() - began) * 1000:.0f} ms)")
        for result in results:
            snippet = " ".join(result.content[0].text.split())
            click.echo(f"  {result.score:.3f}  {printable(result.filename):<20} {printable(snippet[:100])}…")
    click.echo()


@contextmanager
def _server(data: Path) -> Iterator[str]:
    """Runs a server in a child process on a free port, and yields its URL."""
    arguments = [sys.executable, "-m", "vectorlog.cli.main", "serve", "--port", "0", "--data", str(data)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield _address(process)
        finally:
            process.terminate()
            process.wait(15)


def _address(process: subprocess.Popen[str]) -> str:
    until = time.monotonic() + STARTS_WITHIN_S
    while process.stdout and time.monotonic() < until:
        line = process.stdout.readline()
        if not line:
            break
        address = next((word for word in line.split() if word.startswith("http://")), None)
        if address:
            return address.rstrip("/")
    raise click.ClickException("The server did not start. Run `vectorlog serve` to see why.")
