"""Lambda's event source mapping on an SQS queue, driven step by step."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local_aws.batch_answer import failed_items
from local_aws.payloads import Invoke, Json, queue_event, queue_record

if TYPE_CHECKING:
    from botocore.client import BaseClient

log = logging.getLogger(__name__)

ENTRIES = 10
"""How many messages SQS gives or deletes in one call."""


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """Settings of an event source mapping.

    Attributes:
        window: ms that an incomplete batch waits for more messages.
        concurrency: maximum of parallel batches; the caller of `step` enforces it.
        wait: seconds that one receive waits for a message.
    """

    batch_size: int = 10
    window: int = 0
    concurrency: int = 2
    wait: int = 1


class QueueMapping:
    """Feeds a function with a queue's messages. Messages of a batch that succeeded are deleted. Others are redelivered
    after their visibility time-out, until the queue's redrive policy moves them to its dead letters. Steps may run in
    several threads.
    """

    def __init__(
        self,
        client: BaseClient,
        url: str,
        arn: str,
        invoke: Invoke,
        clock: Callable[[], int],
        settings: QueueSettings | None = None,
    ) -> None:
        self.settings = settings or QueueSettings()
        self._client = client
        self._url = url
        self._arn = arn
        self._invoke = invoke
        self._clock = clock

    def step(self) -> bool:
        """Passes one batch to the function if there are messages; returns whether there were."""
        records = self._receive()
        if not records:
            return False
        messages = [record["messageId"] for record in records]
        try:
            failed = failed_items(self._invoke(queue_event(records)), messages)
        except Exception as error:  # noqa: BLE001  # whatever ends a function, its messages come again
            log.warning("a batch of %s messages failed: %r", len(records), error)
            return True
        done = [record["receiptHandle"] for record in records if record["messageId"] not in failed]
        for start in range(0, len(done), ENTRIES):
            entries = [
                {"Id": str(place), "ReceiptHandle": receipt}
                for place, receipt in enumerate(done[start : start + ENTRIES])
            ]
            self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
        return True

    def _receive(self) -> list[Json]:
        records: list[Json] = []
        end: int | None = None
        while len(records) < self.settings.batch_size:
            found = self._messages(self.settings.batch_size - len(records), wait=0 if records else self.settings.wait)
            records += (queue_record(message, self._arn) for message in found)
            end = self._clock() + self.settings.window if end is None else end
            if not records or self._clock() >= end:
                break
        return records

    def _messages(self, limit: int, wait: int) -> list[Mapping[str, Any]]:
        answer = self._client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(ENTRIES, limit),
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", ()))
