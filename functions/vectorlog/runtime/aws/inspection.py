"""A deployment on AWS, looked at from outside: its adapters, and what is under way."""

from __future__ import annotations

from vectorlog.operations.verify import UnderWay
from vectorlog.runtime.aws import clients, wiring


def under_way() -> UnderWay:
    """What SQS says of both queues, roughly. Messages that wait for longer are not under way. How far the stream's
    consumer is behind, DynamoDB does not say: 0.
    """
    sqs, here = clients.sqs(), wiring.environment()
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = [
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        for url in (here.work_queue, here.embed_queue)
    ]
    return UnderWay(0, sum(int(number) for attributes in found for number in attributes.values()))
