"""The messages in the work queues, as far as a queue can show them."""

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
        receives: how often a worker has received it.
        visible_at: when it can be received (again), in ms since 1970.
        lent: whether a worker has it now.
    """

    queue: str
    body: str
    receives: int
    visible_at: int
    lent: bool

    @property
    def kind(self) -> str:
        """The message's type, such as `Ingest`."""
        return str(json.loads(self.body)["type"])

    @property
    def data(self) -> Mapping[str, Any]:
        """The message's fields."""
        fields: Mapping[str, Any] = json.loads(self.body)["data"]
        return fields

    def concerns(self, id: str) -> bool:
        """Returns whether it names this store, file, batch, request, or file in a store (`vs_…/file-…`)."""
        data = self.data
        stream = data.get("stream", "")
        wanted, replayed = parse_stream(id), parse_stream(stream)
        if isinstance(wanted, StoreFileId):
            return stream == id or (data.get("store"), data.get("file")) == (wanted.store, wanted.file)
        named = {stream, *(data.get(name) for name in ("store", "file", "batch", "request"))}
        if isinstance(replayed, StoreFileId):
            named |= {replayed.store, replayed.file}
        return id in named


@dataclass(frozen=True, slots=True)
class Waiting:
    """The contents of the queues.

    Attributes:
        numbers: the number of messages, by queue.
        messages: None if the queue can show a message only by handing it out (SQS).
    """

    numbers: Mapping[str, int]
    messages: tuple[WaitingMessage, ...] | None
