"""Messages of the embed queue, as a queue lends them: done together, and where that fails one by one, so that a file
which cannot be ingested takes down none of those beside it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vectorlog.domain.errors import Refused
from vectorlog.ingest.ingester import Ingester
from vectorlog.ingest.job import Later
from vectorlog.telemetry.telemetry import Telemetry
from vectorlog.work.messages import Ingest, decode, outgoing
from vectorlog.work.queue import Queue, Received
from vectorlog.work.redelivery import redelivery_delay

log = logging.getLogger(__name__)

LONGEST_DOUBLED_MS = 60_000
"""Up to which a provider's own wait is doubled, so that a file is late by little more than a minute once it is served
again.
"""


@dataclass(frozen=True, slots=True)
class Failed:
    """A delivery that is not done, and why; `message` is None where it could not be read. It is to come again after
    `wait` ms, unless it is `hopeless`: it failed as often as it may.
    """

    received: Received
    message: Ingest | None
    error: Exception
    wait: int
    hopeless: bool


class Deliveries:
    """Does what a queue's messages ask for.

    Args:
        waits: ms that a file waits that failed, by receives, or that its provider refused without saying for how long,
            by refusals.
        tries: receives after which a file that failed is hopeless; None where the queue itself sees to that.
    """

    def __init__(
        self,
        ingester: Ingester,
        queue: Queue,
        waits: Sequence[int],
        telemetry: Telemetry | None = None,
        *,
        tries: int | None = None,
    ) -> None:
        self._ingester = ingester
        self._queue = queue
        self._waits = waits
        self._telemetry = telemetry or Telemetry()
        self._tries = tries

    def take(self, received: Sequence[Received], time_left: Callable[[], bool]) -> list[Failed]:
        """Ingests the files; what is to come later has been sent as a new message when this returns.

        All but those that are given back are done and may be acknowledged; these are to be released.
        """
        messages: dict[str, Ingest] = {}
        failed: list[Failed] = []
        for each in received:
            try:
                messages[each.receipt] = _ingest(each)
            except Exception as error:
                log.exception("a message cannot be read: %s", each.body)
                failed.append(self._failed(each, None, error))
        later, errors = self._together(list(messages.values()), time_left)
        errors |= self._postpone(later)
        for each in received:
            message = messages.get(each.receipt)
            if message is not None and (error_of := errors.get(_key(message))):
                failed.append(self._failed(each, message, error_of))
        return failed

    def _failed(self, received: Received, message: Ingest | None, error: Exception) -> Failed:
        """Tells of a file that comes again."""
        wait = redelivery_delay(self._waits, received.receives)
        hopeless = message is not None and self._tries is not None and received.receives >= self._tries
        if message is not None and not hopeless:
            reason = error.message if isinstance(error, Refused) else f"an internal error ({type(error).__name__})"
            self._telemetry.file_postponed(message.ref, reason, wait)
        return Failed(received, message, error, wait, hopeless)

    def _together(
        self, messages: Sequence[Ingest], time_left: Callable[[], bool]
    ) -> tuple[list[Later], dict[_Key, Exception]]:
        try:
            return self._ingester.ingest(messages, time_left), {}
        except Exception as error:
            log.exception("ingesting %s files failed", len(messages))
            if len(messages) == 1:
                return [], {_key(messages[0]): error}
        later: list[Later] = []
        errors: dict[_Key, Exception] = {}
        for message in messages:
            if not time_left():
                later.append(Later(message, 0, "out of time", moved=True))
                continue
            try:
                later += self._ingester.ingest([message], time_left)
            except Exception as error:
                log.exception("%s in %s failed by itself too", message.file, message.store)
                errors[_key(message)] = error
        return later, errors

    def _postpone(self, later: Sequence[Later]) -> dict[_Key, Exception]:
        """Sends what comes later; where that cannot be done, all of it failed."""
        sent = [outgoing(each.message, each.message.store, self._delay(each)) for each in later]
        try:
            self._queue.send(sent)
        except Exception as error:
            log.exception("%s messages for later could not be sent", len(sent))
            return {_key(each.message): error for each in later}
        for each, again in zip(later, sent, strict=True):
            if not each.moved:
                self._telemetry.file_postponed(each.message.ref, each.reason, again.delay)
        return {}

    def _delay(self, later: Later) -> int:
        """What was asked for, doubled by each further refusal in a row: a provider that asks for a second again and
        again is busy for longer.
        """
        if later.delay is None:
            return redelivery_delay(self._waits, later.message.refusals)
        doubled = later.delay << max(0, later.message.refusals - 1)
        return max(later.delay, min(doubled, LONGEST_DOUBLED_MS))


_Key = tuple[str, str, int]


def _key(message: Ingest) -> _Key:
    """What stays the same of a message that comes again."""
    return message.store, message.file, message.generation


def _ingest(received: Received) -> Ingest:
    message = decode(received.body)
    if not isinstance(message, Ingest):
        raise TypeError(f"the embed queue holds a message of another kind: {type(message).__name__}")
    return message
