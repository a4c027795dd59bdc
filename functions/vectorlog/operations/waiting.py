"""What waits in the work queues, as far as a queue can be looked into."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vectorlog.domain.ids import StoreFileId, parse_stream


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message in a queue.

    Attributes:
        receives: how often it was lent to a worker; with `lent`, one has it now.
        visible_at: ms since 1970 from which it can be received.
    """

    queue: str
    body: str
    receives: int
    visible_at: int
    lent: bool

    @property
    def kind(self) -> str:
        """Its type, such as `Ingest`."""
        return str(json.loads(self.body)["type"])

    @property
    def data(self) -> Mapping[str, Any]:
        """Its fields."""
        found: Mapping[str, Any] = json.loads(self.body)["data"]
        return found

    def concerns(self, id: str) -> bool:
        """Whether it names this store, file, batch, request, or file in a store (`vs_…/file-…`)."""
        data = self.data
        stream = data.get("stream", "")
        asked, replayed = parse_stream(id), parse_stream(stream)
        if isinstance(asked, StoreFileId):
            return stream == id or (data.get("store"), data.get("file")) == (asked.store, asked.file)
        named = {stream, *(data.get(name) for name in ("store", "file", "batch", "request"))}
        if isinstance(replayed, StoreFileId):
            named |= {replayed.store, replayed.file}
        return id in named


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the queues hold.

    Attributes:
        numbers: of messages, by queue.
        messages: None where the queue does not show them without lending them (SQS).
    """

    numbers: Mapping[str, int]
    messages: tuple[WaitingMessage, ...] | None
