"""Adds files to a store; nothing of it is changed or removed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from vectorlog.client.server import Server
from vectorlog.syncing.described import Description
from vectorlog.syncing.items import Item, Source
from vectorlog.syncing.reading import Hashes, contents, read
from vectorlog.syncing.sending import Sender
from vectorlog.syncing.tasks import Progress, Sent, Task, key_of


@dataclass(slots=True)
class Ingested:
    """What came of an ingest: numbers of files, and what failed.

    Attributes:
        completed: files that can be found now.
        skipped: files whose content the store has.
        accepted: files that are in the store, and were not waited for.
        failed: paths and reasons.
        left_out: paths that were left out on purpose, and why.
        warned: paths of completed files, and what is told of them.
        begun: files that were to be sent.
        stopped: it was stopped before its end.
    """

    completed: int = 0
    skipped: int = 0
    accepted: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    warned: list[tuple[str, str]] = field(default_factory=list)
    begun: int = 0
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class New:
    """A file whose content the store does not have."""

    item: Item
    sha256: str


def choose(
    server: Server,
    store: str,
    sources: Sequence[Source],
    stop: threading.Event,
    seen: Callable[[int, int], None],
    result: Ingested,
) -> list[New]:
    """Returns the files whose content the store does not have, each content once; counts the others in `result`.
    `seen` is told the number of files and bytes that were read.

    Raises:
        SourceUnusable: a source cannot be read.
        Refused: the server refused something.
    """
    known = set(contents(server, store))
    new: list[New] = []
    before = (0, 0)
    for source in sources:
        counted = before

        def told(files: int, size: int, base: tuple[int, int] = before) -> None:
            nonlocal counted
            counted = base[0] + files, base[1] + size
            seen(*counted)

        found = read(source, Hashes(), stop, told)
        before = counted
        for each in found.unreadable:
            (result.left_out if each.skipped else result.failed).append((each.path, each.reason))
        for item, sha256 in found.files.values():
            if sha256 in known:
                result.skipped += 1
            else:
                known.add(sha256)
                new.append(New(item, sha256))
    return new


def ingest(
    store: str, new: Sequence[New], description: Description, sender: Sender, progress: Progress, result: Ingested
) -> None:
    """Uploads, attaches and waits for files, and counts them in `result`.

    Raises:
        Refused: the server cannot be reached, or refuses the key.
    """

    def tasks() -> Iterator[Task]:
        for each in new:
            try:
                attributes = description.attributes(each.item, sha256=each.sha256)
            except ValueError as error:
                result.failed.append((each.item.path, str(error)))
                continue
            result.begun += 1
            key = key_of("ingest", store, each.item.path, each.sha256)
            yield Task(each.item.path, attributes, each.sha256, each.item, key=key)

    def ended(sent: Sent) -> None:
        if sent.status == "completed":
            result.completed += 1
            result.warned += [(sent.task.path, warning) for warning in sent.warnings]
        elif sent.status == "accepted":
            result.accepted += 1
        else:
            result.failed.append((sent.task.path, sent.reason or sent.status))

    sender.send(tasks(), progress, ended)
