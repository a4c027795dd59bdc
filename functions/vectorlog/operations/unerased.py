"""Finds what is left of erased things: in the log, in manifests and in large answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator
from typing import TypeAlias

from vectorlog.deployment import Deployment
from vectorlog.domain import upload
from vectorlog.domain.ids import StoreFileId, UploadPartId, parse_stream
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.tenancy import Owner
from vectorlog.event_log.codec import FILE_BATCH
from vectorlog.files import answers
from vectorlog.files.blobs import NoSuchBlob
from vectorlog.operations.folded_log import History
from vectorlog.use_cases import manifests

PAGE = 1000
Left: TypeAlias = tuple[str, str]
"""Where something is left of an erased thing, and what."""


def left(deployment: Deployment, history: History) -> Iterator[Left]:
    """Yields what is left of erased things."""
    yield from ((stream, "has older commits") for stream in history.not_erased)
    stores = {store for store, state in history.stores.items() if state.ended == "erased"}
    files = {file for file, state in history.files.items() if state.erased}
    for id_ in history.store_files:
        if (id_.store in stores or id_.file in files) and str(id_) in history.holding:
            yield str(id_), "is of an erased store or file, and not erased"
    yield from _of_uploads(history, files)
    for batch, state in history.batches.items():
        if state.store in stores and batch in history.holding:
            yield batch, "is of an erased store, and not erased"
        elif files and state.store not in stores:
            yield from _settings_of(deployment, batch, files)
    yield from _answers(deployment, history)


def _of_uploads(history: History, files: Container[str]) -> Iterator[Left]:
    uploads = {id_ for id_, state in history.uploads.items() if state.ended == "erased"}
    for id_ in history.uploads:
        file = upload.file_id(id_)
        if file in files and id_ not in uploads:
            yield id_, f"has become {file}, which is erased, and is not erased"
        elif id_ in uploads and file in history.files and file not in files:
            yield file, f"is of {id_}, which is erased, and is not erased"
    for stream in history.upload_parts:
        if UploadPartId.parse(stream).upload in uploads and stream in history.holding:
            yield stream, "is of an erased upload, and not erased"


def _settings_of(deployment: Deployment, batch: str, files: Container[str]) -> Iterator[Left]:
    try:
        listed = manifests.read(deployment, deployment.streams.load(FILE_BATCH, batch))
    except NoSuchBlob:  # verify names a missing blob, or the store is deleted
        return
    for item in listed:
        if item.file in files and item != BatchItem(item.file, known=item.known):
            yield batch, f"has settings of {item.file}, which is erased"


def _answers(deployment: Deployment, history: History) -> Iterator[Left]:
    """Yields the answers that were stored before something of their project was erased."""
    erased_at: dict[str, int] = defaultdict(int)
    for stream, at in history.erased.items():
        owner = _owner(history, stream)
        if owner is not None:
            erased_at[answers.folder(owner.project)] = max(at, erased_at[answers.folder(owner.project)])
    for folder, at in erased_at.items():
        page = deployment.blobs.page(folder, PAGE)
        while page:
            yield from (
                (blob.key, "was stored before an erasure in its project")
                for blob in page
                if blob.key.startswith(folder) and blob.stored_at < at
            )
            more = len(page) == PAGE and page[-1].key.startswith(folder)
            page = deployment.blobs.page(page[-1].key, PAGE) if more else ()


def _owner(history: History, stream: str) -> Owner | None:
    """Returns the owner of what is erased; None for what belongs to an erased thing, or holds no text."""
    match parse_stream(stream):
        case StoreFileId(store):
            return history.stores[store].owner if store in history.stores else None
        case _:
            state = history.stores.get(stream) or history.files.get(stream)
            return state.owner if state else None
