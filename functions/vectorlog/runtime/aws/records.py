"""Handles the records in which Lambda delivers a queue's messages.

Lambda deletes the messages of all records that are not reported as failed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vectorlog.runtime.aws import trail
from vectorlog.telemetry.metrics import POSTPONED_MESSAGES, Metrics, NoMetrics
from vectorlog.work.queue import Received
from vectorlog.work.redelivery import redelivery_delay
from vectorlog.work.sqs import SQSQueue

REDELIVERY_DELAYS_MS = (5_000, 30_000, 120_000, 300_000, 900_000)
"""How long a message waits after its first, second … failure. A queue gives it up after five failures, so an outage of
less than seven minutes fails nothing.
"""

log = logging.getLogger(__name__)


class Records:
    """Handles the records of one queue. A message that was delivered too early is sent again.

    Args:
        queue: their queue.
        name: of the queue, by which the messages that fail are counted.
        metrics: where they are counted.
    """

    def __init__(self, queue: SQSQueue, name: str = "", metrics: Metrics = NoMetrics()) -> None:
        self._queue = queue
        self._name = name
        self._metrics = metrics

    def each(self, record: Mapping[str, Any], do: Callable[[str], None]) -> None:
        """Calls `do` with a record's body. If that raises, the message is delayed before its next delivery, and the
        exception is raised again.
        """
        received = self._queue.accept(record)
        if received is None:
            return
        began = time.perf_counter()
        try:
            do(received.body)
        except Exception:
            self._failed(received)
            raise
        trail.handled(self._name, received.body, _ms_since(began))

    def together(
        self, records: Sequence[Mapping[str, Any]], take: Callable[[Sequence[Received]], Sequence[Received]]
    ) -> list[str]:
        """Calls `take` with the messages of all records. Returns the ids of the messages to report as failed.

        `take` returns the messages that failed. They are delayed before their next delivery.
        """
        ids: dict[str, str] = {}
        accepted: list[Received] = []
        failed: list[str] = []
        for record in records:
            ids[record["receiptHandle"]] = record["messageId"]
            try:
                received = self._queue.accept(record)
            except Exception:
                log.exception("a message was delivered too early and could not be sent again: %s", record["body"])
                failed.append(record["messageId"])
            else:
                accepted += [] if received is None else [received]
        began = time.perf_counter()
        left = list(take(accepted))
        for each in left:
            self._delay(each)
            failed.append(ids[each.receipt])
        for each in accepted:
            if each not in left:
                trail.handled(self._name, each.body, _ms_since(began))
        return failed

    def _failed(self, received: Received) -> None:
        """Reports a message whose exception is being handled, and delays it."""
        said = {"event": "message_failed", "queue": self._name, **trail.about(received.body)}
        log.exception("a message failed (receive %s): %s", received.receives, received.body, extra=said)
        self._delay(received)

    def _delay(self, received: Received) -> None:
        self._metrics.count(POSTPONED_MESSAGES, queue=self._name)
        try:
            self._queue.release(received.receipt, redelivery_delay(REDELIVERY_DELAYS_MS, received.receives))
        except Exception:
            log.exception("a message could not be delayed; it is delivered again when its visibility timeout ends")


def _ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
