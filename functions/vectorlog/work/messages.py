"""Work messages: records of what a worker has to do. Doing one twice has the same effect as doing it once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

from pydantic import TypeAdapter

from vectorlog.domain.store_file import Retired
from vectorlog.telemetry.telemetry import FileRef
from vectorlog.work.cause import FromRequest
from vectorlog.work.move_messages import MoveVectors, PurgeVectors
from vectorlog.work.queue import Outgoing
from vectorlog.work.telling import Deliver as Deliver
from vectorlog.work.telling import EndBatch as EndBatch
from vectorlog.work.telling import SendSample as SendSample


@dataclass(frozen=True, slots=True)
class Ingest(FromRequest):
    """Ingest a generation of a file, from chunk `next` on.

    Attributes:
        crashes: how often reading the file killed a child process.
        refusals: how often in a row it had to wait for a provider, or for the host.
        slow: whether reading it took so long that it gave way to others.
        revision: the lowest revision of the attributes with which the chunks before `next` were indexed.
        document: the digest of the document that has these chunks.
    """

    store: str
    file: str
    generation: int
    next: int = 0
    crashes: int = 0
    refusals: int = 0
    revision: int = 0
    slow: bool = False
    document: str = ""

    @property
    def ref(self) -> FileRef:
        """The ingest as log lines identify it."""
        return FileRef(self.store, self.file, self.generation, self.request)


@dataclass(frozen=True, slots=True)
class OpenBatch(FromRequest):
    """Append the batch with which a store was created, if it is not appended yet."""

    store: str


@dataclass(frozen=True, slots=True)
class FanOut(FromRequest):
    """Attach the files of a batch, from position `cursor` of its manifest on."""

    store: str
    batch: str
    cursor: int = 0


@dataclass(frozen=True, slots=True)
class CancelBatch(FromRequest):
    """Cancel the files of a cancelled batch, from position `cursor` of its manifest on."""

    store: str
    batch: str
    cursor: int = 0


@dataclass(frozen=True, slots=True)
class Purge(FromRequest):
    """Remove the chunks and artefacts of retired generations. If they are `erased`, nothing may be left on a disk."""

    store: str
    file: str
    retired: tuple[Retired, ...]
    erased: bool = False


PurgePart = Literal["chunks", "artefacts", "manifests", "batches", "files", "contents"]
"""What a purge of a store removes, in this order; the last three are rows."""


@dataclass(frozen=True, slots=True)
class PurgePoint:
    """Where the purge of a store continues: for rows, in the table with this number (`Views.tables`), after the sort
    key `after`.
    """

    part: PurgePart = "chunks"
    table: int = 0
    after: str = ""


@dataclass(frozen=True, slots=True)
class PurgeStore(FromRequest):
    """Remove some of what a deleted or expired store has left, from `point` on (None: from the beginning). After the
    rest, repeat all of it later if `again`.
    """

    store: str
    again: bool = True
    point: PurgePoint | None = None


@dataclass(frozen=True, slots=True)
class Retag(FromRequest):
    """Write a file's attributes to the chunks of the generation that was serving when they changed."""

    store: str
    file: str
    generation: int


@dataclass(frozen=True, slots=True)
class Forget(FromRequest):
    """Detach a deleted file from every store, and remove its bytes."""

    file: str


@dataclass(frozen=True, slots=True)
class CloseUpload(FromRequest):
    """Make the file of a completed upload, if its request did not, and remove the parts of an upload that has ended."""

    upload: str


@dataclass(frozen=True, slots=True)
class Replay(FromRequest):
    """Project a stream again from its first commit, and send the messages that follow from it."""

    stream: str


@dataclass(frozen=True, slots=True)
class Collect(FromRequest):
    """Delete the leftovers among the blobs whose keys come after `after`."""

    after: str = ""


ErasePart = Literal["files", "batches", "past", "log"]
"""What an erasure does, in this order: it has the streams below this one erased (those of a store's files, of its
batches, and of files and batches that it had), and then erases the stream's own commits.
"""


@dataclass(frozen=True, slots=True)
class Erase(FromRequest):
    """Erase a stream's commits before `version`, which is that of the commit that has what is kept. Before that, have
    the streams erased that hold content of the same thing, from `part` and the key after `after` on.

    Attributes:
        again: whether to look once more, later, for streams that were written to meanwhile.
    """

    stream: str
    version: int
    part: ErasePart = "files"
    after: str = ""
    again: bool = True


@dataclass(frozen=True, slots=True)
class Scrub(FromRequest):
    """Remove from the disk what an erasure has left in the index of a store ("": of none) and in the journals."""

    store: str = ""


@dataclass(frozen=True, slots=True)
class Wake(FromRequest):
    """Wake the index, because a store is used; sent only where the index sleeps."""


Message = (
    Ingest
    | OpenBatch
    | FanOut
    | CancelBatch
    | Purge
    | PurgeStore
    | Retag
    | Forget
    | CloseUpload
    | Replay
    | Collect
    | Erase
    | Scrub
    | MoveVectors
    | PurgeVectors
    | EndBatch
    | Deliver
    | SendSample
    | Wake
)

COLLECTION = "collect"
"""What `Collect` messages are sent for, instead of a stream."""

_KINDS: dict[str, Any] = {kind.__name__: kind for kind in get_args(Message)}


def encode(message: Message) -> str:
    """Returns a message as JSON text; `request`, `project`, `slow`, `document` and `erased` are left out if empty."""
    name = type(message).__name__
    empty = {
        field for field in ("request", "project", "slow", "document", "erased") if not getattr(message, field, None)
    }
    data = _adapter(name).dump_json(message, exclude=empty)
    return f'{{"type":"{name}","data":{data.decode()}}}'


def decode(text: str) -> Message:
    """Returns the message of a JSON text.

    Raises:
        KeyError: the type of message is unknown, because newer code sent it.
    """
    content = json.loads(text)
    message: Message = _adapter(content["type"]).validate_python(content["data"])
    return message


def outgoing(message: Message, name: str, delay: int = 0) -> Outgoing:
    """Returns a message that is ready to send, in the group of this name; `delay` is in ms."""
    return Outgoing(encode(message), group_in(message.project, name), delay)


def group_in(project: str, name: str) -> str:
    """Returns the group of this name in a project; without a project, the group is one by itself."""
    return f"{project}/{name}" if project else name


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_KINDS[name])
