"""Copies collections of another vector database: a store for each, and a file for each document."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

from vectorlog.client.server import Server
from vectorlog.syncing.documents_sqlite import Document, Documents, documents
from vectorlog.syncing.items import Item
from vectorlog.syncing.points import LONGEST_VALUE, Collection, Layout, PointSource, unfit
from vectorlog.syncing.pull_map import PullMap
from vectorlog.syncing.pulled_file import AS, FROM, MOST_ATTRIBUTES, TEXT_SUFFIXES
from vectorlog.syncing.pulled_store import MOST_METADATA, Pulled, PulledStores
from vectorlog.syncing.sending import Sender
from vectorlog.syncing.tasks import Progress, Sent, Task, key_of

_BETWEEN = "\n\n"
_LONGEST_NAME = 200
"""Characters of a filename, of those that a server takes; the whole name of a document is an attribute."""

Left = Counter[tuple[str, str]]
"""In how many files a key was left out, by key and reason."""


class PointPuller:
    """Copies collections of `source` to stores of `target`.

    Args:
        source: the other database.
        target: the server that they come to.
        known: what came in earlier runs; what comes is noted in it at once.
        layout: which key has what.
        stop: once it is set, nothing new begins.
        at_once: how many files are uploaded at a time.
    """

    def __init__(
        self,
        source: PointSource,
        target: Server,
        known: PullMap,
        layout: Layout,
        stop: threading.Event,
        at_once: int,
    ) -> None:
        self._source = source
        self._target = target
        self._known = known
        self._layout = layout
        self._stop = stop
        self._at_once = at_once
        self._stores = PulledStores(target, known)

    def pull(self, collection: Collection, progress: Progress, begin: Callable[[int], None]) -> Pulled:
        """Copies one collection; what came before is left as it is. `begin` is told how many files are to come.

        Raises:
            SourceUnusable: the other database cannot be read.
            Refused: a server cannot be reached, or refused the key or the store.
        """
        metadata, left = _metadata(collection)
        pulled = self._stores.opened({"id": collection.id, "name": collection.name, "metadata": metadata})
        pulled.notes += [(collection.name, f"its metadata {key!r} is left out: {reason}") for key, reason in left]
        if unread := self._source.unread(collection):
            pulled.notes.append((collection.name, unread))
        with documents(self._layout) as found:
            for point in self._source.points(collection):
                if self._stop.is_set():
                    return pulled
                found.add(point)
            self._send(pulled, found, progress, begin)
        return pulled

    def _send(self, pulled: Pulled, found: Documents, progress: Progress, begin: Callable[[int], None]) -> None:
        if found.without_text:
            reason = "they have no text, or --text-key names another key than theirs"
            pulled.failed.append((_number(found.without_text, "point"), reason))
        keys = {_id(*each): each for each in found.listed()}
        here = self._stores.here(pulled, list(keys))
        missing = [each for old, each in keys.items() if old not in here]
        begin(len(missing))
        sent: dict[str, Document] = {}
        left: Left = Counter()

        def tasks() -> Iterator[Task]:
            for key, named in missing:
                document = found.document(key, named=named)
                task = _task(pulled.old, document, left)
                sent[task.key] = document
                yield task

        def noted(task: Task, file: str) -> None:
            document = sent[task.key]
            for old in {_id(document.key, document.named), *(_id(each.id, False) for each in document.points)}:
                self._known.add_file(pulled.old, old, file, "text")

        def ended(task: Sent) -> None:
            document = sent.pop(task.task.key)
            if task.file:
                pulled.files[_id(document.key, document.named)] = task.file
            if task.status in ("completed", "accepted"):
                pulled.as_text += 1
            else:
                pulled.failed.append((document.key, task.reason or task.status))

        sender = Sender(self._target, pulled.new, None, self._stop, self._at_once)
        sender.send(tasks(), progress, ended, uploaded=noted)
        pulled.notes += [
            (pulled.name, f"attribute {key!r} is left out of {_number(number, 'file')}: {reason}")
            for (key, reason), number in sorted(left.items())
        ]


def _number(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number != 1 else ''}"


def _id(key: str, named: bool) -> str:
    """What stands for a document, or a point, in attributes and in the map; with a hash where it would be too long."""
    whole = key if named else f"point:{key}"
    if len(whole) <= LONGEST_VALUE:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()
    return f"{whole[: LONGEST_VALUE - len(digest) - 1]}#{digest}"


def _task(collection: str, document: Document, left: Left) -> Task:
    old = _id(document.key, document.named)
    data = _BETWEEN.join(each.text for each in document.points).encode()
    sha256 = hashlib.sha256(data).hexdigest()
    filename = _filename(document)
    return Task(
        path=filename,
        attributes=_attributes(document, left) | {FROM: old, AS: "text"},
        sha256=sha256,
        item=Item(filename, len(data), None, "", lambda: BytesIO(data)),
        key=key_of("pull", collection, old, sha256),
    )


def _filename(document: Document) -> str:
    name = document.key.rstrip("/").replace("\\", "/").rpartition("/")[2]
    name = "".join(each if each.isprintable() else "_" for each in name)[:_LONGEST_NAME] or "document"
    return name if PurePosixPath(name).suffix.lower() in TEXT_SUFFIXES else f"{name}.txt"


def _attributes(document: Document, left: Left) -> dict[str, Any]:
    """What all points of a document have in common, as far as it fits."""
    first, *others = (each.values for each in document.points)
    kept: dict[str, Any] = {}
    for key in dict.fromkeys(key for each in document.points for key in each.values):
        value = first.get(key)
        if reason := _differs(key, first, others) or unfit(key, value):
            left[key, reason] += 1
        elif key in (FROM, AS):
            left[key, "the pull sets it itself"] += 1
        elif len(kept) == MOST_ATTRIBUTES - 2:
            left[key, f"a file has at most {MOST_ATTRIBUTES} attributes, and two are the pull's"] += 1
        else:
            kept[key] = value
    return kept


def _differs(key: str, first: Mapping[str, Any], others: list[Mapping[str, Any]]) -> str:
    same = key in first and all(key in each and each[key] == first[key] for each in others)
    return "" if same else "it differs between the points of a document"


def _metadata(collection: Collection) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    kept: dict[str, Any] = {}
    left: list[tuple[str, str]] = []
    for key, value in collection.metadata.items():
        reason = unfit(key, value)
        if not reason and len(kept) == MOST_METADATA - 1:
            reason = f"a store has at most {MOST_METADATA} keys, and one is the pull's"
        if reason:
            left.append((key, reason))
        else:
            kept[key] = value
    return kept, left
