"""Where a batch's list of files is kept, and how it is read back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from vectorlog.domain import manifest
from vectorlog.domain.manifest import Listed, Manifest
from vectorlog.event_log.codec import FILE_BATCH
from vectorlog.files.blobs import Blobs
from vectorlog.use_cases.edition import Edition


def store(edition: Edition, batch: str, listed: Sequence[Listed]) -> Manifest:
    """Keeps a list where a commit can refer to it; a large one is written before that commit."""
    packed = manifest.pack(listed)
    found = manifest.inline(listed, packed)
    if found is None:
        found = Manifest(len(listed), object=f"manifests/{batch}")
        edition.blobs.put([(f"manifests/{batch}", packed)])
    return found


def of_batch(edition: Edition, batch: str) -> tuple[Listed, ...]:
    """The files of a batch, in their order."""
    return _read(edition.blobs, batch, edition.streams.load(FILE_BATCH, batch).state.manifest)


def read(edition: Edition, batch: str, where: Manifest) -> tuple[Listed, ...]:
    """The files of a manifest, in their order."""
    return _read(edition.blobs, batch, where)


@lru_cache(maxsize=64)
def _read(blobs: Blobs, batch: str, where: Manifest) -> tuple[Listed, ...]:
    found = manifest.read_inline(where)
    return manifest.unpack(blobs.read(where.object or f"manifests/{batch}")) if found is None else found
