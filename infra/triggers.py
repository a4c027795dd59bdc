"""What calls the functions behind the API: the log's stream, the queues, the clock."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs

COMMITS = 100
"""In a batch of the stream: rows of one store share transactions."""
BATCHES_AT_ONCE = 1
"""Of one shard of the stream. A batch of 100 commits takes a tenth of a second. More at once meet at the counts of a
busy store: with four shards, four batches of each are refused nine times as often as one of each
(tests/views/test_contention.py).
"""
GIVEN_UP_AFTER = Duration.hours(4)
"""An outage of SQS or DynamoDB may last so long and nothing is given up. A record that ends the function's process, the
only one that the projector does not put off by itself, holds up its shard no longer. The stream still has what was
given up for 20 hours.
"""
FILES = 10
"""In one call of embed, which embeds them together; SQS gives no more without waiting for them."""


def of_stream(function: lambda_.Function, log: dynamodb.ITable, *, given_up: sqs.IQueue) -> None:
    """Every commit, as soon as it is there and from the first one on. A batch that fails is halved until the record is
    found that fails; only its age ends that, for nothing may be lost while what is called is out of order.
    """
    function.add_event_source(
        sources.DynamoEventSource(
            log,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=COMMITS,
            max_batching_window=Duration.seconds(0),
            parallelization_factor=BATCHES_AT_ONCE,
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=-1,
            max_record_age=GIVEN_UP_AFTER,
            on_failure=sources.SqsDlq(given_up),
        )
    )


def of_queue(function: lambda_.Function, queue: sqs.IQueue, *, messages: int = 1, at_once: int | None = None) -> None:
    """A queue's messages; those that failed come again."""
    function.add_event_source(
        sources.SqsEventSource(queue, batch_size=messages, report_batch_item_failures=True, max_concurrency=at_once)
    )


def of_clock(function: lambda_.Function, every: Duration) -> None:
    """A call at a fixed interval. One that failed is not repeated: the next is near, and does the same."""
    rule = events.Rule(function, "Clock", schedule=events.Schedule.rate(every))
    rule.add_target(targets.LambdaFunction(function, retry_attempts=0, max_event_age=every))
