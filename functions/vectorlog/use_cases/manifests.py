"""Stores and reads the manifests of batches."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from vectorlog.deployment import Deployment
from vectorlog.domain import file_batch, manifest
from vectorlog.domain.errors import Unavailable
from vectorlog.domain.file_batch import FileBatchCreated, FileBatchErased
from vectorlog.domain.manifest import BatchItem, Manifest
from vectorlog.event_log.codec import FILE_BATCH
from vectorlog.event_log.event_log import Commit
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
    """Returns the files of a batch, in their order; none if its store is erased. It reads nothing if the list is in the
    batch's newest commit.

    Raises:
        Unavailable: an import has brought newer commits, but not the first one yet.
    """
    if batch.state.object is not None:
        return manifest.unpack(deployment.blobs.read(batch.state.object))
    newest = [batch.newest] if batch.newest else []
    found = _kept(deployment, newest) or kept(deployment, batch.stream)
    return () if found.inline is None else manifest.read_inline(found.inline)


def kept(deployment: Deployment, batch: str) -> Manifest:
    """Returns the newest manifest of a batch, as its commits have it.

    Raises:
        Unavailable: an import has brought newer commits, but not the first one yet.
    """
    found = _kept(deployment, deployment.streams.log.read(batch))
    if found is None:
        raise Unavailable(f"'{batch}' is being imported. Please repeat the request.")
    return found


def _kept(deployment: Deployment, commits: Sequence[Commit]) -> Manifest | None:
    """Returns the newest manifest that these commits of a batch have."""
    events = (event for each in commits for event in deployment.streams.decode_as(FILE_BATCH, each).events)
    found = None
    for event in events:
        if isinstance(event, FileBatchCreated | FileBatchErased):
            found = event.manifest
    return found
