"""The only consumer of the event log's stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from handlers.observed import logger, metrics
from vectorlog.event_log.dynamodb import commit_of
from vectorlog.runtime.aws import trail
from vectorlog.runtime.aws.tracing import traced
from vectorlog.runtime.aws.workers import projector

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger.inject_lambda_context(clear_state=True)
@traced
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001  # Lambda's signature
    """Projects a batch of commits, and sends the messages that follow. Returns the first record that failed, if any."""
    records = [record["dynamodb"] for record in event["Records"] if record["eventName"] == "INSERT"]
    metrics.add_metric("Commits", MetricUnit.Count, len(records))
    commits = [commit_of(record["NewImage"]) for record in records]
    trail.committed(commits)
    left = projector().handle_in_order(commits)
    if left == 0:
        return {"batchItemFailures": []}
    return {"batchItemFailures": [{"itemIdentifier": records[-left]["SequenceNumber"]}]}
