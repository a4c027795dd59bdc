"""Where a batch's list of files is kept, and how it is read back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from vectorlog.deployment import Deployment
from vectorlog.domain import file_batch, manifest
from vectorlog.domain.file_batch import FileBatchCreated
from vectorlog.domain.manifest import BatchItem, Manifest
from vectorlog.event_log.codec import FILE_BATCH
from vectorlog.event_log.streams import Loaded


def folder(store: str) -> str:
    """Where the manifests of a store's batches are."""
    return f"manifests/{store}/"


def keep(deployment: Deployment, store: str, batch: str, listed: Sequence[BatchItem]) -> Manifest:
    """Keeps a list where a commit can refer to it; a large one is written before that commit."""
    packed = manifest.pack(listed)
    found = manifest.inline(listed, packed)
    if found is None:
        # Its name follows from its content, so a second request under the same key cannot change what the first stored.
        key = f"{folder(store)}{batch}/{hashlib.sha256(packed).hexdigest()}"
        found = Manifest(len(listed), object=key)
        deployment.blobs.put([(key, packed)])
    return found


def read(deployment: Deployment, batch: Loaded[file_batch.State]) -> tuple[BatchItem, ...]:
    """The files of a batch, in their order; no read, as long as its list is in its newest commit."""
    if batch.state.object is not None:
        return manifest.unpack(deployment.blobs.read(batch.state.object))
    events = deployment.streams.first_commit(FILE_BATCH, batch).events
    kept = (event.manifest.inline for event in events if isinstance(event, FileBatchCreated))
    [inline] = (each for each in kept if each is not None)
    return manifest.read_inline(inline)
