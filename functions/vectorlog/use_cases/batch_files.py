"""The files that a batch names: what must be true of them before the batch is created."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vectorlog.deployment import Deployment
from vectorlog.domain import errors, uploaded_file
from vectorlog.domain.manifest import BatchItem
from vectorlog.event_log import codec
from vectorlog.event_log.codec import UPLOADED_FILE
from vectorlog.use_cases import access, duplicates
from vectorlog.use_cases.actor import Actor
from vectorlog.views import keys
from vectorlog.views.table import Key, Row


def uploaded(deployment: Deployment, files: Sequence[str]) -> dict[str, uploaded_file.State]:
    """Returns those of the uploaded files that are neither deleted nor expired, by id."""
    return uploaded_in(deployment, deployment.views.rows([keys.file(file) for file in files]), files)


def uploaded_in(
    deployment: Deployment, rows: Mapping[Key, Row], files: Sequence[str]
) -> dict[str, uploaded_file.State]:
    """Returns what `uploaded` returns, from rows that were read."""
    now, available = deployment.clock(), {}
    for file in files:
        row = rows.get(keys.file(file))
        state = codec.decode_state(UPLOADED_FILE, row.data) if row else None
        if row and state is None:
            state = deployment.streams.load(UPLOADED_FILE, file).state
        if state is not None and state.is_available(now):
            available[file] = state
    return available


def check(
    deployment: Deployment,
    actor: Actor,
    store: str,
    listed: Sequence[BatchItem],
    param: str,
    *,
    skip_duplicates: bool = False,
) -> None:
    """Checks that the caller may see every file, and that each may be attached to the store.

    Raises:
        NotFound: a file does not exist or the caller may not see it; the error names the first, and the field `param`.
        DuplicateContent: the deployment refuses the same bytes twice in a store.
    """
    files = uploaded(deployment, [each.file for each in listed])
    for each in listed:
        if not access.sees_file(files.get(each.file), actor.caller):
            raise errors.file_not_found(each.file, param)
    if deployment.duplicate_content == "refuse" and not skip_duplicates:
        duplicates.refuse(
            duplicates.holders(deployment, store, [(each.file, files[each.file].sha256) for each in listed])
        )
