"""The parts that an edition is made of, as every use case gets them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol, TypeVar, overload

from vectorlog.defaults import DUPLICATE_CONTENT, DuplicateContent
from vectorlog.embedding.catalogue import Models
from vectorlog.event_log.streams import Streams
from vectorlog.files.blobs import Blobs
from vectorlog.index.chunk_index import ChunkIndex
from vectorlog.telemetry.telemetry import Telemetry
from vectorlog.views.views import Views

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
    """`Parallel` without threads, where they would save nothing."""
    return tuple(read() for read in reads)


@dataclass(frozen=True, slots=True)
class Deployment:
    """Adapters and rules of one deployment.

    Attributes:
        clock: ms since 1970.
        random: of ids and jitter.
        duplicate_content: whether a store takes the same bytes twice.
        inline_files: a batch up to this size is fanned out before its request is answered; above it, and always in the
            end, by work.
        together: runs reads in parallel. A read may use it once more, and no deeper: on AWS all depths share eight
            threads.
        telemetry: where failures are logged and counted.
    """

    streams: Streams
    views: Views
    blobs: Blobs
    index: ChunkIndex
    models: Models
    clock: Callable[[], int]
    random: Random
    duplicate_content: DuplicateContent = DUPLICATE_CONTENT
    inline_files: int = 0
    together: Parallel = one_by_one
    telemetry: Telemetry = field(default_factory=Telemetry)
