"""Uploaded files: upload, get, list, delete, download."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vectorlog.deployment import Deployment
from vectorlog.domain import errors, ids, store_file, uploaded_file
from vectorlog.event_log import codec
from vectorlog.event_log.codec import STORE_FILE, UPLOADED_FILE
from vectorlog.event_log.streams import Loaded, Plan
from vectorlog.use_cases import access, commits, pages
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.pages import Page, PageRequest
from vectorlog.views import keys

DETACH_STEP = 100
"""Stores that a file leaves in one step: the first before its delete is answered, work does the rest."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that has arrived; it is moved from `path`. `sha256` in hex."""

    filename: str
    purpose: str
    path: Path
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
    """Where the bytes are; two bodies under one id never overwrite each other."""
    return f"files/{file}/{sha256}"


def upload(deployment: Deployment, actor: Actor, command: Upload) -> FileView:
    """Keeps a file."""
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
    begun = access.load_if_repeated(deployment, actor, UPLOADED_FILE, file)
    if begun.state.owner is None:
        deployment.blobs.put([(blob_key(file, command.sha256), command.path)])
    plan = Plan(UPLOADED_FILE, file, lambda state: uploaded_file.upload(state, uploaded), actor.key, begun)
    [outcome] = commits.make(deployment, [plan], meta=actor.meta)
    return FileView(file, outcome.state)


def get(deployment: Deployment, actor: Actor, file: str) -> FileView:
    """A file."""
    return FileView(file, access.file(deployment, actor, file).state)


def list_page(
    deployment: Deployment, actor: Actor, request: PageRequest, purpose: str | None, sha256: str | None
) -> Page[FileView]:
    """A page of the caller's files, by creation."""

    def place(file: str) -> str | None:
        state = deployment.streams.load(UPLOADED_FILE, file).state
        return keys.list_row(state.created_at, file) if state.owner and actor.caller.sees(state.owner) else None

    asked, pk, now = pages.window(request, place), keys.list_of("file", actor.caller), deployment.clock()
    found: list[FileView] = []
    after = asked.after
    while len(found) <= asked.limit:
        rows = deployment.views.table.query(
            pk, after=after, before=asked.before, limit=asked.limit + 1, descending=asked.descending
        )
        for row in rows:
            file = keys.thing_of(row.key.sk)
            state = codec.decode_state(UPLOADED_FILE, row.data) or deployment.streams.load(UPLOADED_FILE, file).state
            if state.is_available(now) and purpose in (None, state.purpose) and sha256 in (None, state.sha256):
                found.append(FileView(file, state))
        if len(rows) <= asked.limit:
            break
        after = rows[-1].key.sk
    return pages.cut(found, asked)


def delete(deployment: Deployment, actor: Actor, file: str) -> None:
    """Deletes a file and takes it out of every store; from now on no search finds it."""
    opened, stores = deployment.together(
        lambda: access.own_file(deployment, actor, file), lambda: deployment.views.stores_of(file, DETACH_STEP)
    )  # a store that it comes into meanwhile is left by work
    at = deployment.clock()
    plan = Plan(UPLOADED_FILE, file, lambda state: uploaded_file.delete(state, at), loaded=opened)
    placed = [ids.store_file_stream(store, file) for store in stores]
    deleted, found = deployment.together(
        lambda: commits.decide(deployment, [plan], meta=actor.meta),
        lambda: deployment.streams.load_many(STORE_FILE, placed),
    )
    _, left = deployment.together(
        lambda: deleted.show(deployment),
        lambda: commits.decide(deployment, _leave(file, stores, at, found), meta=actor.meta),
    )
    left.show(deployment)
    if deleted.outcomes[0].decision is None:
        raise errors.file_not_found(file)


def detach_step(deployment: Deployment, file: str, after: str | None = None, *, meta: str = "{}") -> str | None:
    """Takes a deleted file out of the next stores, and shows it; gives the store to go on after (None: that was
    all). `meta`: of the commits.
    """
    stores = deployment.views.stores_of(file, DETACH_STEP, after)
    commits.make(deployment, _leave(file, stores, deployment.clock()), meta=meta)
    return stores[-1] if len(stores) == DETACH_STEP else None


def _leave(
    file: str, stores: Sequence[str], at: int, found: Mapping[str, Loaded[store_file.State]] | None = None
) -> list[Plan[store_file.State, store_file.Event]]:
    streams = [ids.store_file_stream(store, file) for store in stores]
    return [
        Plan(
            STORE_FILE,
            stream,
            lambda state: store_file.detach(state, at, "file_deleted"),
            loaded=found[stream] if found else None,
        )
        for stream in streams
    ]


def content(deployment: Deployment, actor: Actor, file: str) -> tuple[FileView, str]:
    """A file and the key of its bytes."""
    view = get(deployment, actor, file)
    return view, blob_key(file, view.state.sha256)
