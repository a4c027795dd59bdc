"""What the commits of an export say: the newest state of each stream, and the objects that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import assert_never

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
from vectorlog.domain.ids import StoreFileId, UploadPartId, store_file_stream
from vectorlog.domain.vectors import Space
from vectorlog.event_log import codec
from vectorlog.event_log.decision import AnyState
from vectorlog.event_log.event_log import Commit
from vectorlog.files import artefact
from vectorlog.reactions.erasure import Erased
from vectorlog.use_cases.upload_parts import DIRECT, part_key
from vectorlog.use_cases.uploaded_files import blob_key


@dataclass(slots=True)
class LogSummary:
    """A summary of each stream's newest state, from one pass over the commits. It holds one entry per stream.

    Attributes:
        newest: the newest version of each stream.
        spaces: the space of each store.
        ended: stores that are expired or deleted.
        uploads: the hash of each uploaded file that is not deleted.
        pending: uploads in parts that have not ended.
        parts: the hash of each part that was sent through the API, by its stream.
        manifests: the store of each manifest that is an object, by its key.
        lists: the manifest of each batch whose manifest is an object.
        generations: the open and the serving generation of each file in a store.
        serving: the serving generation of each file in a store, its number of chunks, and the bytes of its text.
        continued: streams to which the target has appended commits since. Their state is that of the target.
        commits: the number of commits.
        erased: the version of the newest commit with an erasure, by stream.
        older: folded states of the streams whose newest commit has a state of an older schema.
    """

    newest: dict[str, int] = field(default_factory=dict)
    spaces: dict[str, Space] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    uploads: dict[str, str] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    parts: dict[str, str] = field(default_factory=dict)
    manifests: dict[str, str] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    generations: dict[str, tuple[int, ...]] = field(default_factory=dict)
    serving: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    continued: set[str] = field(default_factory=set)
    commits: int = 0
    erased: dict[str, int] = field(default_factory=dict)
    older: dict[str, object] = field(default_factory=dict)

    def note(self, commit: Commit) -> None:
        """Adds a commit. Those of one stream must be in order.

        Raises:
            UnknownSchema: newer code wrote the commit.
        """
        self.commits += 1
        self.newest[commit.stream] = commit.version
        aggregate = codec.aggregate_of(commit.stream)
        events = codec.decode_events(aggregate, commit.events)  # raises if this version cannot read them
        written = codec.decode_state(aggregate, commit.state)
        if written is None:
            written = self.older[commit.stream] = codec.fold(aggregate, events, self.older.get(commit.stream))
        else:
            self.older.pop(commit.stream, None)
        for event in events:  # the batch may not have a commit yet
            if isinstance(event, Erased):
                self.erased[commit.stream] = commit.version
            if isinstance(event, vector_store.VectorStoreCreated) and event.batch and event.batch.manifest.object:
                self.manifests[event.batch.manifest.object] = commit.stream
        self.take(commit.stream, written)

    def take(self, stream: str, state: AnyState) -> None:
        """Notes the newest state of a stream."""
        match state:
            case vector_store.State():
                self.spaces[stream] = state.space
                if state.ended:
                    self.ended[stream] = state.ended
            case uploaded_file.State():
                if state.deleted:
                    self.uploads.pop(stream, None)
                else:
                    self.uploads[stream] = state.sha256
            case store_file.State():
                self.generations[stream] = tuple(each.generation for each in (state.open, state.serving) if each)
                self.serving.pop(stream, None)
                if state.serving:
                    serving = state.serving
                    self.serving[stream] = serving.generation, serving.chunks, serving.usage_bytes
            case file_batch.State():
                former = self.lists.pop(stream, None)
                if former is not None and former != state.object:  # an erasure has replaced it
                    self.manifests.pop(former, None)
                if state.object:
                    self.manifests[state.object] = state.store
                    self.lists[stream] = state.object
            case upload.State():
                (self.pending.discard if state.ended else self.pending.add)(stream)
            case upload_part.State():
                if state.added is not None:
                    self.parts[stream] = state.added.sha256
            case api_key.State() | project_limits.State() | webhook_endpoint.State():
                pass
            case _ as never:
                assert_never(never)

    def readable(self, commit: Commit) -> Commit:
        """Returns the commit. If it is the newest of its stream, its state is converted to the current schema.

        It may be read before the older commits, from which its state would be folded, are imported.
        """
        if commit.stream not in self.older or commit.version != self.newest[commit.stream]:
            return commit
        aggregate = codec.aggregate_of(commit.stream)
        keys = codec.decode_keys(aggregate, commit.state)
        return replace(commit, state=codec.encode_state(aggregate, self.older[commit.stream], keys))

    def needs(self, key: str) -> bool:
        """Returns whether the newest states need an object."""
        match key.split("/"):
            case ["files", file, sha256]:
                return self.uploads.get(file) == sha256
            case ["uploads", id, part, name]:
                return id in self.pending and self.parts.get(str(UploadPartId(id, part)), DIRECT) == name
            case ["manifests", *_]:
                return self._keeps_manifests(self.manifests.get(key))
            case ["artefacts", store, file, generation, _]:
                wanted = self.generations.get(store_file_stream(store, file), ())
                return self._holds(store, file) and generation in {f"{each:08d}" for each in wanted}
        return False

    def objects(self) -> Iterator[str]:
        """Yields the key of each uploaded file, manifest and part that the newest states need."""
        yield from (blob_key(file, sha256) for file, sha256 in self.uploads.items())
        yield from (key for key, store in self.manifests.items() if self._keeps_manifests(store))
        for stream, sha256 in self.parts.items():
            id = UploadPartId.parse(stream)
            if id.upload in self.pending:
                yield part_key(id.upload, id.part, sha256)

    def artefacts(self) -> Iterator[tuple[str, int, int]]:
        """Yields the folder of each artefact that serves, its number of chunks, and the bytes of its text."""
        for stream, (generation, chunks, text) in self.serving.items():
            id = StoreFileId.parse(stream)
            if self._holds(id.store, id.file):
                yield artefact.folder(id.store, id.file, generation), chunks, text

    def _keeps_manifests(self, store: str | None) -> bool:
        return store in self.spaces and self.ended.get(store) not in ("deleted", "erased")

    def _holds(self, store: str, file: str) -> bool:
        """Returns whether a store still holds a file's contents. A deleted file is about to leave it."""
        return store in self.spaces and store not in self.ended and file in self.uploads
