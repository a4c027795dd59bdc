"""Lends the messages of a queue to the threads of this process, for a short time that is renewed while they work.

Whatever happens to a message that was received (its thread fails half-way, or the disk is full when it is to be given
back), its loan is no longer renewed, and it comes back to the queue within `LENT_MS`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

from vectorlog.runtime.local.request_id import found_to_work_for, working_for
from vectorlog.work.messages import Message, decode
from vectorlog.work.queue import Received
from vectorlog.work.redelivery import redelivery_delay
from vectorlog.work.sqlite import SQLiteQueue

log = logging.getLogger(__name__)

LENT_MS = 60_000
"""How long a message stays with its thread unless that is renewed: several times the interval between two renewals."""


class Lender:
    """Lends the messages of one queue. Safe to use from several threads."""

    def __init__(self, queue: SQLiteQueue) -> None:
        self.queue = queue
        self._lock = threading.Lock()
        self._lent: set[str] = set()

    @contextmanager
    def lend(self, limit: int, besides: Collection[str] = ()) -> Iterator[list[Received]]:
        """Receives up to `limit` messages of projects that are not in `besides`, and keeps them until the block ends.

        Those that the block neither acknowledges nor releases come back within `LENT_MS` after that.
        """
        received = self.queue.receive(limit, LENT_MS, besides)
        receipts = [each.receipt for each in received]
        with self._lock:
            self._lent.update(receipts)
        try:
            yield received
        finally:
            self._forget(receipts)

    def acknowledge(self, receipts: Sequence[str]) -> None:
        """Deletes messages that are done; see Queue."""
        self._forget(receipts)
        self.queue.acknowledge(receipts)

    def release(self, receipt: str, delay: int) -> None:
        """Returns a message to the queue; see Queue."""
        self._forget([receipt])
        self.queue.release(receipt, delay)

    def renew(self) -> None:
        """Lends what is lent now for another `LENT_MS`."""
        with self._lock:
            self.queue.extend(sorted(self._lent), LENT_MS)

    def _forget(self, receipts: Sequence[str]) -> None:
        with self._lock:
            self._lent.difference_update(receipts)


def handle_one(lender: Lender, do: Callable[[Message], None], delays: Sequence[int], wait_s: float) -> None:
    """Handles one message of a queue, and counts the time that it takes. One that fails comes again.

    Args:
        lender: of the queue.
        do: handles a message.
        delays: how long a message waits after its first, second … failure, in ms.
        wait_s: how long to wait for a message, in seconds.
    """
    with lender.lend(1) as received:
        for each in received:
            begun = time.monotonic()
            with working_for(""):
                try:
                    message = decode(each.body)
                    found_to_work_for(message.request)
                    do(message)
                except Exception:
                    log.exception("work failed (try %s) and will be tried again: %s", each.receives, each.body)
                    lender.release(each.receipt, redelivery_delay(delays, each.receives))
                else:
                    lender.acknowledge([each.receipt])
            lender.queue.charge([each.group], {each.group: round(1000 * (time.monotonic() - begun))})
    if not received:
        lender.queue.wait(wait_s)
