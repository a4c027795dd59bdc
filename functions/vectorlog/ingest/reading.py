"""Reads the files of a batch, each to its job, and decides what happens to those that cannot be read."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from vectorlog.deployment import Deployment
from vectorlog.domain import uploaded_file, vector_store
from vectorlog.domain.errors import Invalid
from vectorlog.domain.store_file import Failure, State
from vectorlog.event_log.streams import Loaded
from vectorlog.files.blobs import NoSuchBlob
from vectorlog.ingest.crowd import SLICE_S, Crowd
from vectorlog.ingest.document import (
    Document,
    GaveWay,
    GiveWay,
    Reader,
    ReaderClosed,
    ReaderCrashed,
    ReaderUnavailable,
    Unreadable,
)
from vectorlog.ingest.endings import Endings
from vectorlog.ingest.job import Job, Requeue
from vectorlog.ingest.language import told_of_language
from vectorlog.use_cases import vector_stores
from vectorlog.use_cases.uploaded_files import blob_key
from vectorlog.work.messages import Ingest

log = logging.getLogger(__name__)

CRASHES = 2
"""Number of crashes of the reader after which a file fails."""


@dataclass(frozen=True, slots=True)
class Due:
    """A file to read: its message, its stream as loaded, its store and its upload."""

    message: Ingest
    loaded: Loaded[State]
    store: vector_store.State
    file: uploaded_file.State


class Reading:
    """Reads files for an ingester. `timer` returns seconds and never goes back."""

    def __init__(self, deployment: Deployment, reader: Reader, timer: Callable[[], float]) -> None:
        self._deployment = deployment
        self._reader = reader
        self._timer = timer
        self._endings = Endings(deployment)
        self._unread = _Unread()

    def begin(self, batch: Sequence[Due], crowd: Crowd) -> list[Callable[[], Job | Requeue | None]]:
        """Returns a call for each file of a batch, those that were slow before last. The calls may run in parallel.

        Each returns a job, a message to requeue, or None if the generation has ended.
        """
        ordered = sorted(batch, key=lambda due: due.message.slow)
        self._unread.add(due.message for due in ordered)
        since = self._timer()
        return [
            partial(self._prepare, due, _Turn(due.message, crowd, self._unread, since, self._timer)) for due in ordered
        ]

    def _prepare(self, due: Due, turn: _Turn) -> Job | Requeue | None:
        message, store, file = due.message, due.store, due.file
        chunking = due.loaded.state.chunking
        try:
            if turn.is_over():
                return Requeue(message, 0, "others wait", moved=True)
            embedder = vector_stores.require_model(self._deployment, store)
            if (refusal := embedder.standing_refusal) is not None:
                return self._wait(due, str(refusal))
            with self._deployment.blobs.local(blob_key(message.file, file.sha256)) as path:
                document = turn.read(
                    lambda give_way: self._reader.read(
                        path,
                        file.filename,
                        chunking.max_tokens,
                        chunking.overlap,
                        give_way,
                        by_windows=embedder.by_windows,
                    ),
                )
        except Invalid as error:
            self._endings.fail(message, Failure("server_error", error.message))
        except NoSuchBlob:
            self._endings.end_without_blob(message)
        except Unreadable as error:
            self._endings.fail(message, Failure(error.code, str(error)))
        except GaveWay as error:
            return Requeue(replace(message, slow=True), 0, str(error), moved=True)
        except ReaderClosed as error:
            return Requeue(message, 0, str(error), moved=True)
        except ReaderUnavailable as error:
            self._deployment.telemetry.host_refused(str(error))
            return self._wait(due, str(error))
        except ReaderCrashed as error:
            return self._crashed(message, error)
        else:
            move = store.moves.under_way
            if move is not None and not self._deployment.models.offers(move.space):
                said = "%s moves to %s, which is not offered here: cancel the move"
                log.error(said, message.store, move.model, extra=message.cause)
                move = None
            model = (move.space if move else store.space).name
            told = told_of_language(document, model, self._deployment.models.languages(model))
            return Job(message, due.loaded, store.space, told, store.moves.current, move)
        finally:
            turn.done()
        return None

    def _wait(self, due: Due, reason: str) -> Requeue | None:
        """Puts a file back that waits for the deployment, or fails it if its time is over."""
        later = replace(due.message, refusals=due.message.refusals + 1)
        kept = self._endings.wait(due.loaded.state, Requeue(later, None, reason, held=True))
        return kept[0] if kept else None

    def _crashed(self, message: Ingest, error: ReaderCrashed) -> Requeue | None:
        crashed = replace(message, crashes=message.crashes + 1, slow=True)
        if crashed.crashes < CRASHES:
            return Requeue(crashed, 0, str(error))
        cause = f"Reading this file stopped the reader {CRASHES} times: {error}"
        self._endings.fail(
            message,
            Failure("invalid_file", f"{cause}. Save it again in another format, or split it, and attach the new file."),
        )
        return None


class _Unread:
    """The files, by project, that wait for a reader. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._projects: Counter[str] = Counter()

    def add(self, messages: Iterable[Ingest], number: int = 1) -> None:
        """Adds files; `number` is -1 for those that wait no longer."""
        with self._lock:
            for message in messages:
                self._projects[_project(message)] += number
            self._projects = +self._projects

    def others(self, message: Ingest) -> bool:
        """Whether a file of another project waits."""
        with self._lock:
            return any(project != _project(message) for project in self._projects)


class _Turn:
    """The use that a file of a batch makes of a reader, while others may wait.

    Args:
        message: of the file.
        crowd: who else waits.
        unread: the files that wait for the same readers, this one included.
        since: when its batch was begun.
        timer: in seconds.
    """

    def __init__(
        self, message: Ingest, crowd: Crowd, unread: _Unread, since: float, timer: Callable[[], float]
    ) -> None:
        self._message = message
        self._crowd = crowd
        self._unread = unread
        self._since = since
        self._timer = timer
        self._begun: float | None = None

    def is_over(self) -> bool:
        """Whether the file, which is about to be read, is to be left to later instead."""
        return self._timer() - self._since >= SLICE_S and self._others_wait()

    def read(self, read: Callable[[GiveWay], Document]) -> Document:
        """Calls `read` with the question whether the file is to give way, and tells the crowd how long it took."""
        try:
            return read(self._give_way)
        finally:
            if self._begun is not None:
                self._crowd.charge(self._message, self._timer() - self._begun)

    def done(self) -> None:
        """Says that the file no longer waits for a reader."""
        if self._begun is None:
            self._unread.add([self._message], -1)

    def _give_way(self, seconds: float) -> bool:
        if self._begun is None:
            self._begun = self._timer()
            self._unread.add([self._message], -1)
        return seconds >= SLICE_S and self._others_wait()

    def _others_wait(self) -> bool:
        return self._unread.others(self._message) or self._crowd.waits()


def _project(message: Ingest) -> str:
    return message.project or message.store
