"""Work messages: what a worker is asked to do, as small records. Doing one twice is as doing it once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter

from vectorlog.domain.store_file import Retired
from vectorlog.telemetry.telemetry import FileRef
from vectorlog.work.queue import Outgoing


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """What every message carries: the id of the request that began it, "" where none did (the sweep, an import)."""

    request: str = ""


@dataclass(frozen=True, slots=True)
class Ingest(_Begun):
    """Ingest a generation of a file, from chunk `next` on; `crashes` counts how often reading it killed a child
    process, `refusals` how often its embedding was put off by the provider.
    """

    store: str
    file: str
    generation: int
    next: int = 0
    crashes: int = 0
    refusals: int = 0

    @property
    def ref(self) -> FileRef:
        """What it ingests, as log lines name it."""
        return FileRef(self.store, self.file, self.generation, self.request)


@dataclass(frozen=True, slots=True)
class OpenBatch(_Begun):
    """Append the batch that a store was created with, if that is still to be done."""

    store: str


@dataclass(frozen=True, slots=True)
class FanOut(_Begun):
    """Attach the files of a batch, from this position of its manifest on."""

    store: str
    batch: str
    cursor: int = 0


@dataclass(frozen=True, slots=True)
class CancelBatch(_Begun):
    """Cancel the files of a cancelled batch, from this position of its manifest on."""

    store: str
    batch: str
    cursor: int = 0


@dataclass(frozen=True, slots=True)
class Purge(_Begun):
    """Remove chunks and artefacts of generations that nobody needs any more."""

    store: str
    file: str
    retired: tuple[Retired, ...]


@dataclass(frozen=True, slots=True)
class PurgeStore(_Begun):
    """Remove whatever a deleted or expired store left."""

    store: str
    again: bool = True


@dataclass(frozen=True, slots=True)
class Retag(_Begun):
    """Write a file's attributes to the chunks of the generation that served when they changed."""

    store: str
    file: str
    generation: int


@dataclass(frozen=True, slots=True)
class Forget(_Begun):
    """Detach a deleted file from every store, and remove its bytes."""

    file: str


@dataclass(frozen=True, slots=True)
class Replay(_Begun):
    """Project a stream again from its first commit, and send what follows from it."""

    stream: str


Message = Ingest | OpenBatch | FanOut | CancelBatch | Purge | PurgeStore | Retag | Forget | Replay

_KINDS: dict[str, Any] = {kind.__name__: kind for kind in get_args(Message)}


def encode(message: Message) -> str:
    """A message as JSON text; one that no request began does not name one."""
    name = type(message).__name__
    data = _adapter(name).dump_json(message, exclude=None if message.request else {"request"})
    return f'{{"type":"{name}","data":{data.decode()}}}'


def decode(text: str) -> Message:
    """A message of JSON text.

    Raises:
        KeyError: newer code sent it.
    """
    written = json.loads(text)
    message: Message = _adapter(written["type"]).validate_python(written["data"])
    return message


def outgoing(message: Message, project: str, delay: int = 0) -> Outgoing:
    """A message on its way, fair to the project that it works for."""
    return Outgoing(encode(message), project, delay)


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_KINDS[name])
