"""Uploads: files that arrive in parts. Create one, add parts in any order, and complete or cancel it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vectorlog.deployment import Deployment
from vectorlog.domain import errors, upload, upload_part, uploaded_file
from vectorlog.domain.errors import Invalid
from vectorlog.domain.ids import UploadPartId
from vectorlog.domain.upload_part import UploadPartAdded
from vectorlog.event_log.codec import UPLOAD, UPLOAD_PART, UPLOADED_FILE
from vectorlog.event_log.streams import Loaded, Plan
from vectorlog.use_cases import access, commits, limits
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.upload_parts import DIRECT, folder, join, part_key
from vectorlog.use_cases.uploaded_files import FileView, blob_key


@dataclass(frozen=True, slots=True)
class CreateUpload:
    """A file to be sent in parts. `size` is in bytes; `direct_part_size` as in `UploadCreated`."""

    filename: str
    purpose: str
    size: int
    content_type: str
    file_expires_after_s: int | None = None
    direct_part_size: int | None = None


@dataclass(frozen=True, slots=True)
class UploadView:
    """An upload as it is shown: at `at` (ms since 1970), with its file if it is completed."""

    id: str
    state: upload.State
    at: int
    file: FileView | None = None

    @property
    def direct_parts(self) -> dict[str, int]:
        """The ids and sizes of the parts that the client sends straight to the storage."""
        return upload.direct_parts(self.id, self.state)


@dataclass(frozen=True, slots=True)
class PartView:
    """A part as it is shown."""

    id: str
    upload: str
    added: UploadPartAdded


@dataclass(frozen=True, slots=True)
class ReceivedPart:
    """A part that was received: its bytes, or a file that is moved away. `size` is in bytes, `sha256` in hex."""

    content: bytes | Path
    size: int
    sha256: str


def create(deployment: Deployment, actor: Actor, command: CreateUpload) -> UploadView:
    """Creates an upload, to which parts can be added for an hour. A repeated request shows it as it is by now.

    Raises:
        QuotaReached: the project may not hold its file.
        NotFound: the request is a repeated one, and the upload's file was deleted since.
    """
    id, at = actor.new_id("upload", deployment.random), deployment.clock()
    created = upload.UploadCreated(
        at=at,
        owner=actor.caller.as_owner(),
        filename=command.filename,
        purpose=command.purpose,
        size=command.size,
        content_type=command.content_type,
        expires_at=at + upload.LIFETIME_MS,
        file_expires_after_s=command.file_expires_after_s,
        direct_part_size=command.direct_part_size,
    )
    loaded = access.load_if_repeated(deployment, actor, UPLOAD, id)
    if loaded.state.owner is None:
        limits.require_room(deployment, actor.caller.project, stored_bytes=command.size, files=1)
    plan = Plan(UPLOAD, id, lambda state: upload.create(state, created), actor.key, loaded)
    [outcome] = commits.decide_and_show(deployment, [plan], meta=actor.meta)
    if outcome.state.ended != "completed":
        return UploadView(id, outcome.state, at)
    return UploadView(id, outcome.state, at, _available(_make_file(deployment, id, outcome.state, actor.meta), at))


def add_part(deployment: Deployment, actor: Actor, id: str, received: ReceivedPart) -> PartView:
    """Stores a part.

    Raises:
        NotFound: there is no such upload, or the caller may not see it.
        Invalid: the upload has ended.
        QuotaReached: the project may not hold the upload's file, or no longer.
    """
    part, at = actor.new_id("part", deployment.random), deployment.clock()
    stream = str(UploadPartId(id, part))
    own, loaded = deployment.together(
        lambda: own_upload(deployment, actor, id),
        lambda: access.load_if_repeated(deployment, actor, UPLOAD_PART, stream),
    )
    if loaded.state.added is None:
        upload.check_pending(id, own.state, at)
        _require_room(deployment, own.state)
        deployment.blobs.put([(part_key(id, part, received.sha256), received.content)])
    added = UploadPartAdded(at, received.size, received.sha256)
    outcome = deployment.streams.decide(
        UPLOAD_PART, stream, lambda state: upload_part.add(state, added), meta=actor.meta, key=actor.key, loaded=loaded
    )
    return PartView(part, id, outcome.state.added or added)


def put_direct(deployment: Deployment, id: str, part: str, content: bytes | Path) -> None:
    """Stores a direct part: its bytes, or a file that is moved away. Its address was signed, so the part belongs to the
    upload.

    Raises:
        Invalid: the upload has ended.
    """
    upload.check_pending(id, deployment.streams.load(UPLOAD, id).state, deployment.clock())
    deployment.blobs.put([(part_key(id, part, DIRECT), content)])


def complete(
    deployment: Deployment,
    actor: Actor,
    id: str,
    parts: Sequence[str] | None,
    md5: str | None,
    take: Callable[[int], None],
) -> UploadView:
    """Joins parts to a file. Doing so again with the same parts changes nothing.

    Args:
        deployment: holds the upload.
        actor: who completes it.
        id: of the upload.
        parts: their ids in the order of their bytes; None for all direct parts.
        md5: of the whole file in hex; None if it need not be checked.
        take: called before each number of bytes that the file needs on the disk; raises `NoSpace`.

    Raises:
        NotFound: there is no such upload, or the caller may not see it; or its file was deleted since.
        Invalid: the upload has ended otherwise, or the parts are not those of the file.
        NoSpace: see `take`.
        QuotaReached: the project may not hold the file, or no longer. The upload stays pending.
    """
    loaded, at = own_upload(deployment, actor, id), deployment.clock()
    view = UploadView(id, loaded.state, at)
    if parts is None:
        parts = list(view.direct_parts)
        if not parts:
            raise Invalid(
                "Missing required parameter: 'part_ids'.", param="part_ids", code="missing_required_parameter"
            )
    listed, sha256 = upload.digest_of(parts), ""
    if loaded.state.ended is None:
        upload.check_pending(id, loaded.state, at)
        _require_room(deployment, loaded.state)
        sha256 = join(deployment, id, loaded.state, parts, md5, take)
    completed = upload.UploadCompleted(at, upload.file_id(id), sha256, listed)
    plan = Plan(UPLOAD, id, lambda state: upload.complete(id, state, completed), actor.key, loaded)
    [outcome] = commits.decide_and_show(deployment, [plan], meta=actor.meta)
    file = _make_file(deployment, id, outcome.state, actor.meta)
    return UploadView(id, outcome.state, at, _available(file, at))


def cancel(deployment: Deployment, actor: Actor, id: str) -> UploadView:
    """Cancels an upload; its parts are removed. One that is cancelled or expired stays as it is.

    Raises:
        NotFound: there is no such upload, or the caller may not see it.
        Invalid: it is completed.
    """
    loaded, at = own_upload(deployment, actor, id), deployment.clock()
    plan = Plan(UPLOAD, id, lambda state: upload.cancel(id, state, at), actor.key, loaded)
    [outcome] = commits.decide_and_show(deployment, [plan], meta=actor.meta)
    return UploadView(id, outcome.state, at)


def close(deployment: Deployment, id: str, *, meta: str) -> None:
    """Makes the file of a completed upload, if its request did not, and removes what an ended upload has stored."""
    state = deployment.streams.load(UPLOAD, id).state
    if state.ended is None:
        return
    if state.ended == "completed":
        _make_file(deployment, id, state, meta)
    file = upload.file_id(id)
    joined = set(deployment.blobs.list(f"files/{file}/")) - {blob_key(file, state.sha256)}  # by requests that lost
    deployment.blobs.delete([*joined, *deployment.blobs.list(folder(id))])


def own_upload(deployment: Deployment, actor: Actor, id: str) -> Loaded[upload.State]:
    """Loads an upload that the caller may see.

    Raises:
        NotFound: it does not exist, or is erased, or the caller may not see it.
    """
    loaded = deployment.streams.load(UPLOAD, id)
    owner = loaded.state.owner
    if owner is None or loaded.state.ended == "erased" or not actor.caller.sees(owner):
        raise errors.upload_not_found(id)
    return loaded


def _require_room(deployment: Deployment, state: upload.State) -> None:
    """Checks that the project may hold the file of an open upload; other files may have taken its place meanwhile."""
    assert state.owner is not None
    limits.require_room(deployment, state.owner.project, stored_bytes=state.size, files=1)


def _make_file(deployment: Deployment, id: str, state: upload.State, meta: str) -> FileView:
    uploaded = upload.file_of(id, state)
    plan = Plan(UPLOADED_FILE, state.file, lambda file: uploaded_file.upload(file, uploaded))
    [outcome] = commits.decide_and_show(deployment, [plan], meta=meta)
    return FileView(state.file, outcome.state)


def _available(file: FileView, at: int) -> FileView:
    if not file.state.is_available(at):
        raise errors.file_not_found(file.id)
    return file
