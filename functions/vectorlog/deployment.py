"""The parts that an edition is made of, as every use case gets them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from vectorlog.embedding.catalogue import Models
from vectorlog.event_log.streams import Streams
from vectorlog.files.blobs import Blobs
from vectorlog.index.chunk_index import ChunkIndex
from vectorlog.telemetry.telemetry import Telemetry
from vectorlog.views.views import Views


def one_by_one(*reads: Callable[[], Any]) -> list[Any]:
    """What each read gives, where reading side by side would save nothing."""
    return [read() for read in reads]


@dataclass(frozen=True, slots=True)
class Deployment:
    """Adapters and rules of one deployment.

    Attributes:
        clock: ms since 1970.
        random: of ids and jitter.
        duplicate_content: whether a store takes the same bytes twice.
        inline_files: a batch up to this size is fanned out before its request is answered; above it, and always in the
            end, by work.
        together: runs reads side by side, and gives what each gave, or raises what the first of them raised. A read may
            use it once more, and no deeper: on AWS all depths share eight threads.
        telemetry: where failures are told and counted.
    """

    streams: Streams
    views: Views
    blobs: Blobs
    index: ChunkIndex
    models: Models
    clock: Callable[[], int]
    random: Random
    duplicate_content: Literal["allow", "refuse"] = "allow"
    inline_files: int = 0
    together: Callable[..., list[Any]] = one_by_one
    telemetry: Telemetry = field(default_factory=Telemetry)
