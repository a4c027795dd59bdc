"""The triggers of the functions behind the API: the log's stream, the queues, the clock."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs

COMMITS = 100
"""Commits in one batch of the stream: rows of one store share transactions."""
PARALLEL_BATCHES = 1
"""Parallel batches per shard of the stream. A batch of 100 commits takes a tenth of a second. More in parallel collide
on the counts of a busy store: with four shards, four batches of each are refused nine times as often as one of each
(tests/views/test_contention.py).
"""
GIVEN_UP_AFTER = Duration.hours(4)
"""An outage of SQS or DynamoDB of this length gives nothing up. A record that kills the function's process, which the
projector cannot postpone itself, blocks its shard for no longer. The stream keeps records that were given up for 20
more hours.
"""
DELIVERIES = 20
"""How many deliver functions run at a time: each waits for one receiver, so more would only wait, and hold what others
need of the account's concurrency.
"""
FILES = 10
"""Messages in one call of embed, which embeds them together; SQS gives no more without waiting."""


def of_stream(function: lambda_.Function, log: dynamodb.ITable, *, given_up: sqs.IQueue) -> None:
    """Calls the function for every commit without delay, from the first one on. A batch that fails is halved until the
    failing record is found. Only its age ends the retries, so nothing is lost while a service is down.
    """
    function.add_event_source(
        sources.DynamoEventSource(
            log,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=COMMITS,
            max_batching_window=Duration.seconds(0),
            parallelization_factor=PARALLEL_BATCHES,
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=-1,
            max_record_age=GIVEN_UP_AFTER,
            on_failure=sources.SqsDlq(given_up),
        )
    )


def of_queue(
    function: lambda_.IFunction, queue: sqs.IQueue, *, messages: int = 1, concurrency: int | None = None
) -> None:
    """Calls the function with a queue's messages; failed ones are redelivered."""
    function.add_event_source(
        sources.SqsEventSource(queue, batch_size=messages, report_batch_item_failures=True, max_concurrency=concurrency)
    )


def of_clock(function: lambda_.Function, every: Duration) -> None:
    """Calls the function at a fixed interval. A failed call is not repeated: the next one does the same soon."""
    rule = events.Rule(function, "Clock", schedule=events.Schedule.rate(every))
    rule.add_target(targets.LambdaFunction(function, retry_attempts=0, max_event_age=every))
