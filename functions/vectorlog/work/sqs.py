"""Work queues in SQS: standard queues, which SQS keeps fair between projects by `MessageGroupId`.

SQS lets a project with few messages under way go before one with many, so one whose messages take long is held back. It
has no second level: the stores of one project are not fair to each other.

SQS delays a message for 15 minutes at most. A message with a longer delay carries `not_before`, and a worker that
receives it too early sends it again with the remaining delay. That is a new message, so the wait counts as no receive
and takes none of the 120,000 messages that a queue may have in flight.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote, unquote

from botocore.exceptions import ClientError

from vectorlog.retry import ADDED_JITTER, REAL_TIME, RetryPolicy, Temporary, Timing, retrying
from vectorlog.work.queue import Backlog, Outgoing, Received, project_of
from vectorlog.work.sqs_backlog import backlog

if TYPE_CHECKING:
    from botocore.client import BaseClient

ENTRIES = 10
"""The number of messages that one SQS call can send, receive or delete."""
BYTES = 250_000
"""Size of the bodies in one call. SQS allows 1 MiB, but allowed 256 KiB until 2025, and local stand-ins still do."""
LONGEST_GROUP = 128
"""SQS's limit, in characters of ASCII."""
LONGEST_DELAY = 900_000
"""In ms: SQS's limit of 15 minutes."""
LONGEST_VISIBILITY = 43_200_000
"""How long a message can be invisible after it is received, in ms: SQS's limit of 12 hours."""

FAILED_ENTRIES = RetryPolicy(attempts=5, first_s=0.1, jitter=ADDED_JITTER)
"""About two seconds in all. botocore repeats a call that failed, but not single entries that failed in a call."""

_LONGEST_RELEASE = LONGEST_VISIBILITY - 900_000  # a function may have held the message for 15 minutes
_STALE = {
    "ReceiptHandleIsInvalid",
    "MessageNotInflight",
    "AWS.SimpleQueueService.MessageNotInflight",
    "InvalidParameterValue",
}

_Entry: TypeAlias = dict[str, Any]
_Failure: TypeAlias = Mapping[str, Any]


class QueueError(Exception):
    """SQS accepted a call, but not all of its entries; the message gives SQS's reason."""


class SQSQueue:
    """Implements Queue. Safe to use from several threads.

    Times are rounded up to whole seconds, SQS's unit. If the response to a receive is lost, its messages stay invisible
    until their visibility timeout is over.

    Args:
        client: an SQS client.
        url: of a standard queue.
        clock: in ms.
        wait: how many seconds, up to 20, `receive` waits for a first message. At 0, SQS asks only some of its servers,
            so a nearly empty queue may seem empty.
        timing: of the attempts for entries that failed.
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
            QueueError: some messages were not sent, even by further attempts; others may have been.
        """
        now = self._clock()
        entries = [_entry(str(number), message, now) for number, message in enumerate(messages)]
        if failures := self._each(self._client.send_message_batch, entries):
            raise QueueError(f"{len(failures)} of {len(messages)} messages were not sent: {_reason(failures[0])}")

    def receive(self, limit: int, visibility: int) -> list[Received]:
        """See Queue. The visibility is 12 hours at most."""
        received: list[Received] = []
        wait = self._wait
        while len(received) < limit:
            response = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(ENTRIES, limit - len(received)),
                VisibilityTimeout=_seconds(min(visibility, LONGEST_VISIBILITY)),
                WaitTimeSeconds=wait,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "MessageGroupId"],
                MessageAttributeNames=["not_before"],
            )
            messages = [_received(message) for message in response.get("Messages", ())]
            if not messages:
                break
            early = [each for each, not_before in messages if self._send_again(each, not_before)]
            self.acknowledge([each.receipt for each in early])
            received += [each for each, _ in messages if each not in early]
            wait = 0
        return received

    def backlog(self) -> Backlog:
        """See Queue."""
        return backlog(self._client, self._url)

    def accept(self, record: Mapping[str, Any]) -> Received | None:
        """Returns the message in a record of a Lambda event; None if it came too early and was sent again.

        The function acknowledges nothing: Lambda deletes the message of every record that is not reported as failed.

        Raises:
            QueueError: it came too early and could not be sent again; report the record as failed.
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
        return None if self._send_again(received, not_before) else received

    def acknowledge(self, receipts: Sequence[str]) -> None:
        """See Queue.

        Raises:
            QueueError: some messages were not deleted, even by further attempts.
        """
        entries = [{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(receipts)]
        failures = self._each(self._client.delete_message_batch, entries)
        if lasting := [failure for failure in failures if failure["Code"] not in _STALE]:
            raise QueueError(f"{len(lasting)} of {len(receipts)} messages were not deleted: {_reason(lasting[0])}")

    def release(self, receipt: str, delay: int) -> None:
        """See Queue. The delay is 11 hours and 45 minutes at most. In Lambda, report the message as failed too."""
        seconds = _seconds(min(delay, _LONGEST_RELEASE))
        try:
            self._client.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=seconds)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _STALE:
                raise

    def close(self) -> None:
        """Ends the threads that send and delete messages."""
        self._pool.shutdown()

    def _send_again(self, received: Received, not_before: int) -> bool:
        """Sends a message again if it came before `not_before` (ms since 1970); returns whether it did."""
        left = not_before - self._clock()
        if left > 0:
            self.send([Outgoing(received.body, received.group, left)])
        return left > 0

    def _each(self, call: Callable[..., Mapping[str, Any]], entries: Sequence[_Entry]) -> list[_Failure]:
        """Makes the call for all entries, in batches; returns the failures that remain."""
        batches = list(_batches(entries))
        map_batches = map if len(batches) == 1 else self._pool.map
        return list(chain.from_iterable(map_batches(partial(self._batch, call), batches)))

    def _batch(self, call: Callable[..., Mapping[str, Any]], entries: Sequence[_Entry]) -> list[_Failure]:
        left, permanent, temporary = entries, list[_Failure](), dict[str, _Failure]()

        def send() -> None:
            nonlocal left, temporary
            failed = call(QueueUrl=self._url, Entries=left).get("Failed", ())
            permanent.extend(failure for failure in failed if failure["SenderFault"])
            temporary = {failure["Id"]: failure for failure in failed if not failure["SenderFault"]}
            left = [entry for entry in left if entry["Id"] in temporary]
            if left:
                raise Temporary(_reason(temporary[left[0]["Id"]]))

        try:
            retrying("SQS batch", FAILED_ENTRIES, send, timing=self._timing)
        except Temporary:
            return [*permanent, *temporary.values()]
        return permanent


def _entry(id_: str, message: Outgoing, now: int) -> _Entry:
    entry = {
        "Id": id_,
        "MessageBody": message.body,
        "MessageGroupId": _group_id(project_of(message.group)),
        "DelaySeconds": _seconds(min(message.delay, LONGEST_DELAY)),
    }
    if message.delay > LONGEST_DELAY:
        entry["MessageAttributes"] = {"not_before": {"DataType": "Number", "StringValue": str(now + message.delay)}}
    return entry


def _group_id(project: str) -> str:
    """Returns the project as SQS takes it: in ASCII, and 128 characters at most."""
    quoted = quote(project)
    return quoted if len(quoted) <= LONGEST_GROUP else hashlib.sha256(project.encode()).hexdigest()


def _received(message: Mapping[str, Any]) -> tuple[Received, int]:
    """Returns the message of a boto3 response, and the time in ms before which it must not be handled (0: none)."""
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
