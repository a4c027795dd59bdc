"""`vectorlog sync`: keeps files of a store of any server equal to a folder, a bucket or a git repository."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from math import inf
from pathlib import Path
from typing import Any, assert_never

import click

from vectorlog.cli import connection, exits, shown, transfer
from vectorlog.client.server import Refused, Server
from vectorlog.syncing.described import Description
from vectorlog.syncing.done import Done
from vectorlog.syncing.folder import Folder
from vectorlog.syncing.git import GitRepository
from vectorlog.syncing.items import Item, Source, SourceUnusable
from vectorlog.syncing.plan import Action, Add, Again, Await, Remove, Retag, StillFailed
from vectorlog.syncing.s3 import Bucket
from vectorlog.syncing.sending import Sender
from vectorlog.syncing.sync import EmptySource, Prepared, Sync

_EVERY_S = 60.0
_FOLDER_EVERY_S = 1.0
_AGAIN_S = 30
"""After so many seconds a turn that failed is repeated, if nothing changes before."""
_LOOKING_PART = 10
"""At most one part in so many of the time is spent on looking at a folder."""


@click.command()
@click.argument("source")
@connection.option
@click.option("--store", required=True, help="Name or id of the store; a name that no store has makes one.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--watch", is_flag=True, help="Go on: sync a folder at each change, other sources each minute.")
@click.option(
    "--every", type=click.FloatRange(0.1), help="Seconds between two looks. [default: 1 for folders, else 60]"
)
@click.option("--name", help="What the source is called in the store (attribute source), instead of its address.")
@click.option("--keep-uploads", is_flag=True, help="Only detach what is replaced or removed; do not delete the upload.")
@click.option("--allow-empty", is_flag=True, help="Let a source without any file empty its part of the store.")
@transfer.options
@shown.as_json
def command(
    server: Server,
    source: str,
    store: str,
    name: str | None,
    description: Description,
    chunking: dict[str, Any] | None,
    every: float | None,
    at_once: int,
    *,
    dry_run: bool,
    watch: bool,
    keep_uploads: bool,
    allow_empty: bool,
    hidden: bool,
    follow_links: bool,
    no_ignore_files: bool,
    as_json: bool,
) -> None:
    """Keep a store equal to SOURCE: a folder, s3://bucket/prefix, or git+https://host/repository@branch.

    What a sync made has the attributes source, path and sha256, and only that is ever changed or removed. A new version
    can be found before the old one is detached. Files that cannot be read stay as they were.
    """
    with (
        transfer.stoppable() as stop,
        _opened(source, hidden=hidden, links=follow_links, ignore_files=not no_ignore_files) as opened,
    ):
        named = opened if name is None else _Named(opened, name)
        found = connection.find_store(server, store) if dry_run else connection.store_id(server, store, create=True)
        if found is None:
            click.echo(f"The store {store!r} would be made.", err=True)
        id = found or ""
        sender = Sender(server, id, chunking, stop, at_once)
        sync = Sync(*(server, id, named, description, sender, stop), keep_uploads=keep_uploads, allow_empty=allow_empty)
        if not watch:
            _once(sync, stop, dry_run=dry_run, as_json=as_json)
            return
        again = _Again()
        for _ in _turns(opened, stop, every, again):
            try:
                _once(sync, stop, dry_run=dry_run, as_json=as_json)
            except (exits.Failure, Refused, SystemExit) as error:
                if stop.is_set():
                    raise
                again.due = time.monotonic() + _AGAIN_S
                if not isinstance(error, SystemExit):  # which was told
                    click.echo(f"Error: {shown.lines(str(error))}\nTrying again in {_AGAIN_S} s.", err=True)


@dataclass(slots=True)
class _Again:
    """When a turn that failed is repeated, on the monotonic clock."""

    due: float = inf


@contextmanager
def _opened(text: str, *, hidden: bool, links: bool, ignore_files: bool) -> Iterator[Source]:
    """Yields the source that a text names."""
    try:
        if text.startswith("s3://"):
            yield Bucket.parse(text)
        elif text.startswith("git+"):
            with tempfile.TemporaryDirectory(prefix="vectorlog-git-") as work:
                yield replace(GitRepository.parse(text, Path(work)), hidden=hidden, ignore_files=ignore_files)
        elif "://" in text:
            raise click.BadParameter("It is a folder, s3://… or git+https://….", param_hint="SOURCE")
        else:
            root = Path(os.path.abspath(Path(text).expanduser()))  # without "..", which `absolute` keeps
            if not root.is_dir():
                raise SourceUnusable(f"There is no folder {root}.")
            name = shown.printable(str(root))
            yield Folder(root, name, hidden=hidden, links=links, ignore_files=ignore_files)
    except (SourceUnusable, EmptySource) as error:
        raise exits.Failure(shown.printable(str(error))) from None


class _Named:
    """A source under another name."""

    def __init__(self, source: Source, name: str) -> None:
        self.name = name
        self.items = source.items


def _once(sync: Sync, stop: threading.Event, *, dry_run: bool, as_json: bool) -> None:
    began = time.monotonic()
    try:
        with transfer.Shown().showing() as progress:
            prepared = sync.prepare(progress.seen)
            if stop.is_set():
                raise exits.Failure("Stopped; nothing was done.", exits.INTERRUPTED)
            if not dry_run:
                progress.begin(sum(isinstance(each, Add | Again) for each in prepared.plan.actions))
                done = sync.carry_out(prepared, progress)
    except (SourceUnusable, EmptySource) as error:
        if stop.is_set():  # Ctrl-C ended git too
            raise exits.Failure("Stopped; nothing was done.", exits.INTERRUPTED) from None
        raise exits.Failure(shown.printable(str(error))) from None
    for each in prepared.unreadable:
        if each.skipped:
            click.echo(f"Left out: {shown.printable(each.path)}: {shown.printable(each.reason)}", err=True)
    if dry_run:
        _say_plan(prepared, as_json=as_json)
    else:
        _say(done, time.monotonic() - began, as_json=as_json)


def _say_plan(prepared: Prepared, *, as_json: bool) -> None:
    lines = [_line(each) for each in prepared.plan.actions]
    lines += [("failed", each.path, each.reason) for each in prepared.unreadable if not each.skipped]
    if as_json:
        shown.dump([{"action": action, "path": path, "detail": detail} for action, path, detail in lines])
        return
    for action, path, detail in sorted(lines, key=lambda each: each[1]):
        click.echo(f"{action:<8} {shown.printable(path)}" + (f"  ({shown.printable(detail)})" if detail else ""))
    click.echo(f"{len(lines):,} to do, {prepared.plan.unchanged:,} unchanged. Nothing was done.", err=True)


def _line(action: Action) -> tuple[str, str, str]:
    match action:
        case Add(wanted, old):
            return ("change" if old else "add"), wanted.path, ""
        case Again(wanted, stored):
            return "retry", wanted.path, stored.reason
        case Await(stored):
            return "wait", stored.path, "it is being ingested"
        case Retag(wanted, stored):
            return ("move", wanted.path, f"from {stored.path}") if action.moved else ("retag", wanted.path, "")
        case Remove(stored):
            return "remove", stored.path, ""
        case StillFailed(stored):
            return "failed", stored.path, stored.reason
        case _:
            assert_never(action)


def _say(done: Done, seconds: float, *, as_json: bool) -> None:
    if as_json:
        shown.dump(asdict(done))
    else:
        transfer.failures(done.failed)
        counts = {name: getattr(done, name) for name in ("added", "changed", "moved", "retagged", "removed")}
        said = [f"{count:,} {name}" for name, count in counts.items() if count]
        said += [f"{done.unchanged:,} unchanged"]
        said += [f"{len(done.failed):,} failed"] * bool(done.failed)
        said += [f"{len(done.left):,} not awaited"] * bool(done.left)
        click.echo(f"{', '.join(said)}, in {seconds:.1f} s.")
    if done.stopped:
        raise exits.Failure("Stopped; the same command goes on.", exits.INTERRUPTED)
    if done.failed:
        raise SystemExit(exits.SOME_FAILED)


def _turns(source: Source, stop: threading.Event, every: float | None, again: _Again) -> Iterator[None]:
    """Yields once, then whenever the source may have changed or a turn has to be repeated, until `stop` is set."""
    seen: object = None
    while not stop.is_set():
        began = time.monotonic()
        now = _state(source) if isinstance(source, Folder) else began
        took = time.monotonic() - began
        if now != seen or began >= again.due:  # what changes during a turn makes another one
            seen, again.due = now, inf
            yield
        pause = every or (_FOLDER_EVERY_S if isinstance(source, Folder) else _EVERY_S)
        stop.wait(max(pause, _LOOKING_PART * took))


def _state(folder: Folder) -> object:
    """What changes whenever a file of a folder does: paths with their versions, or why there is none. Unlike the
    system's notices of changes it works on network drives too, and in folders that are mounted later.
    """
    try:
        return {each.path: each.version if isinstance(each, Item) else each.reason for each in folder.items()}
    except SourceUnusable as error:
        return str(error)
