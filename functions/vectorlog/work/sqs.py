"""Work queues in SQS: standard queues, which SQS keeps fair between groups by `MessageGroupId`.

SQS delays a message for 15 minutes at most. One with a longer delay carries `not_before`, and whoever receives it too
early sends it on with the delay that is left. That is a new message, so that waiting counts as no receive and fills no
place in flight, of which a queue has 120,000.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote, unquote

from botocore.exceptions import ClientError

from vectorlog.retry import ADDED_JITTER, REAL_TIME, RetryPolicy, Temporary, Timing, retrying
from vectorlog.work.queue import Outgoing, Received

if TYPE_CHECKING:
    from botocore.client import BaseClient

ENTRIES = 10
"""Messages that SQS takes or gives in one call."""
BYTES = 250_000
"""Of the bodies in one call, well below SQS's 1 MiB and the 256 KiB that it was until 2025 and that stand-ins still
have.
"""
LONGEST_DELAY = 900_000
"""Milliseconds: SQS's 15 minutes."""
LONGEST_LOAN = 43_200_000
"""Milliseconds that a message may be lent, from its receive on: SQS's 12 hours."""

FAILED_ENTRIES = RetryPolicy(attempts=5, first_s=0.1, jitter=ADDED_JITTER)
"""Two seconds in all. botocore repeats a call that failed, and not the entries that failed in a call."""

_LONGEST_RELEASE = LONGEST_LOAN - 900_000  # a function may have held the message for 15 minutes
_STALE = {
    "ReceiptHandleIsInvalid",
    "MessageNotInflight",
    "AWS.SimpleQueueService.MessageNotInflight",
    "InvalidParameterValue",
}

_Entry: TypeAlias = dict[str, Any]
_Failure: TypeAlias = Mapping[str, Any]


class QueueError(Exception):
    """SQS took a call but not all of its messages; the message names its reason."""


