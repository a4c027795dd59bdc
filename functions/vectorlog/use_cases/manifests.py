"""Stores and reads the manifests of batches."""

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
    """Returns the key prefix of the objects that are manifests of a store's batches."""
    return f"manifests/{store}/"


def keep(deployment: Deployment, store: str, batch: str, listed: Sequence[BatchItem]) -> Manifest:
    """Returns a batch's manifest for the event that creates it; a large list is first stored as an object."""
    packed = manifest.pack(listed)
    kept = manifest.inline(listed, packed)
    if kept is None:
        # The key contains a hash of the content, so another request under the same Idempotency-Key cannot change what
        # the first one stored.
        key = f"{folder(store)}{batch}/{hashlib.sha256(packed).hexdigest()}"
        kept = Manifest(len(listed), object=key, known=manifest.count_known(listed))
        deployment.blobs.put([(key, packed)])
    return kept


def read(deployment: Deployment, batch: Loaded[file_batch.State]) -> tuple[BatchItem, ...]:
    """Returns the files of a batch, in their order. It reads nothing if the list is in the batch's newest commit."""
    if batch.state.object is not None:
        return manifest.unpack(deployment.blobs.read(batch.state.object))
    events = deployment.streams.first_commit(FILE_BATCH, batch).events
    texts = (event.manifest.inline for event in events if isinstance(event, FileBatchCreated))
    [inline] = (text for text in texts if text is not None)
    return manifest.read_inline(inline)
