"""`vectorlog doctor`: checks a server, and the data folder on this machine, and says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from vectorlog.cli import connection, exits, options, shown
from vectorlog.client.health import Check, State, server_checks
from vectorlog.client.server import Server

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_MARKS: dict[State, tuple[str, str]] = {
    "ok": ("ok", "green"),
    "warning": ("note", "yellow"),
    "problem": ("PROBLEM", "red"),
}
_EMBEDDING = ["embedding", "embedding_base_url", "embedding_api_key", "embedding_api_key_file", "embedding_model"]


@click.command()
@connection.option
@click.option("--no-folder", is_flag=True, help="Check the server alone. A server elsewhere is checked alone anyway.")
@options.settings(["data", "reserve_mb", *_EMBEDDING])
@shown.as_json
def command(
    server: Server,
    data: Path,
    reserve_mb: int,
    *,
    no_folder: bool,
    as_json: bool,
    **embedding: Any,  # noqa: ANN401  # settings
) -> None:
    """Check the server, its model, the clock and the key; and for a server on this machine its data folder, disk and
    embedding model. Every problem comes with what to do. It ends with 1 if there is one.
    """
    found: list[Check] = []

    def checks() -> Iterator[Check]:
        answers = True
        for each in server_checks(server):
            answers = answers and not (each.name == "server" and each.state == "problem")
            yield each
        if not no_folder and urlsplit(server.url).hostname in _LOOPBACK:
            from vectorlog.cli import doctor_local

            yield from doctor_local.folder_checks(data.expanduser().absolute(), reserve_mb)
            if not answers:
                yield from doctor_local.model_checks(embedding)

    for each in checks():
        found.append(each)
        if not as_json:
            mark, colour = _MARKS[each.state]
            click.echo(f"{click.style(f'{mark:<8}', fg=colour)} {each.name:<9} {shown.printable(each.said)}")
            if each.remedy:
                click.echo(f"{'':<18} → {shown.printable(each.remedy)}")
    if as_json:
        shown.dump([asdict(each) for each in found])
    problems = sum(each.state == "problem" for each in found)
    if problems:
        raise SystemExit(exits.REFUSED)
