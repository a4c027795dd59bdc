"""Records that Lambda makes of a queue's messages. It deletes the messages of all that are not reported as failed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vectorlog.work.queue import Received
from vectorlog.work.redelivery import redelivery_delay
from vectorlog.work.sqs import SQSQueue

REDELIVERY_DELAYS_MS = (5_000, 30_000, 120_000, 300_000, 900_000)
"""How long a message waits after its first, second … failure. A queue gives it up after five, so that trouble which is
over within seven minutes fails nothing.
"""

log = logging.getLogger(__name__)


class Records:
    """Records of one queue's messages. One that came before its time is sent on, and is done with that."""

    def __init__(self, queue: SQSQueue) -> None:
        self._queue = queue

    def each(self, record: Mapping[str, Any], do: Callable[[str], None]) -> None:
        """Does what a record's body asks for. Where that raises, so does this, and the message waits before it comes
        again.
        """
        received = self._queue.accept(record)
        if received is None:
            return
        try:
            do(received.body)
        except Exception:
            log.exception("a message failed (receive %s): %s", received.receives, received.body)
            self._put_off(received)
            raise

    def together(
        self, records: Sequence[Mapping[str, Any]], take: Callable[[Sequence[Received]], Sequence[Received]]
    ) -> list[str]:
        """Does what the records ask for, by a function that gives back those that failed; their messages' ids, to be
        reported. These messages wait before they come again.
        """
        ids: dict[str, str] = {}
        accepted: list[Received] = []
        failed: list[str] = []
        for record in records:
            ids[record["receiptHandle"]] = record["messageId"]
            try:
                received = self._queue.accept(record)
            except Exception:
                log.exception("a message came before its time and could not be sent on: %s", record["body"])
                failed.append(record["messageId"])
            else:
                accepted += [] if received is None else [received]
        for each in take(accepted):
            self._put_off(each)
            failed.append(ids[each.receipt])
        return failed

    def _put_off(self, received: Received) -> None:
        try:
            self._queue.release(received.receipt, redelivery_delay(REDELIVERY_DELAYS_MS, received.receives))
        except Exception:
            log.exception("a message could not be put off; it comes again when its visibility is over")
