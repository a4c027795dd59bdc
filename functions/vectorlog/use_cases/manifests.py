"""Where a batch's list of files is kept, and how it is read back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from vectorlog.domain import file_batch, manifest
from vectorlog.domain.manifest import Listed, Manifest
from vectorlog.event_log.streams import Loaded
from vectorlog.use_cases.edition import Edition


def folder(store: str) -> str:
    """Where the manifests of a store's batches are."""
    return f"manifests/{store}/"


def keep(edition: Edition, store: str, batch: str, listed: Sequence[Listed]) -> Manifest:
    """Keeps a list where a commit can refer to it; a large one is written before that commit."""
    packed = manifest.pack(listed)
    found = manifest.inline(listed, packed)
    if found is None:
        # Its name follows from what it says: a second request under the same key never changes what the first one named.
        key = f"{folder(store)}{batch}/{hashlib.sha256(packed).hexdigest()}"
        found = Manifest(len(listed), object=key)
        edition.blobs.put([(key, packed)])
    return found


def read(edition: Edition, batch: Loaded[file_batch.State]) -> tuple[Listed, ...]:
    """The files of a batch, in their order; no read, as long as its list is in its newest commit."""
    if batch.state.object is not None:
        return manifest.unpack(edition.blobs.read(batch.state.object))
    [created] = edition.streams.began(batch).events
    return manifest.read_inline(created.manifest.inline)
