"""The messages by which others are told."""

from __future__ import annotations

from dataclasses import dataclass

from vectorlog.work.cause import FromRequest


@dataclass(frozen=True, slots=True)
class EndBatch(FromRequest):
    """Record that all files of a batch have ended, so that others are told."""

    batch: str


@dataclass(frozen=True, slots=True)
class Deliver(FromRequest):
    """Send what waits in a lane of the outbox (`webhooks/outbox.py`). `due` is the time of the lane's next try (ms
    since 1970), if the message was sent for that; 0 otherwise.
    """

    receiver: str
    store: str
    due: int = 0
