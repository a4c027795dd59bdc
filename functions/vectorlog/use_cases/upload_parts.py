"""The bytes of the parts of uploads: their keys, and how they become those of a file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from vectorlog.deployment import Deployment
from vectorlog.domain import upload
from vectorlog.domain.errors import Conflict, Invalid
from vectorlog.domain.ids import UploadPartId
from vectorlog.event_log.codec import UPLOAD, UPLOAD_PART
from vectorlog.files.blobs import BlobChanged, NoSuchBlob
from vectorlog.use_cases.uploaded_files import blob_key

FOLDER = "uploads"
DIRECT = "direct"
"""The name of the bytes of a part that the client sent straight to the storage, where others have their hash."""
SCRATCH = "joined"
"""The folder of an upload in which parts are put together."""
PAGE = 1000
"""How many blobs are listed at a time: as many as S3 lists in one call."""


def folder(id: str) -> str:
    """Returns the prefix of the keys of everything that an upload has stored."""
    return f"{FOLDER}/{id}/"


def part_key(id: str, part: str, name: str) -> str:
    """Returns the key of a part's bytes; `name` is their hash, so two bodies of one id do not collide, or `DIRECT`."""
    return f"{folder(id)}{part}/{name}"


def join(
    deployment: Deployment,
    id: str,
    state: upload.State,
    parts: Sequence[str],
    md5: str | None,
    take: Callable[[int], None],
) -> str:
    """Joins parts to the bytes of the file, and returns their SHA-256. For the arguments see `uploads.complete`.

    Raises:
        Invalid: the parts are not those of the file, or the upload has ended otherwise meanwhile.
    """
    hashes = [hashlib.sha256(), *([hashlib.md5(usedforsecurity=False)] if md5 else [])]
    size = 0

    def see(piece: bytes) -> None:
        nonlocal size
        take(len(piece))
        size += len(piece)
        for each in hashes:
            each.update(piece)

    def target() -> str:
        _check_size(size, state.size)  # a direct part may have been sent again since it was listed
        if md5 is not None and hashes[1].hexdigest() != md5.lower():
            found = hashes[1].hexdigest()
            raise Invalid(f"Invalid 'md5': the parts have the MD5 {found}. Check their order and bytes.", param="md5")
        return blob_key(upload.file_id(id), hashes[0].hexdigest())

    try:
        blobs = _blobs(deployment, id, state, parts)
        deployment.blobs.join(blobs, f"{folder(id)}{SCRATCH}/{upload.digest_of(parts)}/", see, target)
    except BlobChanged:
        message = "A part was sent again while the file was made of the parts. Please send the request again."
        raise Conflict(message) from None
    except NoSuchBlob:
        newest = deployment.streams.load(UPLOAD, id).state
        if newest.ended is None:
            raise
        return newest.sha256  # another request has completed it, or the decision refuses this one
    return hashes[0].hexdigest()


def _blobs(deployment: Deployment, id: str, state: upload.State, parts: Sequence[str]) -> list[tuple[str, int]]:
    """Returns the keys of the parts' bytes, with their sizes.

    Raises:
        Invalid: they are not those of the file.
        NoSuchBlob: the bytes of one have been removed.
    """
    direct, places, prefix = upload.direct_parts(id, state), dict[str, int](), f"{folder(id)}"
    for place, part in enumerate(parts):
        if part in places:
            raise _wrong_part(place, f"'{part}' is listed before, at [{places[part]}].")
        places[part] = place
    streams = {part: str(UploadPartId(id, part)) for part in parts if part not in direct}
    loaded = deployment.streams.load_many(UPLOAD_PART, list(streams.values()))
    for part, stream in streams.items():
        if loaded[stream].state.added is None:
            raise _wrong_part(places[part], f"upload '{id}' has no part '{part}'.")
    stored = sizes(deployment, prefix)
    blobs: list[tuple[str, int]] = []
    for place, part in enumerate(parts):
        added = loaded[streams[part]].state.added if part in streams else None
        key = part_key(id, part, DIRECT if added is None else added.sha256)
        if added is None and stored.get(key) != direct[part]:
            found = "none are stored" if key not in stored else f"{stored[key]:,} are stored"
            raise _wrong_part(place, f"'{part}' has {direct[part]:,} bytes, and {found}. PUT them to its address.")
        if key not in stored:
            raise NoSuchBlob(key)
        blobs.append((key, stored[key]))
    _check_size(sum(size for _, size in blobs), state.size)
    return blobs


def sizes(deployment: Deployment, prefix: str) -> Mapping[str, int]:
    """Returns the sizes of all blobs below a prefix, by key."""
    found: dict[str, int] = {}
    page = deployment.blobs.page(prefix, PAGE)
    while page:
        found |= {blob.key: blob.size for blob in page if blob.key.startswith(prefix)}
        more = len(page) == PAGE and page[-1].key.startswith(prefix)
        page = deployment.blobs.page(page[-1].key, PAGE) if more else ()
    return found


def _check_size(found: int, expected: int) -> None:
    if found != expected:
        raise Invalid(
            f"Invalid 'part_ids': the parts have {found:,} bytes in all, but the upload was created for "
            f"{expected:,} bytes.",
            param="part_ids",
        )


def _wrong_part(place: int, why: str) -> Invalid:
    return Invalid(f"Invalid 'part_ids[{place}]': {why}", param=f"part_ids[{place}]")
