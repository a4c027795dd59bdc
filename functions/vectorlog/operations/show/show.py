"""Collects everything that a deployment knows about an id, from its log and its derived data."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from vectorlog.deployment import Deployment
from vectorlog.domain import (
    api_key,
    file_batch,
    project_limits,
    store_file,
    upload,
    upload_part,
    uploaded_file,
    vector_store,
    webhook_endpoint,
)
from vectorlog.domain.ids import StoreFileId, parse_stream, store_file_stream
from vectorlog.event_log.codec import STORE_FILE, VECTOR_STORE, UnknownSchema, aggregate_of
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.provenance import origin_of
from vectorlog.event_log.streams import Loaded
from vectorlog.operations.show import explain, streams
from vectorlog.operations.show.records import Shown, ShownBlob, ShownChunks, ShownMessage, ShownQueues, iso
from vectorlog.operations.show.request_ids import request_of
from vectorlog.operations.waiting import Waiting
from vectorlog.use_cases import open_batches, upload_parts
from vectorlog.use_cases.uploaded_files import blob_key
from vectorlog.views import keys

FILES = 50
"""How many files, stores and blobs are listed. For more, only their number is given, if it is known."""

log = logging.getLogger(__name__)


class UnknownId(Exception):
    """The log has nothing with this id."""


def show(deployment: Deployment, waiting: Callable[[], Waiting], id: str) -> Shown:
    """Returns what is known about a thing or a request; the refusal of another id lists what there is.

    Raises:
        UnknownId: no commit has this id.
        UnknownSchema: newer code wrote it.
    """
    if (request := request_of(id)) is not None:
        return _Inspection(deployment, waiting(), request).request()
    try:
        aggregate = aggregate_of(id)
    except UnknownSchema:
        raise UnknownId(
            f"'{id}' is not the id of a store (vs_…), file (file-…), file in a store (vs_…/file-…), batch (vsfb_…), "
            f"upload (upload_…), part of an upload (upload_…/part_…), key (key_…), webhook endpoint (we_…) or "
            f"request (req_…)."
        ) from None
    loaded: Loaded[Any] = deployment.streams.load(aggregate, id)
    return _Inspection(deployment, waiting(), id).thing(loaded)


class _Inspection:
    """Collects the data of one id."""

    def __init__(self, deployment: Deployment, waiting: Waiting, id: str) -> None:
        self._deployment = deployment
        self._waiting = waiting
        self._id = id
        self._notes: list[str] = []

    def thing(self, loaded: Loaded[Any]) -> Shown:
        """Returns the data of a thing that has its own stream."""
        if loaded.newest is None:
            return self._unreached()
        match loaded.state:
            case store_file.State():
                return self._store_file(loaded.newest)
            case uploaded_file.State():
                return self._uploaded(loaded.newest, loaded.state)
            case vector_store.State():
                return self._store(loaded.newest, loaded.state)
            case file_batch.State():
                return self._batch(loaded.newest, loaded.state)
            case upload.State():
                first = explain.upload(self._id, loaded.state, self._deployment.clock())
                return self._upload(loaded.newest, first)
            case upload_part.State():
                return self._upload(loaded.newest, explain.upload_part(self._id, loaded.state))
            case api_key.State() | project_limits.State() | webhook_endpoint.State():
                return self._shown([explain.of_no_file(self._id, loaded.state)], [loaded.newest])
        raise UnknownId(f"'{self._id}' is of a kind that this version cannot show.")

    def request(self) -> Shown:
        """Returns the commits of a request, and of all work that followed from it."""
        by_stream: dict[str, list[Commit]] = {}
        scanned = 0
        for commit in self._deployment.streams.log.scan():
            scanned += 1
            if self._id in commit.meta and origin_of(commit.meta).request == self._id:
                by_stream.setdefault(commit.stream, []).append(commit)
        if not by_stream:
            raise UnknownId(f"None of the log's {scanned:,} commits comes from the request '{self._id}'.")
        self._notes.append(f"Commits are not indexed by request: all {scanned:,} commits of the log were read.")
        number = sum(map(len, by_stream.values()))
        first = f"{self._id} led to {explain.counted(number, 'commit')} in {explain.counted(len(by_stream), 'stream')}."
        newest = self._deployment.streams.log.load_many(list(islice(by_stream, FILES)))
        shown = [streams.of(self._deployment, commit, by_stream[stream]) for stream, commit in newest.items()]
        if len(by_stream) > FILES:
            self._notes.append(f"{len(by_stream) - FILES} more streams are not shown.")
        files = [each for each in newest.values() if isinstance(parse_stream(each.stream), StoreFileId)]
        return Shown(self._id, (first, *self._files(files)), tuple(shown), self._queues(), (), (), tuple(self._notes))

    def _unreached(self) -> Shown:
        """Returns the data of a file that an open batch has not reached yet, so that it has no stream."""
        id = parse_stream(self._id)
        if not isinstance(id, StoreFileId) or not open_batches.pending(
            self._deployment, id.store, id.file, store_file.INITIAL
        ):
            raise UnknownId(f"The log has no '{self._id}'.")
        sentence = f"{id.file} in {id.store} is named by a batch whose work has not attached it yet."
        return self._shown([sentence], [])

    def _store_file(self, newest: Commit) -> Shown:
        id = StoreFileId.parse(self._id)
        blobs = self._blobs(f"artefacts/{id.store}/{id.file}/")
        return self._shown(self._files([newest]), [newest], blobs=blobs, chunks=self._chunks([id.store], id.file))

    def _uploaded(self, newest: Commit, state: uploaded_file.State) -> Shown:
        stores = self._deployment.views.stores_of(self._id, FILES)
        if len(stores) == FILES:
            self._notes.append(f"It is in {FILES} stores or more; these are {FILES} of them.")
        placed = self._deployment.streams.log.load_many([store_file_stream(store, self._id) for store in stores])
        first = explain.uploaded(self._id, state, self._deployment.clock(), len(stores))
        kept = blob_key(self._id, state.sha256)
        blobs = [ShownBlob(kept, self._deployment.blobs.size(kept))]
        for store in stores:
            blobs += self._blobs(f"artefacts/{store}/{self._id}/")
        commits = list(placed.values())
        return self._shown(
            [first, *self._files(commits)], [newest, *commits], blobs=blobs, chunks=self._chunks(stores, self._id)
        )

    def _upload(self, newest: Commit, first: str) -> Shown:
        return self._shown([first], [newest], blobs=self._blobs(upload_parts.folder(self._id)))

    def _store(self, newest: Commit, state: vector_store.State) -> Shown:
        counts = self._deployment.views.store_counts(self._id)
        rows = [
            row
            for status in ("failed", "in_progress")
            for row in self._deployment.views.table.query(
                keys.store(self._id).pk, prefix=keys.FILES, status=status, limit=FILES
            )
        ]
        named = [store_file_stream(self._id, keys.thing_of(row.key.sk)) for row in rows]
        files = self._files(self._deployment.streams.log.load_many(named).values())
        return self._shown(
            [explain.store(self._id, state, counts), *files],
            [newest],
            blobs=[*self._blobs(f"manifests/{self._id}/"), *self._blobs(f"artefacts/{self._id}/")],
            chunks=self._chunks([self._id]),
        )

    def _batch(self, newest: Commit, state: file_batch.State) -> Shown:
        counts = self._deployment.views.batch_counts(self._id, state.count)
        entries = self._deployment.views.table.query(keys.batch(self._id).pk, prefix="E#", limit=1000)
        named = [
            store_file_stream(state.store, keys.thing_of(row.key.sk)) for row in entries if row.data != "completed"
        ]
        files = self._files(self._deployment.streams.log.load_many(named[:FILES]).values())
        blobs = [ShownBlob(state.object, self._deployment.blobs.size(state.object))] if state.object else []
        return self._shown([explain.batch(self._id, state, counts), *files], [newest], blobs=blobs)

    def _shown(
        self,
        explanation: Sequence[str],
        newest: Sequence[Commit],
        *,
        blobs: Sequence[ShownBlob] = (),
        chunks: Sequence[ShownChunks] = (),
    ) -> Shown:
        return Shown(
            self._id,
            tuple(explanation),
            tuple(streams.of(self._deployment, each) for each in newest),
            self._queues(),
            tuple(blobs),
            tuple(chunks),
            tuple(self._notes),
        )

    def _files(self, newest: Iterable[Commit]) -> list[str]:
        """Returns a sentence for each file in a store, given the newest commits of their streams."""
        return [
            explain.in_store(
                StoreFileId.parse(each.stream),
                self._deployment.streams.decode_as(STORE_FILE, each).state,
                self._ended_at(each),
                self._waiting,
            )
            for each in newest
        ]

    def _ended_at(self, newest: Commit) -> int | None:
        """Returns when a file in a store last failed or was cancelled; later commits may have changed attributes."""
        first = max(0, newest.version + 1 - streams.COMMITS)
        for commit in reversed(self._deployment.streams.log.read(newest.stream, first, streams.COMMITS)):
            events = self._deployment.streams.decode_as(STORE_FILE, commit).events
            if any(isinstance(event, store_file.FileFailed | store_file.FileCancelled) for event in events):
                return commit.at
        return None

    def _queues(self) -> ShownQueues:
        waiting = self._waiting.messages
        if waiting is None:
            self._notes.append("SQS does not show messages without handing them out, so they are only counted.")
            return ShownQueues(self._waiting.numbers, None)
        messages = tuple(
            ShownMessage(each.queue, each.kind, each.data, each.receives, iso(each.visible_at), each.lent)
            for each in waiting
            if each.concerns(self._id)
        )
        return ShownQueues(self._waiting.numbers, messages)

    def _blobs(self, folder: str) -> list[ShownBlob]:
        listed = list(islice(self._deployment.blobs.list(folder), FILES + 1))
        if len(listed) > FILES:
            self._notes.append(f"{folder} holds more than {FILES} objects; these are {FILES} of them.")
        return [ShownBlob(key, self._deployment.blobs.size(key)) for key in sorted(listed[:FILES])]

    def _chunks(self, stores: Sequence[str], file: str | None = None) -> list[ShownChunks]:
        """Returns the numbers of chunks by generation. If the index fails, a note says so, and the rest is shown."""
        shown: list[ShownChunks] = []
        for store, loaded in self._deployment.streams.load_many(VECTOR_STORE, stores).items():
            space = loaded.state.space
            try:
                counted = self._deployment.index.count(space, store)
            except Exception as error:
                log.debug("the index could not be read", exc_info=True)
                self._notes.append(f"The index could not be read for {store}: {type(error).__name__}: {error}")
                continue
            wanted = {key: number for key, number in counted.items() if file in (None, key[0])}
            if len(wanted) > FILES:
                self._notes.append(f"The index has {sum(wanted.values()):,} chunks of {len(wanted):,} generations.")
            shown += [ShownChunks(store, *key, number) for key, number in sorted(wanted.items())[:FILES]]
        return shown
