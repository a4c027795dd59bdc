"""Deletes blobs that no commit needs: what a crash left between a blob and its commit, or between a delete and the
removal of the bytes.

Once a day a pass looks at every blob, one page for each `Collect` message.
"""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.defaults import DAY_MS
from vectorlog.deployment import Deployment
from vectorlog.domain.ids import store_file_stream
from vectorlog.event_log.codec import FILE_BATCH, STORE_FILE, UPLOAD, UPLOADED_FILE, VECTOR_STORE
from vectorlog.files import artefact
from vectorlog.use_cases.uploaded_files import blob_key

SAFE_AGE_MS = DAY_MS
"""The age in ms from which a blob without a commit is a leftover. A blob is stored seconds before its commit; an import
that takes longer stores its blobs again.
"""
PAGE = 1000
"""How many blobs one message looks at: as many as S3 lists in one call."""
PAUSE_MS = 1000
"""The pause between two pages in ms, which leaves the log and the disk to others."""
_START_MINUTE = 3 * 60
"""The minute of the day, in UTC, in which a pass begins on AWS."""


def starts_at(at: int) -> bool:
    """Returns whether a pass begins in the minute of this time (ms since 1970)."""
    return at % DAY_MS // 60_000 == _START_MINUTE


def collect(deployment: Deployment, after: str) -> str | None:
    """Deletes the leftovers among the next blobs, and reports them.

    Args:
        deployment: its streams are read consistently, so a blob is kept if its commit was appended before.
        after: the key after which to begin; "" for the first blob.

    Returns:
        The key after which to continue; None at the end.

    Raises:
        UnknownSchema: newer code wrote a commit about one of them. Nothing was deleted.
    """
    page = deployment.blobs.page(after, PAGE)
    long_ago = deployment.clock() - SAFE_AGE_MS
    old = [blob for blob in page if blob.stored_at <= long_ago]
    needed = _needed(deployment, [blob.key for blob in old])
    for blob in old:
        if blob.key not in needed and deployment.blobs.delete_unreplaced(blob):
            deployment.telemetry.leftover_deleted(blob.key, blob.size)
    return page[-1].key if len(page) == PAGE else None


def _needed(deployment: Deployment, keys: Sequence[str]) -> set[str]:
    """Returns those of the keys that a commit needs, and those of an unknown form."""
    named_files, named_stores, named_batches, named_store_files = set[str](), set[str](), set[str](), set[str]()
    named_uploads = set[str]()
    for key in keys:
        match key.split("/"):
            case ["files", file, _]:
                named_files.add(file)
            case ["uploads", id, *_]:
                named_uploads.add(id)
            case ["manifests", store, batch, _]:
                named_stores.add(store)
                named_batches.add(batch)
            case ["artefacts", store, file, _, _]:
                named_stores.add(store)
                named_store_files.add(store_file_stream(store, file))
    load = deployment.streams.load_many
    files, stores = load(UPLOADED_FILE, sorted(named_files)), load(VECTOR_STORE, sorted(named_stores))
    uploads = load(UPLOAD, sorted(named_uploads))
    batches, store_files = load(FILE_BATCH, sorted(named_batches)), load(STORE_FILE, sorted(named_store_files))

    def is_needed(key: str) -> bool:
        match key.split("/"):
            case ["files", file, _]:
                upload = files[file].state
                return upload.owner is not None and not upload.deleted and key == blob_key(file, upload.sha256)
            case ["uploads", id, *_]:
                pending = uploads[id].state
                return pending.owner is not None and pending.ended is None
            case ["manifests", store, batch, _]:
                created, holder = batches[batch].state, stores[store].state
                named = created.object == key if created.exists else holder.batch == batch
                return holder.exists and named
            case ["artefacts", store, file, generation, name]:
                held, state = stores[store].state, store_files[store_file_stream(store, file)].state
                current = {f"{each.generation:08d}" for each in (state.open, state.serving) if each}
                _, beside, move = name.partition(artefact.BESIDE)
                used = not beside or move in {str(number) for _, number in held.numbered_spaces}
                return held.exists and held.ended is None and generation in current and used
        return True

    return set(filter(is_needed, keys))
