"""The messages by which others are told."""

from __future__ import annotations

from dataclasses import dataclass

from vectorlog.work.cause import FromRequest


@dataclass(frozen=True, slots=True)
class EndBatch(FromRequest):
    """Record that all files of a batch have ended, so that others are told."""

    batch: str


@dataclass(frozen=True, slots=True)
class SendSample(FromRequest):
    """Send a sample of an event of this `type` to a webhook endpoint (`receiver`), at once, and record the
    outcome (`views/sample_outcome.py`): a client waits for it, since `at` (ms since 1970). `id` is the event's.
    """

    receiver: str
    type: str
    at: int
    id: str


@dataclass(frozen=True, slots=True)
class Deliver(FromRequest):
    """Send what waits in a lane of the outbox (`webhooks/outbox.py`). `due` is the time of the lane's next try (ms
    since 1970), if the message was sent for that; 0 otherwise.
    """

    receiver: str
    store: str
    due: int = 0
