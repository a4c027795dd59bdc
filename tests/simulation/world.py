"""What a simulated deployment offers to a history, whatever its adapters are."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from random import Random
from typing import Any, Protocol, cast

from tests.simulation.parts import Code, Derived, Provider, SimulatedEmbedder
from tests.simulation.ports import Faults, Port
from tests.simulation.told import Told
from tests.support.pump import Clock
from tests.support.stubs import DIMENSIONS
from tests.support.waits import no_waits
from vectorlog.api.app import App
from vectorlog.api.response import Response
from vectorlog.deployment import Deployment
from vectorlog.domain.api_key import Credential
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.event_log.streams import Streams
from vectorlog.files.blobs import Blobs
from vectorlog.ingest.document import ReaderUnavailable
from vectorlog.views.views import Views
from vectorlog.webhooks.bus import BusError


class World(Protocol):
    """A deployment with everything around it, one step at a time."""

    clock: Clock
    random: Derived
    faults: Faults
    provider: Provider
    code: Code
    deployment: Deployment
    app: App
    folder: Path
    given_up: int
    late_filters: bool
    told: Told

    def project(self, limit: int, draw: Random) -> bool:
        """Projects a page of the feed; returns whether there was one."""
        ...

    def work(self, draw: Random) -> bool:
        """Handles a due message of work, or of what is told to others; returns whether there was one."""
        ...

    def ingest(self, limit: int, draw: Random) -> bool:
        """Ingests due files; returns whether there were any."""
        ...

    def sweep(self) -> int:
        """Sweeps what has passed its deadline."""
        ...

    def collect(self) -> None:
        """Begins the daily pass over all blobs."""
        ...

    def again(self, draw: Random) -> None:
        """Delivers a part of the feed that was read before once more."""
        ...

    def redeliver(self, draw: Random) -> None:
        """Delivers a message that was sent before once more."""
        ...

    def shuffle(self, draw: Random) -> None:
        """Puts the waiting messages into another order."""
        ...

    def restart(self, *, reopen: bool) -> None:
        """Starts a new process after one has died."""
        ...

    def calm(self, *, calm: bool) -> None:
        """Whether the services do nothing surprising for now."""
        ...

    def next_due(self) -> int | None:
        """Returns the milliseconds until a message can be received; None if there is none."""
        ...

    def left(self) -> list[str]:
        """Returns the bodies of the messages that are waiting or lent."""
        ...

    def close(self) -> None:
        """Releases everything."""
        ...


def disk_errors() -> tuple[Mapping[str, Callable[[], Exception]], Callable[[str], Exception]]:
    """Returns what a refused call raises by port, and what one raises on a full disk: as SQLite and files do."""

    def locked() -> Exception:
        return sqlite3.OperationalError("disk I/O error")

    def broken() -> Exception:
        return OSError(errno.EIO, "Input/output error")

    databases = ("log", "feed", "checkpoint", "table", "work", "embed", "index", "outbox", "deliver")
    errors: dict[str, Callable[[], Exception]] = dict.fromkeys(databases, locked)
    errors |= {"blobs": broken, "embedder": _throttled, "reader": _crashed, "bus": bus_is_busy}

    def full(name: str) -> Exception:
        if name.startswith("blobs"):
            return OSError(errno.ENOSPC, "No space left on device")
        return sqlite3.OperationalError("database or disk is full")

    return errors, full


def bus_is_busy() -> Exception:
    """Returns what a refused call of the event bus raises."""
    return BusError("the bus is busy")


def _throttled() -> Exception:
    return EmbeddingError("too many requests", retry_after=1.0)


def _crashed() -> Exception:
    return ReaderUnavailable("the host has no memory for it")


def deployment(
    clock: Clock,
    random: Derived,
    faults: Faults,
    provider: Provider,
    *,
    log: Any,
    table: Any,
    blobs: Any,
    index: Any,
    rules: Mapping[str, Any],
    pool: Executor | None = None,
) -> Deployment:
    """Returns a deployment of these adapters, each behind a port that can fail; `pool` is that of its views."""

    def embedder(space: Any) -> Any:
        return Port("embedder", SimulatedEmbedder(space, provider), faults)

    return Deployment(
        streams=Streams(cast(Any, Port("log", log, faults)), clock, random, no_waits(random.uniform)),
        views=Views(cast(Any, Port("table", table, faults)), no_waits(random.uniform), pool=pool),
        blobs=cast(Any, Port("blobs", blobs, faults)),
        index=cast(Any, Port("index", index, faults)),
        models=Models([Offer("stub", "words", DIMENSIONS, False, embedder)]),
        clock=clock,
        random=random,
        **rules,
    )


def send_blob(blobs: Blobs, key: str, filename: str, headers: Mapping[str, str]) -> Response:
    """Sends a stored file's bytes."""
    return Response(200, headers, blobs.read(key))


def app(made: Deployment) -> App:
    """Returns the API, whose keys are the names of their projects."""
    return App(made, lambda secret: Credential(secret, "admin") if secret else None, send_blob)
