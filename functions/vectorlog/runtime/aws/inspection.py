"""A deployment on AWS, looked at from outside: its adapters, and what is under way."""

from __future__ import annotations

from vectorlog.operations.verify import UnderWay
from vectorlog.operations.waiting import Waiting
from vectorlog.runtime.aws import clients, wiring

_SOON = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
_EVERY = (*_SOON, "ApproximateNumberOfMessagesDelayed")


def under_way() -> UnderWay:
    """What SQS says of both queues, roughly. Messages that wait for longer are not under way. How far the stream's
    consumer is behind, DynamoDB does not say: 0.
    """
    return UnderWay(0, sum(_numbers(_SOON).values()))


def waiting() -> Waiting:
    """How many messages SQS says, roughly, that it has; delayed ones and those that a function has included. It shows
    none without lending it.
    """
    return Waiting(_numbers(_EVERY), None)


def _numbers(names: tuple[str, ...]) -> dict[str, int]:
    sqs, here = clients.sqs(), wiring.environment()
    found = {}
    for queue, url in (("work", here.work_queue), ("embed", here.embed_queue)):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"]
        found[queue] = sum(int(number) for number in attributes.values())
    return found
