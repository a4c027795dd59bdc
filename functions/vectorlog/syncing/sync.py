"""Makes what a sync owns in a store equal to a source."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from vectorlog.client.server import Refused, Server, segment
from vectorlog.syncing.described import Description
from vectorlog.syncing.done import Done
from vectorlog.syncing.items import Source, Unreadable
from vectorlog.syncing.plan import (
    Add,
    Again,
    Await,
    Plan,
    Remove,
    Retag,
    StillFailed,
    Stored,
    Wanted,
    attributes_after,
    plan,
)
from vectorlog.syncing.reading import Hashes, Read, owned, read, stored_of
from vectorlog.syncing.sending import Sender
from vectorlog.syncing.tasks import Progress, Sent, Task, key_of

_POLL_S = 1.0


class EmptySource(Exception):
    """The source has no file, but the store has files from it: probably something is not mounted."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a sync would do, and what it needs for it; `taken` are the ids of all files of the store."""

    plan: Plan
    found: Read
    unreadable: Sequence[Unreadable]
    taken: frozenset[str]


class Sync:
    """One source and one store.

    Args:
        server: the server.
        store: the id of the store.
        source: where files come from.
        description: what attributes say of them.
        sender: uploads and attaches.
        stop: once it is set, nothing new begins.
        keep_uploads: whether files are only detached, and stay uploaded.
        allow_empty: whether a source without any file empties the store.
    """

    def __init__(
        self,
        server: Server,
        store: str,
        source: Source,
        description: Description,
        sender: Sender,
        stop: threading.Event,
        *,
        keep_uploads: bool = False,
        allow_empty: bool = False,
    ) -> None:
        self._server = server
        self._store = store
        self._source = source
        self._description = description
        self._sender = sender
        self._stop = stop
        self._keep_uploads = keep_uploads
        self._allow_empty = allow_empty
        self._hashes = Hashes()

    def prepare(self, seen: Callable[[int, int], None]) -> Prepared:
        """Reads the source and the store, and says what is to do. Nothing is changed. `seen` is told the number of
        files and bytes that were read.

        Raises:
            SourceUnusable: the source cannot be read.
            EmptySource: see there; not with `allow_empty`.
            Refused: the server refused something.
        """
        stored, taken = owned(self._server, self._store, self._source.name)
        for each in stored:
            if isinstance(etag := each.attributes.get("etag"), str):
                self._hashes.by_version[each.path, etag] = each.sha256
        found = read(self._source, self._hashes, self._stop, seen)
        unreadable = list(found.unreadable)
        wanted: list[Wanted] = []
        for path, (item, sha256) in found.files.items():
            own = {"source": self._source.name, "sha256": sha256, **({"etag": item.etag} if item.etag else {})}
            try:
                wanted.append(Wanted(path, sha256, self._description.attributes(item, **own)))
            except ValueError as error:
                unreadable.append(Unreadable(path, str(error)))
        planned = plan(wanted, stored, [each.path for each in unreadable])
        gone = sum(isinstance(each, Remove) for each in planned.actions)
        if gone and not wanted and not self._allow_empty and not self._stop.is_set():
            raise EmptySource(
                f"{self._source.name} has no file, but the store has {gone:,} from it. If they are to be removed, say "
                f"--allow-empty."
            )
        return Prepared(planned, found, unreadable, frozenset(taken))

    def carry_out(self, prepared: Prepared, progress: Progress) -> Done:
        """Does what `prepare` found. New versions are searchable before old ones are detached.

        Raises:
            Refused: the server cannot be reached, or refuses the key.
        """
        actions = prepared.plan.actions
        done = Done(unchanged=prepared.plan.unchanged)
        done.failed += [(each.path, each.reason) for each in prepared.unreadable if not each.skipped]
        for action in actions:
            if self._stop.is_set():
                break
            if isinstance(action, Retag):
                self._retag(action, done)
            elif isinstance(action, StillFailed):
                done.failed.append((action.stored.path, action.stored.reason))
        self._send(prepared, progress, done)
        for action in actions:
            if isinstance(action, Await):
                self._await(action, done)
        for action in actions:
            if self._stop.is_set():  # a file whose name changed may not be searchable yet under the new one
                break
            if isinstance(action, Remove):
                self._remove(action.stored, done)
        done.stopped = self._stop.is_set()
        return done

    def _send(self, prepared: Prepared, progress: Progress, done: Done) -> None:
        sent = [each for each in prepared.plan.actions if isinstance(each, Add | Again)]
        by_path: Mapping[str, Add | Again] = {each.wanted.path: each for each in sent}

        def ended(result: Sent) -> None:
            action = by_path[result.task.path]
            if result.status == "completed":
                if action.old or isinstance(action, Again):
                    done.changed += 1
                else:
                    done.added += 1
                for each in action.old:
                    self._remove(each, done, old=True)
            elif result.status == "accepted":
                done.left.append(result.task.path)
            else:
                done.failed.append((result.task.path, result.reason or result.status))

        self._sender.send(self._tasks(sent, prepared.found), progress, ended, prepared.taken)

    def _tasks(self, sent: Sequence[Add | Again], found: Read) -> Iterator[Task]:
        for each in sent:
            wanted = each.wanted
            if isinstance(each, Again):
                yield Task(wanted.path, attributes_after(wanted, each.stored), wanted.sha256, None, file=each.stored.id)
            else:
                item, sha256 = found.files[wanted.path]
                key = key_of("sync", self._store, self._source.name, wanted.path, sha256)
                yield Task(wanted.path, wanted.attributes, sha256, item, key=key)

    def _retag(self, action: Retag, done: Done) -> None:
        body = {"attributes": attributes_after(action.wanted, action.stored)}
        try:
            self._server.post(self._path_of(action.stored), body)
        except Refused as error:
            if error.status == HTTPStatus.NOT_FOUND:  # another sync removed it; the next one adds it
                done.left.append(action.wanted.path)
                return
            if error.status == 0:
                raise
            done.failed.append((action.wanted.path, str(error)))
            return
        if action.moved:
            done.moved += 1
        else:
            done.retagged += 1

    def _await(self, action: Await, done: Done) -> None:
        """Waits for a file that is being ingested, and then removes its older versions."""
        while not self._stop.is_set():
            try:
                now = self._server.get(self._path_of(action.stored))
                status = now["status"]
            except Refused as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise
                status = "cancelled"
            if status == "in_progress":
                self._stop.wait(_POLL_S)
                continue
            if status == "failed":
                done.failed.append((action.stored.path, (now.get("last_error") or {}).get("message", status)))
                return
            if status == "completed":
                done.added += 1
                for each in action.old:
                    self._remove(each, done, old=True)
                return
            break
        done.left.append(action.stored.path)

    def _remove(self, stored: Stored, done: Done, *, old: bool = False) -> None:
        """Detaches a file and deletes its upload, if it still is what it was when the plan was made."""
        try:
            now = stored_of(self._server.get(self._path_of(stored)))
            if now is None or (now.attributes["source"], now.path) != (self._source.name, stored.path):
                return
            if self._keep_uploads or not self._delete_upload(stored):
                self._server.delete(self._path_of(stored))
        except Refused as error:
            if error.status == 0:
                raise
            if error.status != HTTPStatus.NOT_FOUND:  # another sync was first
                done.failed.append((stored.path, str(error)))
                return
        done.removed += not old

    def _delete_upload(self, stored: Stored) -> bool:
        """Deletes an upload, and so the file in every store, by one request; returns whether it was the caller's."""
        try:
            self._server.delete(f"/files/{segment(stored.id)}")
        except Refused as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return False
        return True

    def _path_of(self, stored: Stored) -> str:
        return f"/vector_stores/{segment(self._store)}/files/{segment(stored.id)}"
