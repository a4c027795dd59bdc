"""Where a batch's list of files is kept, and how it is read back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from vectorlog.domain import manifest
from vectorlog.domain.manifest import Listed, Manifest
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


def read(edition: Edition, where: Manifest) -> tuple[Listed, ...]:
    """The files of a manifest, in their order."""
    found = manifest.read_inline(where)
    return manifest.unpack(edition.blobs.read(where.object or "")) if found is None else found
