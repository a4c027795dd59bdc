"""Removing what a deleted store leaves behind."""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.files import artefact
from vectorlog.index.chunk_index import Space
from vectorlog.use_cases import manifests
from vectorlog.use_cases.edition import Edition
from vectorlog.views import keys
from vectorlog.views.table import WRITE_LIMIT, Key, Remove


def contents(edition: Edition, store: str, space: Space) -> None:
    """Chunks and artefacts."""
    edition.index.remove_store(space, store)
    artefact.delete(edition.blobs, store)


def rows(edition: Edition, store: str) -> None:
    """The manifests, and every row of a deleted store but the closed one with its counts, which keeps late projections out."""
    edition.blobs.delete(list(edition.blobs.list(manifests.folder(store))))
    files = _keys(edition, keys.store(store).pk, prefix=keys.FILES)
    attached = [keys.attachment(keys.thing_of(key.sk), store) for key in files]
    batches = _keys(edition, keys.batches(store), prefix=keys.EVERY)
    for batch in (keys.thing_of(key.sk) for key in batches):
        _remove(edition, _keys(edition, keys.batch(batch).pk))
    _remove(edition, [*files, *attached, *_keys(edition, keys.batches(store)), *_keys(edition, keys.contents(store))])


def _keys(edition: Edition, pk: str, prefix: str = "") -> list[Key]:
    found: list[Key] = []
    after = None
    while page := edition.views.table.query(pk, prefix=prefix, after=after, limit=1000):
        found += [row.key for row in page]
        after = page[-1].key.sk
    return found


def _remove(edition: Edition, found: Sequence[Key]) -> None:
    for start in range(0, len(found), WRITE_LIMIT):
        edition.views.table.write([Remove(key) for key in found[start : start + WRITE_LIMIT]])
