"""Handles deliveries of the embed queue: ingests their files together and, if that fails, one by one, so that one file
that cannot be ingested does not fail the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vectorlog.domain.errors import Refused
from vectorlog.ingest.crowd import ALONE, Crowd
from vectorlog.ingest.host_limits import host_fault
from vectorlog.ingest.ingester import Ingester
from vectorlog.ingest.job import Requeue
from vectorlog.telemetry.telemetry import Telemetry
from vectorlog.work.messages import Ingest, decode, outgoing
from vectorlog.work.queue import Queue, Received
from vectorlog.work.redelivery import redelivery_delay

log = logging.getLogger(__name__)

LONGEST_DOUBLED_MS = 60_000
"""Maximum delay, in ms, that doubling a provider's wait may lead to. It limits how long a file still waits after the
provider has recovered.
"""


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """A delivery that could not be handled.

    Attributes:
        message: None if it could not be decoded.
        wait: ms after which the queue is to deliver it again, unless it is `hopeless`.
        hopeless: whether it has failed as often as is allowed.
    """

    received: Received
    message: Ingest | None
    error: Exception
    wait: int
    hopeless: bool


class Deliveries:
    """Handles the messages of the embed queue.

    Args:
        waits: delays in ms before the next try: of a file that failed, by number of receives; of a file that the
            provider refused without naming a wait, by number of refusals in a row.
        tries: number of receives after which a failed file is hopeless; None if the queue itself counts them.
        slow: the queue for files whose reading gave way to others; None if they go to `queue` too.
        host_fault: tells what the machine lacks if that is why a file failed. Such a file is never hopeless.
    """

    def __init__(
        self,
        ingester: Ingester,
        queue: Queue,
        waits: Sequence[int],
        telemetry: Telemetry | None = None,
        *,
        tries: int | None = None,
        slow: Queue | None = None,
        host_fault: Callable[[BaseException], str | None] = host_fault,
    ) -> None:
        self._ingester = ingester
        self._queue = queue
        self._waits = waits
        self._telemetry = telemetry or Telemetry()
        self._tries = tries
        self._slow = slow or queue
        self._host_fault = host_fault

    def take(
        self, received: Sequence[Received], time_left: Callable[[], bool], crowd: Crowd = ALONE
    ) -> list[FailedDelivery]:
        """Ingests the files and returns the deliveries that failed.

        The caller releases the failed ones and acknowledges all others. Files that must be continued or tried again
        later have been sent as new messages when this returns.
        """
        messages: dict[str, Ingest] = {}
        failed: list[FailedDelivery] = []
        for each in received:
            try:
                messages[each.receipt] = _ingest(each)
            except Exception as error:
                log.exception("a message could not be decoded: %s", each.body)
                failed.append(self._failed(each, None, error))
        requeues, errors = self._ingest_together(list(messages.values()), time_left, crowd)
        errors |= self._send(requeues)
        for each in received:
            message = messages.get(each.receipt)
            if message is not None and (error_of := errors.get(_key(message))):
                failed.append(self._failed(each, message, error_of))
        return failed

    def _failed(self, received: Received, message: Ingest | None, error: Exception) -> FailedDelivery:
        """Records the failure and, if the file will be tried again, reports that to telemetry."""
        wait = redelivery_delay(self._waits, received.receives)
        lack = self._host_fault(error)
        counted = message is not None and self._tries is not None and lack is None
        hopeless = counted and received.receives >= (self._tries or 0)
        if lack is not None:
            self._telemetry.host_refused(lack)
        if message is not None and not hopeless:
            reason = error.message if isinstance(error, Refused) else f"an internal error ({type(error).__name__})"
            self._telemetry.file_postponed(message.ref, reason, wait, held=lack is not None)
        return FailedDelivery(received, message, error, wait, hopeless)

    def _ingest_together(
        self, messages: Sequence[Ingest], time_left: Callable[[], bool], crowd: Crowd
    ) -> tuple[list[Requeue], dict[_Key, Exception]]:
        try:
            return self._ingester.ingest(messages, time_left, crowd), {}
        except Exception as error:
            cause = messages[0].cause if len(messages) == 1 else {}
            log.exception("ingesting %s files failed", len(messages), extra=cause)
            if len(messages) == 1:
                return [], {_key(messages[0]): error}
        requeues: list[Requeue] = []
        errors: dict[_Key, Exception] = {}
        for message in messages:
            if not time_left():
                requeues.append(Requeue(message, 0, "out of time", moved=True))
                continue
            try:
                requeues += self._ingester.ingest([message], time_left, crowd)
            except Exception as error:
                log.exception("ingesting %s in %s failed", message.file, message.store, extra=message.cause)
                errors[_key(message)] = error
        return requeues, errors

    def _send(self, requeues: Sequence[Requeue]) -> dict[_Key, Exception]:
        """Sends the messages of files that continue later; returns an error for each of them if that fails."""
        errors: dict[_Key, Exception] = {}
        for queue, slow in ((self._queue, False), (self._slow, True)):
            part = [each for each in requeues if each.message.slow is slow]
            if not part:
                continue
            try:
                queue.send([outgoing(each.message, each.message.store, self._delay(each)) for each in part])
            except Exception as error:
                log.exception("%s messages could not be sent again", len(part))
                errors |= {_key(each.message): error for each in part}
                continue
            for each in part:
                if not each.moved:
                    self._telemetry.file_postponed(each.message.ref, each.reason, self._delay(each), held=each.held)
        return errors

    def _delay(self, requeue: Requeue) -> int:
        """Returns the delay in ms: the wait that the provider asked for, doubled with each further refusal in a row.

        It is doubled because a provider that keeps refusing is busy for longer than it says.
        """
        if requeue.delay is None:
            return redelivery_delay(self._waits, requeue.message.refusals)
        doubled = requeue.delay << max(0, requeue.message.refusals - 1)
        return max(requeue.delay, min(doubled, LONGEST_DOUBLED_MS))


_Key = tuple[str, str, int]


def _key(message: Ingest) -> _Key:
    """Identifies a message across its redeliveries and requeues."""
    return message.store, message.file, message.generation


def _ingest(received: Received) -> Ingest:
    message = decode(received.body)
    if not isinstance(message, Ingest):
        raise TypeError(f"unexpected type of message on the embed queue: {type(message).__name__}")
    return message
