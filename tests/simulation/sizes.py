"""The sizes of steps, pages and transactions, made small so that short histories cross every boundary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from vectorlog.domain import manifest
from vectorlog.domain.store_file import state
from vectorlog.ingest import job
from vectorlog.reactions import leftovers, purge
from vectorlog.runtime.local import engine
from vectorlog.use_cases import fan_out, file_batches, pages, uploaded_files
from vectorlog.views import claims, dynamodb, group_projection, groups, joint_projection, table

SMALL = (
    (fan_out, "STEP", 3),
    (uploaded_files, "DETACH_STEP", 1),
    (groups, "OWNERS", 3),
    (groups, "WRITE_LIMIT", 14),
    (table, "WRITE_LIMIT", 14),
    (purge, "WRITE_LIMIT", 14),
    (purge, "STEP", 3),
    (purge, "BATCHES", 2),
    (leftovers, "PAGE", 5),
    (claims, "WRITE_LIMIT", 14),
    (group_projection, "WRITE_LIMIT", 14),
    (joint_projection, "WRITE_LIMIT", 14),
    (state, "SEEN_KEPT", 2),
    (manifest, "INLINE_BYTES", 180),
    (job, "ROUND", 2),
    (pages, "NEAR", 2),
    (dynamodb, "KEYS_PER_GET", 3),
)
"""A part of a decision with three owners makes 1 + 2 + 3 + 3 + 1 writes, so 14 fit it."""


@contextmanager
def sizes(*, small: bool) -> Iterator[None]:
    """Makes the sizes small, or leaves them as they are. Requests cancel all files of a batch before they answer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_batches, "CANCEL_FOR_S", 3600.0)
        for module, name, size in SMALL if small else ():
            patch.setattr(module, name, size)
        patch.setattr(engine, "FEED_PAGE", engine.FEED_PAGE)
        patch.setattr(engine, "time", SimpleNamespace(monotonic=lambda: 0.0))
        yield
