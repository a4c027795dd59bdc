"""Uploaded files: upload, get, list, delete and download."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vectorlog.deployment import Deployment
from vectorlog.domain import errors, ids, store_file, uploaded_file
from vectorlog.event_log import codec
from vectorlog.event_log.codec import STORE_FILE, UPLOADED_FILE
from vectorlog.event_log.streams import Loaded, Plan
from vectorlog.use_cases import access, commits, limits, pages
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.pages import Page, PageRequest
from vectorlog.views import keys

DETACH_STEP = 100
"""The number of stores that a file leaves in one step. The first step is done before the delete is answered; a worker
does the rest.
"""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was received: its bytes, or a file that is moved away. `size` is in bytes, `sha256` in hex."""

    filename: str
    purpose: str
    content: bytes | Path
    size: int
    sha256: str
    content_type: str
    expires_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class FileView:
    """An uploaded file as it is shown."""

    id: str
    state: uploaded_file.State


def blob_key(file: str, sha256: str) -> str:
    """Returns the key of a file's bytes. It contains their hash, so two bodies of one id do not collide."""
    return f"files/{file}/{sha256}"


def upload(deployment: Deployment, actor: Actor, command: Upload) -> FileView:
    """Stores a file.

    Raises:
        NotFound: the request is a repeated one, and the file was deleted since.
        QuotaReached: the project may not hold so many files or bytes.
    """
    file, at = actor.new_id("file", deployment.random), deployment.clock()
    expires_at = None if command.expires_after_s is None else at + command.expires_after_s * 1000
    uploaded = uploaded_file.FileUploaded(
        at=at,
        owner=actor.caller.as_owner(),
        filename=command.filename,
        purpose=command.purpose,
        size=command.size,
        sha256=command.sha256,
        content_type=command.content_type,
        expires_at=expires_at,
    )
    loaded = access.load_if_repeated(deployment, actor, UPLOADED_FILE, file)
    if loaded.state.owner is None:
        limits.require_room(deployment, actor.caller.project, stored_bytes=command.size, files=1)
        deployment.blobs.put([(blob_key(file, command.sha256), command.content)])
    plan = Plan(UPLOADED_FILE, file, lambda state: uploaded_file.upload(state, uploaded), actor.key, loaded)
    [outcome] = commits.decide_and_show(deployment, [plan], meta=actor.meta)
    if not outcome.state.is_available(at):
        raise errors.file_not_found(file)
    return FileView(file, outcome.state)


def get(deployment: Deployment, actor: Actor, file: str) -> FileView:
    """Returns an uploaded file.

    Raises:
        NotFound: it does not exist, or the caller may not see it.
    """
    return FileView(file, access.file(deployment, actor, file).state)


def list_page(
    deployment: Deployment, actor: Actor, request: PageRequest, purpose: str | None, sha256: str | None
) -> Page[FileView]:
    """Returns a page of the caller's files, by time of creation."""

    def place(file: str) -> str | None:
        state = deployment.streams.load(UPLOADED_FILE, file).state
        return keys.list_row(state.created_at, file) if access.sees_file(state, actor.caller) else None

    page_range, pk, now = pages.resolve(request, place), keys.list_of("file", actor.caller), deployment.clock()
    views: list[FileView] = []
    after = page_range.after
    while len(views) <= page_range.limit:
        rows = deployment.views.table.query(
            pk, after=after, before=page_range.before, limit=page_range.limit + 1, descending=page_range.descending
        )
        for row in rows:
            file = keys.thing_of(row.key.sk)
            state = codec.decode_state(UPLOADED_FILE, row.data) or deployment.streams.load(UPLOADED_FILE, file).state
            if state.is_available(now) and purpose in (None, state.purpose) and sha256 in (None, state.sha256):
                views.append(FileView(file, state))
        if len(rows) <= page_range.limit:
            break
        after = rows[-1].key.sk
    return pages.cut(views, page_range)


def delete(deployment: Deployment, actor: Actor, file: str) -> None:
    """Deletes a file and removes it from every store; from now on no search finds it.

    Raises:
        NotFound: it does not exist, or the caller may not see it.
    """
    loaded, stores = deployment.together(
        lambda: access.own_file(deployment, actor, file), lambda: deployment.views.stores_of(file, DETACH_STEP)
    )  # a worker removes the file from stores to which it is attached meanwhile
    at = deployment.clock()
    plan = Plan(UPLOADED_FILE, file, lambda state: uploaded_file.delete(state, at), loaded=loaded)
    store_files = [ids.store_file_stream(store, file) for store in stores]
    deleted, loaded_store_files = deployment.together(
        lambda: commits.decide(deployment, [plan], meta=actor.meta),
        lambda: deployment.streams.load_many(STORE_FILE, store_files),
    )
    _, detached = deployment.together(
        lambda: deleted.show(deployment),
        lambda: commits.decide(deployment, _detach_plans(file, stores, at, loaded_store_files), meta=actor.meta),
    )
    detached.show(deployment)
    if deleted.outcomes[0].decision is None:
        raise errors.file_not_found(file)


def detach_step(deployment: Deployment, file: str, after: str | None = None, *, meta: str = "{}") -> str | None:
    """Removes a deleted file from the next `DETACH_STEP` stores, after the store `after`, and projects that. Returns
    the store after which to continue (None: the file has left all stores). `meta` is that of the commits.
    """
    stores = deployment.views.stores_of(file, DETACH_STEP, after)
    commits.decide_and_show(deployment, _detach_plans(file, stores, deployment.clock()), meta=meta)
    return stores[-1] if len(stores) == DETACH_STEP else None


def _detach_plans(
    file: str, stores: Sequence[str], at: int, loaded: Mapping[str, Loaded[store_file.State]] | None = None
) -> list[Plan[store_file.State, store_file.Event]]:
    streams = [ids.store_file_stream(store, file) for store in stores]
    return [
        Plan(
            STORE_FILE,
            stream,
            lambda state: store_file.detach(state, at, "file_deleted"),
            loaded=loaded[stream] if loaded else None,
        )
        for stream in streams
    ]


def content(deployment: Deployment, actor: Actor, file: str) -> tuple[FileView, str]:
    """Returns a file, and the key of its bytes.

    Raises:
        NotFound: it does not exist, or the caller may not see it.
    """
    view = get(deployment, actor, file)
    return view, blob_key(file, view.state.sha256)
