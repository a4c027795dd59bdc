"""A file in a store: its settings, the ingest that is under way, and the chunks that a search may return.

A **generation** is one ingest. The open generation has **owners**: the batches that wait for it, and `single` for a
direct attach. The **serving** generation keeps serving until the next one is indexed. Every event names the batch
entries that it opens or closes and the generations that it retires, so its readers need no earlier state.

This is the largest aggregate, so it has a module for each part: events, state (with evolve) and decisions;
those that have a file ingested again are in `again.py`.
"""

from __future__ import annotations

from vectorlog.domain.store_file.again import embed_for_move, reingest, reread
from vectorlog.domain.store_file.decisions import (
    Attach,
    Ingested,
    attach,
    cancel,
    change_attributes,
    chunked,
    detach,
    fail,
    ingested,
    refuse_duplicate,
)
from vectorlog.domain.store_file.erasure import erase, without_content
from vectorlog.domain.store_file.events import (
    SINGLE,
    Entry,
    ErrorCode,
    Event,
    Failure,
    FileAttached,
    FileAttributesChanged,
    FileCancelled,
    FileChunked,
    FileDetached,
    FileFailed,
    FileIngested,
    Placement,
    Retired,
    Seen,
    Status,
    StoreFileErased,
    entries,
)
from vectorlog.domain.store_file.state import INITIAL, SEEN_KEPT, Open, Serving, State, evolve

__all__ = [
    "INITIAL",
    "SEEN_KEPT",
    "SINGLE",
    "Attach",
    "Entry",
    "ErrorCode",
    "Event",
    "Failure",
    "FileAttached",
    "FileAttributesChanged",
    "FileCancelled",
    "FileChunked",
    "FileDetached",
    "FileFailed",
    "FileIngested",
    "Ingested",
    "Open",
    "Placement",
    "Retired",
    "Seen",
    "Serving",
    "State",
    "Status",
    "StoreFileErased",
    "attach",
    "cancel",
    "change_attributes",
    "chunked",
    "detach",
    "embed_for_move",
    "entries",
    "erase",
    "evolve",
    "fail",
    "ingested",
    "refuse_duplicate",
    "reingest",
    "reread",
    "without_content",
]
