"""What a queue of SQS holds, in numbers that SQS brings up to date within a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectorlog.work.queue import Backlog

if TYPE_CHECKING:
    from botocore.client import BaseClient

WAITING = "ApproximateNumberOfMessages"
IN_PROGRESS = "ApproximateNumberOfMessagesNotVisible"
DELAYED = "ApproximateNumberOfMessagesDelayed"


def backlog(client: BaseClient, url: str) -> Backlog:
    """Returns the numbers of a queue by its URL. SQS tells the age of the oldest message to CloudWatch only.

    A message whose delay is longer than SQS allows counts as delayed, and for a moment as waiting (`sqs.py`).
    """
    names = [WAITING, IN_PROGRESS, DELAYED]
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    waiting, in_progress, delayed = (int(found[name]) for name in names)
    return Backlog(waiting, in_progress, delayed)
