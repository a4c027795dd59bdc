"""`vectorlog show`: prints what is known about an id. A server may be running."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from vectorlog.cli import deployments, options
from vectorlog.cli.shown import json_text
from vectorlog.event_log.codec import UnknownSchema
from vectorlog.operations.show.records import Shown, ShownCommit, ShownQueues, ShownRow, ShownStream
from vectorlog.operations.show.show import UnknownId, show
from vectorlog.runtime.local.logs import printable

WIDTH = 160
"""How many characters of an event's or a message's fields a line shows."""


@click.command()
@click.argument("id")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@options.settings(["data"])
@deployments.option
def command(id: str, data: Path, which: deployments.Chosen, *, as_json: bool) -> None:
    """Show what is known about a store (vs_…), a file (file-…), a file in a store (vs_…/file-…), a batch (vsfb_…), a
    key (key_…) or a request (req_…).

    It prints the status and the reason for it first, then the events, state and rows, the messages in queues, the
    blobs, and the number of chunks in the index. A request is found by reading the whole log.
    """
    with deployments.open_beside(which, data) as (deployment, _, waiting):
        try:
            shown = show(deployment, waiting, id)
        except (UnknownId, UnknownSchema) as error:
            raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json_text(asdict(shown)))
    else:
        click.echo("\n".join(map(printable, _lines(shown))))


def _lines(shown: Shown) -> Iterator[str]:
    yield from shown.explanation
    for stream in shown.streams:
        yield from ("", f"{stream.id} ({stream.kind.replace('_', ' ')})")
        yield from _stream(stream)
    yield from ("", "queues")
    yield from _queues(shown.queues)
    if shown.blobs:
        yield from ("", "blobs")
        for blob in shown.blobs:
            yield f"  {blob.key}  {'missing' if blob.size is None else f'{blob.size:,} bytes'}"
    if shown.chunks:
        yield from ("", "index")
        for each in shown.chunks:
            yield f"  {each.store} {each.file} generation {each.generation}: {each.chunks:,} chunks"
    if shown.notes:
        yield ""
        yield from (f"Note: {note}" for note in shown.notes)


def _stream(stream: ShownStream) -> Iterator[str]:
    yield "  events"
    if stream.left_out:
        yield f"    {stream.left_out:,} other commits are not shown"
    for commit in stream.commits:
        for event in commit.events:
            yield f"    {commit.at}  v{commit.version}  {event['type']}{_origin(commit)}  {_short(event['data'])}"
    yield "  state"
    for name, value in stream.state.items():
        if value not in (None, [], {}, ""):
            yield f"    {name}: {_short(value)}"
    yield "  rows"
    yield from (f"    {_row(row)}" for row in stream.rows)


def _origin(commit: ShownCommit) -> str:
    by = f" by {commit.actor}" if commit.actor else ""
    return f"{by}{f' in {commit.request}' if commit.request else ''}{' (imported)' if commit.imported else ''}"


def _row(row: ShownRow) -> str:
    counts = " ".join(f"{name}={number}" for name, number in sorted(row.counts.items()) if number)
    parts = [
        f"{row.pk} {row.sk}",
        "" if row.version < 0 else f"version {row.version}",
        row.status or "",
        counts,
        f"deadline {row.deadline}" if row.deadline else "",
        "removed" if row.gone else "",
    ]
    return "  ".join(part for part in parts if part)


def _queues(queues: ShownQueues) -> Iterator[str]:
    numbers = ", ".join(f"{name} {number:,}" for name, number in queues.numbers.items())
    if queues.messages is None:
        yield f"  messages in all: {numbers}; which ids they concern is not known"
        return
    for each in queues.messages:
        when = "a worker has it" if each.lent else f"due at {each.visible_at}"
        yield f"  {each.queue}: {each.kind}, received {each.receives} times, {when}  {_short(each.data)}"
    if not queues.messages:
        yield f"  no message concerns it (in all: {numbers})"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