class SQSQueue:
    """Implements Queue. Safe to use from several threads.

    Times are rounded up to SQS's seconds. A receive whose answer is lost lends messages to nobody until its time is
    over.

    Args:
        client: of SQS.
        url: of a standard queue.
        clock: in ms.
        wait: seconds, up to 20, that `receive` waits for a first message. At 0 SQS asks some of its servers only, so
            that a nearly empty queue may seem empty.
        timing: of the attempts for entries that SQS failed on.
    """

    def __init__(
        self,
        client: BaseClient,
        url: str,
        clock: Callable[[], int],
        *,
        wait: int = 0,
        timing: Timing = REAL_TIME,
    ) -> None:
        self._client = client
        self._url = url
        self._clock = clock
        self._wait = wait
        self._timing = timing
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="sqs")

    def send(self, messages: Sequence[Outgoing]) -> None:
        """See Queue.

        Raises:
            QueueError: some were not sent, tries included; others may have been.
        """
        now = self._clock()
        entries = [_entry(str(place), message, now) for place, message in enumerate(messages)]
        if failures := self._each(self._client.send_message_batch, entries):
            raise QueueError(f"{len(failures)} of {len(messages)} messages were not sent: {_reason(failures[0])}")

    def receive(self, limit: int, visibility: int) -> list[Received]:
        """See Queue. Lends for 12 hours at most."""
        received: list[Received] = []
        wait = self._wait
        while len(received) < limit:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(ENTRIES, limit - len(received)),
                VisibilityTimeout=_seconds(min(visibility, LONGEST_LOAN)),
                WaitTimeSeconds=wait,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "MessageGroupId"],
                MessageAttributeNames=["not_before"],
            )
            found = [_received(message) for message in answer.get("Messages", ())]
            if not found:
                break
            early = [each for each, not_before in found if self._send_on(each, not_before)]
            self.acknowledge([each.receipt for each in early])
            received += [each for each, _ in found if each not in early]
            wait = 0
        return received

    def accept(self, record: Mapping[str, Any]) -> Received | None:
        """A record of an event that Lambda made of this queue's messages; None where it came too early and was sent on.

        The function acknowledges nothing: Lambda deletes the message of every record that is not reported as failed.

        Raises:
            QueueError: it came too early and could not be sent on; report it as failed.
        """
        received, not_before = _received(
            {
                "Body": record["body"],
                "ReceiptHandle": record["receiptHandle"],
                "Attributes": record["attributes"],
                "MessageAttributes": {
                    name: {"StringValue": value.get("stringValue")}
                    for name, value in record["messageAttributes"].items()
                },
            }
        )
        return None if self._send_on(received, not_before) else received

    def acknowledge(self, receipts: Sequence[str]) -> None:
        """See Queue.

        Raises:
            QueueError: some were not deleted, tries included.
        """
        entries = [{"Id": str(place), "ReceiptHandle": receipt} for place, receipt in enumerate(receipts)]
        failures = self._each(self._client.delete_message_batch, entries)
        if lasting := [failure for failure in failures if failure["Code"] not in _STALE]:
            raise QueueError(f"{len(lasting)} of {len(receipts)} messages were not deleted: {_reason(lasting[0])}")

    def release(self, receipt: str, delay: int) -> None:
        """See Queue; after 11 hours and 45 minutes at most. Inside Lambda, report the message as failed too."""
        seconds = _seconds(min(delay, _LONGEST_RELEASE))
        try:
            self._client.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=seconds)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _STALE:
                raise

    def close(self) -> None:
        """Ends the threads that send and delete."""
        self._pool.shutdown()

    def _send_on(self, received: Received, not_before: int) -> bool:
        left = not_before - self._clock()
        if left > 0:
            self.send([Outgoing(received.body, received.group, left)])
        return left > 0

    def _each(self, call: Callable[..., Mapping[str, Any]], entries: Sequence[_Entry]) -> list[_Failure]:
        """Makes the call for all entries, in batches; the failures that are left."""
        batches = list(_batches(entries))
        made = map if len(batches) == 1 else self._pool.map
        return list(chain.from_iterable(made(partial(self._batch, call), batches)))

    def _batch(self, call: Callable[..., Mapping[str, Any]], entries: Sequence[_Entry]) -> list[_Failure]:
        left, lasting, passing = entries, list[_Failure](), dict[str, _Failure]()

        def send() -> None:
            nonlocal left, passing
            failed = call(QueueUrl=self._url, Entries=left).get("Failed", ())
            lasting.extend(failure for failure in failed if failure["SenderFault"])
            passing = {failure["Id"]: failure for failure in failed if not failure["SenderFault"]}
            left = [entry for entry in left if entry["Id"] in passing]
            if left:
                raise Temporary(_reason(passing[left[0]["Id"]]))

        try:
            retrying("SQS batch", FAILED_ENTRIES, send, timing=self._timing)
        except Temporary:
            return [*lasting, *passing.values()]
        return lasting


def _entry(id_: str, message: Outgoing, now: int) -> _Entry:
    entry = {
        "Id": id_,
        "MessageBody": message.body,
        "MessageGroupId": quote(message.group),  # SQS takes ASCII, up to 128 characters
        "DelaySeconds": _seconds(min(message.delay, LONGEST_DELAY)),
    }
    if message.delay > LONGEST_DELAY:
        entry["MessageAttributes"] = {"not_before": {"DataType": "Number", "StringValue": str(now + message.delay)}}
    return entry


def _received(message: Mapping[str, Any]) -> tuple[Received, int]:
    """A message as boto3 gives it, and the time in ms before which it is not to be seen (0: none)."""
    attributes = message["Attributes"]
    group, receives = unquote(attributes.get("MessageGroupId", "")), int(attributes["ApproximateReceiveCount"])
    not_before = message.get("MessageAttributes", {}).get("not_before", {"StringValue": "0"})
    return Received(message["Body"], group, message["ReceiptHandle"], receives), int(not_before["StringValue"])


def _batches(entries: Sequence[_Entry]) -> Iterator[list[_Entry]]:
    batch: list[_Entry] = []
    size = 0
    for entry in entries:
        length = len(entry.get("MessageBody", "").encode())
        if batch and (len(batch) == ENTRIES or size + length > BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += length
    if batch:
        yield batch


def _seconds(ms: int) -> int:
    return -(-ms // 1000)


def _reason(failure: _Failure) -> str:
    return f"{failure['Code']}: {failure.get('Message', 'no reason given')}"
