"""`vectorlog demo`: starts a temporary server, ingests and searches documents, and leaves it to the user."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import metadata
from pathlib import Path

import click

from vectorlog.cli import connection, exits, shown
from vectorlog.client.server import Refused, Server

QUERIES = (
    "What happens to accepted work when the server is killed?",
    "How do I point the openai client at it?",
    "Where do I add a new route?",
)
STARTS_WITHIN_S = 30.0
POLL_S = 0.2
DAMAGED = ("damaged-report.pdf", b"%PDF-1.7\nThis file was cut off on its way")
"""A file that fails, so that there is a reason to be seen."""
_LEFT_OUT = ("tests", "node_modules", "benchmarks")


@click.command()
@click.option(
    "--documents",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="Folder whose Markdown files are ingested; by default the current one.",
)
@click.option(
    "--stay/--no-stay", default=None, help="Whether the server goes on until Ctrl-C; by default on a terminal only."
)
@click.option("--open/--no-open", "opens", default=None, help="Whether the console is opened, if there is a browser.")
def command(documents: Path, *, stay: bool | None, opens: bool | None) -> None:
    """Ingest the Markdown files of a folder, search them, and show the console."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # a terminal that is closed ends the server too
        signal.signal(number, signal.default_int_handler)
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    files = [*_markdown(documents), DAMAGED]
    with tempfile.TemporaryDirectory(prefix="vectorlog-demo-") as data, _server(Path(data)) as url:
        click.echo(f"A temporary server listens on {url}; its data is in {data}.")
        server = connection.opened(url, "any")
        try:
            store = _ingest(server, files)
            _ask(server, store)
        except Refused as error:
            raise exits.Failure(str(error)) from None
        finally:
            server.close()
        if terminal if stay is None else stay:
            _leave_to_user(f"{url}/console", store, opens=terminal and _has_display() if opens is None else opens)
    click.echo("The server has stopped and its data is deleted. Now run your own: vectorlog serve (or ./dev serve)")


def _markdown(folder: Path) -> list[tuple[str, bytes]]:
    """Returns the names and contents of a folder's Markdown files; where it has none, our own README."""
    found = sorted(folder.glob("**/*.md"))
    kept = [path for path in found if not any(part[0] == "." or part in _LEFT_OUT for part in path.parts)]
    if kept:
        return [(path.name, path.read_bytes()) for path in kept]
    readme = metadata("vectorlog").json["description"]
    return [("README.md", str(readme).encode())]


def _ingest(server: Server, files: Sequence[tuple[str, bytes]]) -> str:
    began = time.monotonic()
    store: str = server.post("/vector_stores", {"name": "demo"})["id"]
    ids = [server.upload(name, content) for name, content in files]
    batches = f"/vector_stores/{store}/file_batches"
    batch = server.post(batches, {"file_ids": ids})
    click.echo(f"{len(ids)} files are uploaded; they are read and embedded on this machine's CPU…")
    told = -1
    while batch["status"] == "in_progress":
        time.sleep(POLL_S)
        batch = server.get(f"{batches}/{batch['id']}")
        done = batch["file_counts"]["completed"]
        if done > told and sys.stdout.isatty():
            told = done
            click.echo(f"\r  {done} of {len(ids)}", nl=False)
    counts = batch["file_counts"]
    click.echo(
        f"\r{counts['completed']} of {counts['total']} files are searchable after {time.monotonic() - began:.1f} s."
    )
    for each in server.items(f"/vector_stores/{store}/files", {"filter": "failed"}):
        which = "One failed, on purpose" if each["id"] == ids[-1] else f"{shown.printable(each['filename'])} failed"
        click.echo(f"{which}: {shown.printable(each['last_error']['message'])}")
    return store


def _ask(server: Server, store: str) -> None:
    for query in QUERIES:
        began = time.monotonic()
        results = server.search(store, query, 3, {})
        click.secho(f"\n{query}", bold=True, nl=False)
        click.echo(f"  ({(time.monotonic() - began) * 1000:.0f} ms)")
        for result in results:
            snippet = " ".join(result["content"][0]["text"].split())
            click.echo(
                f"  {result['score']:.3f}  {shown.printable(result['filename']):<20} {shown.printable(snippet[:90])}…"
            )


def _leave_to_user(console: str, store: str, *, opens: bool) -> None:
    """Says what to try, and waits for Ctrl-C."""
    click.echo("\nThe server goes on until you press Ctrl-C. Look at all of it in the console:\n")
    click.secho(f"  {console}", bold=True)
    click.echo(
        f"""
  the files, and why one failed    {console}#/stores/{store}
  a search that says why           {console}#/search?stores={store}&q=backup
  what happened, as a timeline     {console}#/stores/{store}/history

From another terminal:
  vectorlog search demo 'is my data safe?' --url {console.removesuffix("/console")}
"""
    )
    if opens:
        click.launch(console)
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)
    click.echo()


def _has_display() -> bool:
    """Whether a browser that is opened here would be seen."""
    if "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform == "darwin" or any(name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY"))


@contextmanager
def _server(data: Path) -> Iterator[str]:
    """Runs a server in a child process on a free port, and yields its URL."""
    arguments = [sys.executable, "-m", "vectorlog.cli.main", "serve", "--port", "0", "--data", str(data)]
    new = {name: value for name, value in os.environ.items() if name != "VECTORLOG_HOST"}
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=new, text=True, start_new_session=True
    ) as process:
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
