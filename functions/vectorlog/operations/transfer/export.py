"""Exports a deployment's commits and objects.

The commits come first, so the export has the log as it was then. Objects that are deleted while they are copied may be
missing; `verify` reports them after the import.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from vectorlog.deployment import Deployment
from vectorlog.domain import vector_store
from vectorlog.domain.ids import StoreId, parse_stream
from vectorlog.domain.vectors import Space
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.event_log.event_log import Commit
from vectorlog.files.blobs import Blobs, NoSuchBlob
from vectorlog.operations.progress import Watch
from vectorlog.operations.transfer import contents
from vectorlog.operations.transfer.archive import Sink
from vectorlog.operations.transfer.contents import COMMITS, CONTENTS, OBJECTS, Contents, ModelInUse


def export(deployment: Deployment, sink: Sink, watch: Watch) -> Contents:
    """Writes all data of a deployment. It holds one entry per store in memory."""
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "draft"
        commits, models = _write_commits(deployment, draft, watch("commits", deployment.streams.log.scan(), None))
        sink.keep(COMMITS, draft)
        objects, size = _copy_objects(deployment.blobs, sink, watch("objects", deployment.blobs.list(""), None))
        table = Contents(commits, objects, size, models)
        draft.write_bytes(contents.encode(table))
        sink.keep(CONTENTS, draft)
    return table


def _write_commits(deployment: Deployment, path: Path, commits: Iterable[Commit]) -> tuple[int, tuple[ModelInUse, ...]]:
    count, spaces = 0, dict[str, Space]()
    with path.open("wb") as file:
        for commit in commits:
            file.write(contents.line_of(commit))
            count += 1
            if isinstance(parse_stream(commit.stream), StoreId):
                _note(spaces, commit.stream, deployment.streams.decode_as(VECTOR_STORE, commit).state)
    used = Counter(spaces.values())
    return count, tuple(ModelInUse(space.model, space.dimensions, stores) for space, stores in used.items())


def _note(spaces: dict[str, Space], store: str, state: vector_store.State) -> None:
    if state.ended is None:
        spaces[store] = state.space
    else:
        spaces.pop(store, None)


def _copy_objects(blobs: Blobs, sink: Sink, keys: Iterable[str]) -> tuple[int, int]:
    count = size = 0
    for key in keys:
        try:
            with blobs.local(key) as path:
                sink.keep(OBJECTS + key, path)
                size += path.stat().st_size
                count += 1
        except (NoSuchBlob, FileNotFoundError):  # the object was deleted after it was listed
            continue
    return count, size
