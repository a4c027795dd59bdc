"""How many messages a deployment on AWS has in its queues, for an operator's commands."""

from __future__ import annotations

from vectorlog.operations.verify import UnderWay
from vectorlog.operations.waiting import Waiting
from vectorlog.runtime.aws import clients, wiring

_UNDER_WAY = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
_ALL = (*_UNDER_WAY, "ApproximateNumberOfMessagesDelayed")


def under_way() -> UnderWay:
    """Returns SQS's approximate number of messages in all queues, without delayed messages.

    The number of commits is always 0, because DynamoDB does not tell how far the stream's consumer lags behind.
    """
    return UnderWay(0, sum(_numbers(_UNDER_WAY).values()))


def waiting() -> Waiting:
    """Returns SQS's approximate number of messages in each queue, including delayed ones and those being processed.

    The messages themselves are None, because SQS can only show a message by handing it out.
    """
    return Waiting(_numbers(_ALL), None)


def _numbers(names: tuple[str, ...]) -> dict[str, int]:
    sqs, environment = clients.sqs(), wiring.environment()
    numbers = {}
    for queue, url in (
        ("work", environment.work_queue),
        ("embed", environment.embed_queue),
        ("erase", environment.erase_queue),
    ):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"]
        numbers[queue] = sum(int(number) for number in attributes.values())
    return numbers
