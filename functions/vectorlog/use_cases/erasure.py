"""Erases things with their history: the request's part. The work that follows is `reactions/erasure.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from vectorlog.deployment import Deployment
from vectorlog.domain import (
    errors,
    file_batch,
    ids,
    project_limits,
    store_erasure,
    store_file,
    upload,
    upload_part,
    uploaded_file,
    webhook_endpoint,
)
from vectorlog.domain.manifest import BatchItem, Manifest
from vectorlog.domain.tenancy import Owner
from vectorlog.event_log.codec import (
    FILE_BATCH,
    PROJECT,
    STORE_FILE,
    UPLOAD,
    UPLOAD_PART,
    UPLOADED_FILE,
    VECTOR_STORE,
    WEBHOOK_ENDPOINT,
)
from vectorlog.event_log.streams import Plan
from vectorlog.files.blobs import NoSuchBlob
from vectorlog.use_cases import access, commits, fan_out, history, manifests, uploaded_files
from vectorlog.use_cases.actor import Actor


def erase_file(deployment: Deployment, actor: Actor, file: str) -> None:
    """Deletes a file if that is not done yet, and has its history erased everywhere, and the upload that it came from.

    Raises:
        NotFound: it never existed, the caller may not see it, or it is erased already.
    """
    loaded = access.own_file(deployment, actor, file)
    if loaded.state.erased:
        raise errors.file_not_found(file)
    if not loaded.state.deleted:
        uploaded_files.delete(deployment, actor, file)
    # The upload first: its erasure has the file erased too, so a crash between the two leaves nothing.
    if loaded.newest is not None:
        for event in deployment.streams.first_commit(UPLOADED_FILE, loaded).events:
            if isinstance(event, uploaded_file.FileUploaded) and event.upload:
                request_upload(deployment, event.upload, actor.meta)
    request_file(deployment, file, actor.meta)


def erase_store(deployment: Deployment, actor: Actor, store: str) -> None:
    """Deletes a store if that is not done yet, and has its history erased, and that of its files in it.

    Raises:
        NotFound: it never existed, the caller may not see it, or it is erased already.
    """
    if access.store(deployment, actor, store, "write", expired_too=True, deleted_too=True).state.ended == "erased":
        raise errors.store_not_found(store)
    request_store(deployment, store, actor.meta)


def erase_store_file(deployment: Deployment, actor: Actor, store: str, file: str) -> None:
    """Takes a file out of a store if that is not done yet, and has its history in the store erased. The uploaded file
    stays.

    Raises:
        NotFound: the store does not exist, the file was never in it, or its history there is erased already.
    """
    if access.store(deployment, actor, store, "write", expired_too=True, deleted_too=True).state.exists:
        fan_out.flush(deployment, store, file, deployment.views.store_counts(store))
    if not request_store_file(deployment, store, file, actor.meta, "detached"):
        raise errors.store_file_not_found(store, file)


def request_file(deployment: Deployment, file: str, meta: str) -> bool:
    """Has a file erased; returns whether it was not yet. `meta` is that of the commit."""
    at = deployment.clock()
    plan = Plan(UPLOADED_FILE, file, lambda state: uploaded_file.erase(state, at))
    [outcome] = commits.decide_and_show(deployment, [plan], meta=meta)
    return outcome.decision is not None


def request_upload(deployment: Deployment, id: str, meta: str) -> bool:
    """Has an upload erased, and with it its parts and its file; returns whether it was not yet."""
    at = deployment.clock()
    plan = Plan(UPLOAD, id, lambda state: upload.erase(state, at))
    [outcome] = commits.decide_and_show(deployment, [plan], meta=meta)
    return outcome.decision is not None


def request_parts(deployment: Deployment, streams: Sequence[str], meta: str) -> None:
    """Has the histories of parts of uploads erased. `meta` is that of the commits."""
    at = deployment.clock()
    plans = [Plan(UPLOAD_PART, stream, lambda state: upload_part.erase(state, at)) for stream in streams]
    deployment.streams.decide_all(plans, meta=meta)


def request_limits(deployment: Deployment, stream: str, meta: str) -> None:
    """Has the limits of a project erased, given its stream. `meta` is that of the commit."""
    at = deployment.clock()
    deployment.streams.decide(PROJECT, stream, lambda state: project_limits.erase(state, at), meta=meta)


def request_webhook(deployment: Deployment, endpoint: str, meta: str) -> None:
    """Has a webhook endpoint erased. `meta` is that of the commit."""
    at = deployment.clock()
    plan = Plan(WEBHOOK_ENDPOINT, endpoint, lambda state: webhook_endpoint.erase(state, at))
    commits.decide_and_show(deployment, [plan], meta=meta)


def request_store(deployment: Deployment, store: str, meta: str) -> bool:
    """Has a store erased; returns whether it was not yet. `meta` is that of the commit."""
    at = deployment.clock()
    plan = Plan(VECTOR_STORE, store, lambda state: store_erasure.erase(state, at))
    [outcome] = commits.decide_and_show(deployment, [plan], meta=meta)
    return outcome.decision is not None


def request_store_file(
    deployment: Deployment, store: str, file: str, meta: str, reason: Literal["detached", "file_deleted"]
) -> bool:
    """Has the history of a file in a store erased; returns whether there was any. `meta` is that of the commit."""
    return request_store_files(deployment, [ids.store_file_stream(store, file)], meta, reason) > 0


def request_store_files(
    deployment: Deployment, streams: Sequence[str], meta: str, reason: Literal["detached", "file_deleted"]
) -> int:
    """Has the histories of files in stores erased; returns how many there were. `meta` is that of the commits."""
    at = deployment.clock()

    def plan(stream: str) -> Plan[store_file.State, store_file.Event]:
        # What is read here is never older than the state. If it is newer, the append is refused, and this is repeated.
        return Plan(
            STORE_FILE, stream, lambda _: store_file.erase(history.events_of_store_file(deployment, stream), at, reason)
        )

    outcomes = commits.decide_and_show(deployment, [plan(stream) for stream in streams], meta=meta)
    return sum(outcome.decision is not None for outcome in outcomes)


def request_batches(deployment: Deployment, batches: Sequence[str], meta: str, files: frozenset[str] | None) -> None:
    """Has what batches hold of these files erased; None for all that they hold, because their store is erased. Then not
    even the end user is kept who created the batch, and to whom the store may have been shared.
    """
    at = deployment.clock()

    def plan(batch: str) -> Plan[file_batch.State, file_batch.Event]:
        def decide(state: file_batch.State) -> Sequence[file_batch.Event]:
            if not state.exists:
                return []
            if files is None:
                empty = Manifest(state.count, known=state.known)
                kept = replace(state, owner=state.owner and Owner(state.owner.project))
                done = state == kept and manifests.kept(deployment, batch) == empty
                return [] if done else file_batch.erase(kept, at, empty)
            try:
                listed = manifests.read(deployment, deployment.streams.load(FILE_BATCH, batch))
            except NoSuchBlob:  # the store is deleted, and so is the list
                return []
            cleaned = [_without_settings(each) if each.file in files else each for each in listed]
            if cleaned == list(listed):
                return []
            return file_batch.erase(state, at, manifests.keep(deployment, state.store, batch, cleaned))

        return Plan(FILE_BATCH, batch, decide)

    if batches:
        commits.decide_and_show(deployment, [plan(batch) for batch in batches], meta=meta)


def _without_settings(item: BatchItem) -> BatchItem:
    return BatchItem(item.file, known=item.known)
