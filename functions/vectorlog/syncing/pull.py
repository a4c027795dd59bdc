"""Copies stores from another server of the API, with files, attributes, chunking and names."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

from vectorlog.client.server import Refused, Server, segment
from vectorlog.syncing.pull_map import PullMap
from vectorlog.syncing.pulled_file import Fetched, NotGiven, fetch, uploaded
from vectorlog.syncing.pulled_store import Pulled, PulledStores
from vectorlog.syncing.sending import Sender
from vectorlog.syncing.tasks import Progress, Sent, Task

_AHEAD = 4
"""Files that are fetched before they are needed."""


class Puller:
    """Copies stores from `source` to `target`.

    Args:
        source: the other server, which is only read.
        target: the server that they come to.
        known: what came in earlier runs; what comes is noted in it at once.
        stop: once it is set, nothing new begins.
        at_once: how many files are uploaded at a time.
    """

    def __init__(self, source: Server, target: Server, known: PullMap, stop: threading.Event, at_once: int) -> None:
        self._source = source
        self._target = target
        self._stop = stop
        self._at_once = at_once
        self._known = known
        self._stores = PulledStores(target, known)

    def pull(self, store: Mapping[str, Any], progress: Progress, begin: Callable[[int], None]) -> Pulled:
        """Copies one store, as the other server shows it; what came before is left as it is. `begin` is told how many
        files are to come.

        Raises:
            Refused: a server cannot be reached, or refused the key or the store.
        """
        pulled = self._stores.opened(store)
        there = list(self._source.items(f"/vector_stores/{segment(pulled.old)}/files", {"order": "asc"}))
        here = self._stores.here(pulled, [each["id"] for each in there])
        missing = [each for each in there if each["id"] not in here]
        begin(len(missing))
        fetched: dict[str, tuple[str, Fetched]] = {}
        stop = _Drained(self._stop)

        def tasks() -> Iterator[Task]:
            for listed, found in self._fetched(pulled.old, missing, stop):
                name = listed.get("filename") or listed["id"]
                if isinstance(found, NotGiven):
                    failed = Sent(Task(name, {}, "", None), "", "unsent", str(found))
                    progress.ended(failed)
                    pulled.failed.append((f"{name} ({listed['id']})", str(found)))
                    continue
                fetched[found.task.key] = listed["id"], found
                pulled.notes += [(f"{name} ({listed['id']})", note) for note in found.notes]
                yield found.task

        def noted(task: Task, file: str) -> None:
            old, found = fetched[task.key]
            self._known.add_file(pulled.old, old, file, found.form)

        def ended(sent: Sent) -> None:
            old, found = fetched.pop(sent.task.key)
            if sent.file:
                pulled.files[old] = sent.file
            if sent.status in ("completed", "accepted"):
                pulled.as_bytes += found.form == "bytes"
                pulled.as_text += found.form == "text"
            else:
                pulled.failed.append((f"{sent.task.path} ({old})", sent.reason or sent.status))

        sender = Sender(self._target, pulled.new, None, stop, self._at_once)
        sender.send(tasks(), progress, ended, uploaded=noted)
        return pulled

    def _fetched(
        self, store: str, missing: list[dict[str, Any]], stop: _Drained
    ) -> Iterator[tuple[Mapping[str, Any], Fetched | NotGiven]]:
        """Fetches files in the background, a few ahead of what is asked for. What was begun before `stop` is yielded
        too, so that it need not be fetched again.
        """
        waiting: deque[tuple[dict[str, Any], Future[Fetched | NotGiven]]] = deque()
        left = iter(missing)
        with ThreadPoolExecutor(_AHEAD) as pool:
            while True:
                while len(waiting) < _AHEAD and not self._stop.is_set() and (listed := next(left, None)) is not None:
                    waiting.append((listed, pool.submit(self._fetch, store, listed)))
                stop.fetched = len(waiting)
                if not waiting:
                    return
                listed, future = waiting.popleft()
                yield listed, future.result()

    def _fetch(self, store: str, listed: Mapping[str, Any]) -> Fetched | NotGiven:
        try:
            for new, form in self._known.uploads(store, listed["id"]):
                if self._exists(new):
                    return uploaded(self._source, listed, new, form)
            return fetch(self._source, store, listed)
        except NotGiven as reason:
            return reason

    def _exists(self, file: str) -> bool:
        try:
            self._target.get(f"/files/{segment(file)}")
        except Refused as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return False
        return True


class _Drained:
    """Is set once `stop` is and nothing that was fetched is left to upload.

    Attributes:
        fetched: files that were fetched, or are being fetched, and were not yet taken.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self.fetched = 0

    def is_set(self) -> bool:
        return self._stop.is_set() and not self.fetched

    def wait(self, timeout: float) -> bool:
        return self._stop.wait(timeout) and self.is_set()
