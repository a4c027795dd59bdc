"""A file in a store: what was asked for it, what is being ingested, and what a search may return of it.

A **generation** is one ingest. The open one has **owners**: the batches that wait for it, and `single` for a direct
attach. What **serves** goes on serving until the next generation is in. Every event names the batch entries that it
opens or settles, and the generations whose chunks nobody needs any more, so that whoever reads it needs no state from
before.

The largest aggregate: its blocks are a module each, events, state with evolve, decisions.
"""

from __future__ import annotations

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
    reingest,
)
from vectorlog.domain.store_file.events import (
    SINGLE,
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
    Status,
    entries,
)
from vectorlog.domain.store_file.state import INITIAL, SEEN_FOR_MS, Open, Seen, Serving, State, evolve

__all__ = [
    "INITIAL",
    "SEEN_FOR_MS",
    "SINGLE",
    "Attach",
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
    "attach",
    "cancel",
    "change_attributes",
    "chunked",
    "detach",
    "entries",
    "evolve",
    "fail",
    "ingested",
    "refuse_duplicate",
    "reingest",
]
