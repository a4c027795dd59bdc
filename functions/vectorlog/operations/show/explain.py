"""Describes the status of a thing in a sentence."""

from __future__ import annotations

from typing import assert_never

from vectorlog.domain import (
    api_key,
    file_batch,
    project_limits,
    store_file,
    uploaded_file,
    vector_store,
    webhook_endpoint,
)
from vectorlog.domain import upload as uploads
from vectorlog.domain import upload_part as upload_parts
from vectorlog.domain.ids import StoreFileId
from vectorlog.domain.project_limits import Limits
from vectorlog.event_log.decision import OfNoFile
from vectorlog.operations.show.records import iso
from vectorlog.operations.waiting import Waiting, WaitingMessage
from vectorlog.views.counts import Counts
from vectorlog.views.deadlines import INGEST_DEADLINE_MS


def in_store(id: StoreFileId, state: store_file.State, ended_at: int | None, waiting: Waiting) -> str:
    """Describes a file in a store. `ended_at` is when it failed or was cancelled, in ms since
    1970; None if the commits that were read do not say.
    """
    named = f"{id.file} in {id.store}"
    if not state.attached:
        return f"{named} was removed from the store at {iso(state.detached_at)}."
    if state.open is not None:
        return f"{named} has been in progress since {iso(state.open.since)}: {_next_step(str(id), state.open, waiting)}"
    if state.failure is not None:
        serving = f" Generation {state.serving.generation} still serves." if state.serving else ""
        when = "" if ended_at is None else f" at {iso(ended_at)}"
        return f"{named} {state.status}{when} ({state.failure.code}): {state.failure.message}{serving}"
    if state.serving is not None:
        serves = f"generation {state.serving.generation} serves {counted(state.serving.chunks, 'chunk')}"
        told = "".join(f" Warning ({each.code}{_at(each.where)}): {each.message}" for each in state.serving.warnings)
        return f"{named} is completed: {serves}.{told}"
    return f"{named} is {state.status}."


def _at(where: str) -> str:
    return f", {where}" if where else ""


def _next_step(stream: str, open_: store_file.Open, waiting: Waiting) -> str:
    until = f"The sweep will fail it at {iso(open_.since + INGEST_DEADLINE_MS)} if it has not ended by then."
    if waiting.messages is None:
        number = counted(waiting.numbers.get("embed", 0), "message")
        return f"the embed queue holds {number}, and SQS does not show whether one of them is for this file. {until}"
    own = [
        each
        for each in waiting.messages
        if each.kind == "Ingest" and each.concerns(stream) and each.data["generation"] == open_.generation
    ]
    if not own:
        return f"no message in the queue is for it. {until}"
    return f"{_when(own[0])} {until}"


def _when(message: WaitingMessage) -> str:
    data = message.data
    tries = [
        counted(number, *what)
        for number, *what in (
            (data.get("refusals", 0), "refusal by the provider", "refusals by the provider"),
            (data.get("crashes", 0), "crash of its reader", "crashes of its reader"),
            (message.receives - (1 if message.lent else 0), "try that failed", "tries that failed"),
        )
        if number
    ]
    after = f", after {' and '.join(tries)}" if tries else ""
    if message.lent:
        return f"a worker has it{after}."
    return f"a worker can take it from {iso(message.visible_at)} on{after}."


def uploaded(file: str, state: uploaded_file.State, now: int, stores: int) -> str:
    """Describes an uploaded file."""
    if state.deleted:
        return f"{file} was deleted."
    if not state.is_available(now):
        return f"{file} has expired."
    return f"{file} is {state.filename!r}, {state.size:,} bytes, in {counted(stores, 'store')}."


def store(id: str, state: vector_store.State, counts: Counts) -> str:
    """Describes a vector store."""
    if state.ended:
        return f"{id} is {state.ended}."
    return f"{id} holds {counted(counts.total, 'file')}: {_by_status(counts)}."


def batch(id: str, state: file_batch.State, counts: Counts) -> str:
    """Describes a file batch."""
    cancelled = " It was cancelled." if state.cancelled else ""
    unreached = f" {counts.unreached} of them are not attached yet." if counts.unreached else ""
    return f"{id} names {counted(state.count, 'file')} for {state.store}: {_by_status(counts)}.{unreached}{cancelled}"


def upload(id: str, state: uploads.State, now: int) -> str:
    """Describes an upload in parts."""
    named = f"{id} ({state.filename!r}, {state.size:,} bytes)"
    if state.ended == "completed":
        return f"{named} was completed at {iso(state.ended_at)} as {state.file}."
    if state.ended is not None:
        how = "was cancelled" if state.ended == "cancelled" else "expired"
        return f"{named} {how} at {iso(state.ended_at)}; its parts are removed."
    if state.status(now) == "expired":
        return f"{named} expired at {iso(state.expires_at)}; the sweep will remove its parts."
    return f"{named} waits for its parts until {iso(state.expires_at)}."


def upload_part(stream: str, state: upload_parts.State) -> str:
    """Describes a part of an upload."""
    return f"{stream} has {state.added.size if state.added else 0:,} bytes."


def of_no_file(id: str, state: OfNoFile) -> str:
    """Describes what is about no file and no store."""
    match state:
        case api_key.State():
            return _key(id, state)
        case project_limits.State():
            return _limits(id, state)
        case webhook_endpoint.State():
            return _webhook(id, state)
        case _ as never:
            assert_never(never)


def _key(id: str, state: api_key.State) -> str:
    """Describes an API key."""
    status = "is active" if state.revoked_at is None else f"was revoked at {iso(state.revoked_at)}"
    until = "" if state.expires_at is None else f" It expires at {iso(state.expires_at)}."
    every = ", for every project," if state.all_projects else ""
    return f"{id} ({state.name!r}) of project {state.project!r} with scope '{state.scope}'{every} {status}.{until}"


def _limits(id: str, state: project_limits.State) -> str:
    """Describes the limits that were set for a project."""
    named = {**state.ceilings.values(), **state.limits.values()}
    own = ", ".join(f"{name} {getattr(state.in_force(Limits()), name):,}" for name in named)
    return f"{id} is the project {state.project!r}. Limits of its own: {own or 'none'}."


def _webhook(id: str, state: webhook_endpoint.State) -> str:
    """Describes a webhook endpoint. Its URL is left out, because it may hold a secret."""
    status = "is active"
    if state.deleted:
        status = "is deleted"
    elif state.disabled is not None and state.disabled_at is not None:
        status = f"is disabled since {iso(state.disabled_at)}, because: {state.disabled}"
    return f"{id} ({state.name!r}) of project {state.project!r} {status}. It wants {', '.join(state.event_types)}."


def _by_status(counts: Counts) -> str:
    return (
        f"{counts.completed} completed, {counts.in_progress} in progress, {counts.failed} failed, "
        f"{counts.cancelled} cancelled"
    )


def counted(number: int, one: str, many: str = "") -> str:
    """Formats a number with its noun, in the singular or plural: `1 file`, `2 files`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
