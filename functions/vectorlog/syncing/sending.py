"""Uploads files, attaches them in batches, and waits until they are ingested."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from vectorlog.client.server import Refused, Server, segment
from vectorlog.client.uploads import ContentChanged, Uploader
from vectorlog.syncing.items import Item
from vectorlog.syncing.tasks import Progress, Sent, Stop, Task

_BATCH = 100
"""Files of a batch: few enough that one which ends late does not keep many others from being reported."""
_BATCH_S = 1.0
"""How long an uploaded file waits for others before it is attached."""
_POLL_S = (0.2, 2.0)
"""The first and the longest wait between two looks at a batch, in seconds."""


@dataclass(slots=True)
class _Batch:
    """Files that were attached together, by their ids."""

    id: str
    tasks: dict[str, Task]
    wait_s: float = _POLL_S[0]
    look_at: float = 0.0


class Sender:
    """Sends files to one store.

    Args:
        server: the server.
        store: the id of the store; empty if nothing is sent.
        chunking: a chunking strategy, or None for the server's own.
        stop: once it is set, nothing new begins: what is uploaded is attached, and not waited for.
        at_once: how many files are uploaded at a time.
        wait: whether `send` waits until the files are ingested.
    """

    def __init__(
        self,
        server: Server,
        store: str,
        chunking: Mapping[str, Any] | None,
        stop: Stop,
        at_once: int = 4,
        *,
        wait: bool = True,
    ) -> None:
        self._server = server
        self._store = store
        self._chunking = chunking
        self._stop = stop
        self._at_once = at_once
        self._wait = wait
        self._uploader = Uploader(server)

    @property
    def _path(self) -> str:
        return f"/vector_stores/{segment(self._store)}"

    def send(
        self,
        tasks: Iterator[Task],
        progress: Progress,
        ended: Callable[[Sent], None],
        taken: Container[str] = frozenset(),
        uploaded: Callable[[Task, str], None] | None = None,
    ) -> None:
        """Uploads and attaches files; calls `ended` for each in this thread, as soon as it has ended, and `uploaded`
        before, as soon as it has an id, in another thread. Tasks that did not begin before `stop` are not reported.
        Files whose ids are `taken` stand for something else in the store: a task whose upload has such an id, because
        its content was in its place before, is uploaded as a new file.

        Raises:
            Refused: the server cannot be reached any more, or refuses the key.
        """

        def report(sent: Sent) -> None:
            progress.ended(sent)
            ended(sent)

        uploads: dict[Future[str], Task] = {}
        ready: dict[str, Task] = {}
        since = 0.0
        batches: list[_Batch] = []
        more = True
        with ThreadPoolExecutor(self._at_once) as pool:
            while more or uploads or ready or batches:
                while more and not self._stop.is_set() and len(uploads) < 2 * self._at_once:
                    task = next(tasks, None)
                    more = task is not None
                    if task is not None:
                        uploads[pool.submit(self._upload, task, taken, uploaded)] = task
                more = more and not self._stop.is_set()
                done = wait(uploads, timeout=_POLL_S[0], return_when=FIRST_COMPLETED).done if uploads else set()
                for future in done:
                    task = uploads.pop(future)
                    found = self._uploaded(future, task)
                    if isinstance(found, Sent):
                        report(found)
                        continue
                    progress.uploaded(task.item.size if task.item else 0)
                    since = since if ready else time.monotonic()
                    ready[found] = task
                if len(ready) >= _BATCH or (ready and (not uploads or time.monotonic() > since + _BATCH_S)):
                    batches += self._attach(ready, report)
                    ready = {}
                if self._stop.is_set() and not uploads:
                    self._leave(batches, report)
                    return
                batches = [each for each in batches if not self._look(each, report)]
                if not uploads and not more and batches:
                    self._stop.wait(max(0.0, min(each.look_at for each in batches) - time.monotonic()))

    def _upload(self, task: Task, taken: Container[str], uploaded: Callable[[Task, str], None] | None) -> str:
        file = task.file if task.item is None else self._sent(task, task.item, taken)
        if uploaded is not None:
            uploaded(task, file)
        return file

    def _sent(self, task: Task, item: Item, taken: Container[str]) -> str:
        name = task.path.rpartition("/")[2]
        filename = "".join(each if each.isprintable() else "_" for each in name)
        with item.open() as content:
            file = self._uploader.upload(filename, content, item.size, task.sha256, task.key)
            if file in taken:
                content.seek(0)
                file = self._uploader.upload(filename, content, item.size, task.sha256, str(uuid4()))
        return file

    def _uploaded(self, future: Future[str], task: Task) -> str | Sent:
        try:
            return future.result()
        except ContentChanged:
            return Sent(task, "", "unsent", "it changed while it was read; run the command again")
        except OSError as error:
            return Sent(task, "", "unsent", error.strerror or str(error))
        except Refused as error:
            if error.status in (0, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                raise
            return Sent(task, "", "unsent", str(error))

    def _attach(self, ready: Mapping[str, Task], report: Callable[[Sent], None]) -> list[_Batch]:
        """Attaches files as one batch. If the server refuses it because of one, each gets a batch of its own; a server
        that is busy or broken is not asked once more for each of them.
        """
        files = [{"file_id": file, **self._settings(task)} for file, task in ready.items()]
        try:
            made = self._server.post(f"{self._path}/file_batches", {"files": files})
        except Refused as error:
            if error.status in (0, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                raise
            theirs = error.status < HTTPStatus.INTERNAL_SERVER_ERROR and error.status != HTTPStatus.TOO_MANY_REQUESTS
            if len(ready) == 1 or not theirs:
                for file, task in ready.items():
                    report(Sent(task, file, "unsent", str(error)))
                return []
            return [batch for file, task in ready.items() for batch in self._attach({file: task}, report)]
        batch = _Batch(made["id"], dict(ready), look_at=time.monotonic() + _POLL_S[0])
        if self._wait:
            return [batch]
        self._leave([batch], report)
        return []

    def _settings(self, task: Task) -> dict[str, Any]:
        given = {"attributes": task.attributes or None, "chunking_strategy": task.chunking or self._chunking}
        return {name: dict(value) for name, value in given.items() if value is not None}

    def _look(self, batch: _Batch, report: Callable[[Sent], None]) -> bool:
        """Looks at a batch if it is time to; whether it has ended, and its files were reported."""
        if time.monotonic() < batch.look_at:
            return False
        path = f"{self._path}/file_batches/{segment(batch.id)}"
        ended = not self._server.get(path)["file_counts"]["in_progress"]
        files = list(self._server.items(f"{path}/files")) if ended else []
        if not ended or any(each["status"] == "in_progress" for each in files):  # others may have attached it again
            batch.wait_s = min(batch.wait_s * 1.5, _POLL_S[1])
            batch.look_at = time.monotonic() + batch.wait_s
            return False
        for each in files:
            task = batch.tasks.pop(each["id"], None)
            if task is not None:
                error = each.get("last_error") or {}
                told = tuple(warning["message"] for warning in each.get("warnings") or ())
                report(Sent(task, each["id"], each["status"], error.get("message", ""), told))
        for file, task in batch.tasks.items():
            report(Sent(task, file, "cancelled", "it was detached meanwhile"))
        return True

    def _leave(self, batches: list[_Batch], report: Callable[[Sent], None]) -> None:
        for batch in batches:
            for file, task in batch.tasks.items():
                report(Sent(task, file, "accepted"))
