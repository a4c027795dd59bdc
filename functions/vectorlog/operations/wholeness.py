"""Whether the blobs that the log needs are there and whole. A copy of a folder may lack some, or have them cut off."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from vectorlog.deployment import Deployment
from vectorlog.domain import store_file
from vectorlog.domain.ids import StoreFileId
from vectorlog.files import artefact, part_files
from vectorlog.files.blobs import NoSuchBlob
from vectorlog.operations.folded_log import History
from vectorlog.use_cases.uploaded_files import blob_key


def not_whole(deployment: Deployment, history: History) -> Iterator[str]:
    """Yields the keys of the uploads and manifests, and the folders of the serving artefacts, that are missing or cut
    off. It reads the manifests, and of the rest only sizes and the first lines of parts.
    """
    for file, upload in history.files.items():
        key = blob_key(file, upload.sha256)
        if not upload.deleted and deployment.blobs.size(key) != upload.size:
            yield key
    yield from (key for key in history.manifests() if not _is_whole_manifest(deployment, key))
    for id_, state in history.store_files.items():
        if state.serving and history.holds_contents(id_.store) and not _is_whole(deployment, id_, state.serving):
            yield artefact.folder(id_.store, id_.file, state.serving.generation)


def _is_whole_manifest(deployment: Deployment, key: str) -> bool:
    try:
        content = deployment.blobs.read(key)
    except NoSuchBlob:
        return False
    return hashlib.sha256(content).hexdigest() == key.rpartition("/")[2]


def _is_whole(deployment: Deployment, id_: StoreFileId, serving: store_file.Serving) -> bool:
    where = (id_.store, id_.file, serving.generation)
    blobs, folder = deployment.blobs, artefact.folder(*where)
    if blobs.size(folder + artefact.TEXT) != serving.usage_bytes:
        return False
    chunks = 0
    for first in artefact.part_starts(blobs, *where):
        with blobs.local(f"{folder}{first:08d}") as part:
            found = part_files.whole_chunks_in(part)
        if found is None:
            return False
        chunks += found
    return chunks == serving.chunks
