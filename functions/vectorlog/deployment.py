"""The class Deployment: the adapters and rules of a running instance, which every use case receives."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from vectorlog.defaults import (
    DUPLICATE_CONTENT,
    EMBEDDINGS_API,
    LINK_KEY_BYTES,
    LOCAL_UPLOADS,
    DuplicateContent,
    EmbeddingsApi,
    UploadLimits,
)
from vectorlog.domain.vectors import Space
from vectorlog.event_log.streams import Streams
from vectorlog.limits.limiter import Limiter
from vectorlog.rewriting.rewriter import PlainRewriter, Rewriter
from vectorlog.telemetry.telemetry import Telemetry
from vectorlog.views.views import Views

if TYPE_CHECKING:
    from vectorlog.embedding.catalogue import Models
    from vectorlog.files.blobs import Blobs
    from vectorlog.index.chunk_index import ChunkIndex
    from vectorlog.reranking.reranker import Reranker
    from vectorlog.webhooks.webhooks import Webhooks
    from vectorlog.work.queue import Backlog

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")


class Parallel(Protocol):
    """Runs reads in parallel and returns their results in the order of the reads, or raises the first one's error."""

    @overload
    def __call__(self, _a: Callable[[], A], _b: Callable[[], B], /) -> tuple[A, B]: ...

    @overload
    def __call__(self, _a: Callable[[], A], _b: Callable[[], B], _c: Callable[[], C], /) -> tuple[A, B, C]: ...

    @overload
    def __call__(
        self, _a: Callable[[], A], _b: Callable[[], B], _c: Callable[[], C], _d: Callable[[], D], /
    ) -> tuple[A, B, C, D]: ...


def one_by_one(*reads: Callable[[], Any]) -> tuple[Any, ...]:
    """Implements Parallel without threads, for adapters with which threads would save nothing."""
    return tuple(read() for read in reads)


def never_off(since: int, until: int) -> int:
    """Returns the ms between two times, never less than 0, though a clock may go back."""
    return max(0, until - since)


def nothing_left(space: Space | None, store: str) -> None:
    """Implements `Deployment.scrub` where the services themselves overwrite what was deleted."""


def awake() -> None:
    """Implements `Deployment.wake` for an index that never sleeps."""


def no_queues() -> Mapping[str, Backlog]:
    """Implements `Deployment.backlogs` for commands, which have no queues."""
    return {}


def key_of_process() -> Callable[[], bytes]:
    """Implements `Deployment.link_key` where nothing is kept: what it signs is of no use to another process."""
    key = secrets.token_bytes(LINK_KEY_BYTES)
    return lambda: key


@dataclass(frozen=True, slots=True)
class Deployment:
    """The adapters and rules of one deployment.

    Attributes:
        streams: the event log as decoded streams.
        views: rows and counts.
        blobs: uploads, manifests and artefacts.
        index: chunks and vectors.
        models: the embedding models on offer.
        clock: returns ms since 1970.
        random: the source of new ids.
        duplicate_content: whether a store accepts the same bytes twice.
        embeddings_api: whether texts are embedded for clients.
        inline_files: a batch of at most this many files is fanned out before its request is answered. A worker fans out
            larger ones, and receives the message for each batch in any case.
        inline_tags: whether changed attributes are written to the index before their request is answered, for an index
            that can do so (`ChunkIndex.retag`). A worker writes them in any case.
        upload_limits: how large files and parts may be.
        together: runs reads in parallel. A read may itself call it, but no deeper, because on AWS all levels share
            eight threads.
        rewriter: rewrites the queries of searches that ask for it.
        reranker: ranks the results of searches that ask for it; None refuses these.
        telemetry: where failures are logged and counted.
        limits: the limits of projects, and the counts by which they are applied.
        scrub: removes from the disk what an erasure has left in the journals of databases and, given a store and its
            space, of the store's chunks in the index. On AWS there is nothing to do.
        webhooks: what is needed to send webhooks; None refuses to make endpoints.
        link_key: returns the key that signs addresses of passages (`api/viewer_links.py`).
        worked: for how many ms between two times (ms since 1970) the deployment could work. The local edition leaves
            out when it was off; AWS is never off.
        backlogs: returns what each work queue holds, by its name.
        wake: tells an index that sleeps while it is not used that it soon will be, and does not wait for it.
    """

    streams: Streams
    views: Views
    blobs: Blobs
    index: ChunkIndex
    models: Models
    clock: Callable[[], int]
    random: Random
    duplicate_content: DuplicateContent = DUPLICATE_CONTENT
    embeddings_api: EmbeddingsApi = EMBEDDINGS_API
    inline_files: int = 0
    inline_tags: bool = False
    upload_limits: UploadLimits = LOCAL_UPLOADS
    together: Parallel = one_by_one
    rewriter: Rewriter = field(default_factory=PlainRewriter)
    reranker: Reranker | None = None
    telemetry: Telemetry = field(default_factory=Telemetry)
    limits: Limiter = field(default_factory=Limiter)
    scrub: Callable[[Space | None, str], None] = nothing_left
    link_key: Callable[[], bytes] = field(default_factory=key_of_process)
    worked: Callable[[int, int], int] = never_off
    webhooks: Webhooks | None = None
    backlogs: Callable[[], Mapping[str, Backlog]] = no_queues
    wake: Callable[[], None] = awake
