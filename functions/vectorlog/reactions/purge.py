"""Removes what a deleted or expired store has left."""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.deployment import Deployment
from vectorlog.domain.vectors import Space
from vectorlog.files import artefact
from vectorlog.use_cases import manifests
from vectorlog.views import keys
from vectorlog.views.table import WRITE_LIMIT, Key, Remove, Table


def contents(deployment: Deployment, store: str, space: Space) -> None:
    """Removes a store's chunks and artefacts."""
    deployment.index.remove_store(space, store)
    artefact.delete(deployment.blobs, store)


def rows(deployment: Deployment, store: str) -> None:
    """Removes a deleted store's manifests and rows."""
    deployment.blobs.delete(list(deployment.blobs.list(manifests.folder(store))))
    for table in deployment.views.tables:
        rows_in(table, store)


def rows_in(table: Table, store: str) -> None:
    """Removes every row of a deleted store from a table, except its closed counts row, which refuses late writes."""
    files = _keys(table, keys.store(store).pk, prefix=keys.FILES)
    attached = [keys.attachment(keys.thing_of(key.sk), store) for key in files]
    batches = _keys(table, keys.batches(store), prefix=keys.EVERY)
    for batch in (keys.thing_of(key.sk) for key in batches):
        _remove(table, _keys(table, keys.batch(batch).pk))
    _remove(table, [*files, *attached, *_keys(table, keys.batches(store)), *_keys(table, keys.contents(store))])


def _keys(table: Table, pk: str, prefix: str = "") -> list[Key]:
    rows: list[Key] = []
    after = None
    while page := table.query(pk, prefix=prefix, after=after, limit=1000):
        rows += [row.key for row in page]
        after = page[-1].key.sk
    return rows


def _remove(table: Table, rows: Sequence[Key]) -> None:
    for start in range(0, len(rows), WRITE_LIMIT):
        table.write([Remove(key) for key in rows[start : start + WRITE_LIMIT]])
