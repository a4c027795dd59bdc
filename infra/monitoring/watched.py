"""The metrics of alarms and dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast, get_args

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_opensearchservice as opensearch
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from infra.configuration import Configuration
from infra.functions import FIRST_KEY, INDEX_ACCESS, METRICS_NAMESPACE, service_of
from vectorlog.domain.store_file import ErrorCode
from vectorlog.runtime.aws.metrics import cloudwatch_name
from vectorlog.telemetry.metrics import (
    DEPLOYMENT_FAULTS,
    DISABLED_WEBHOOKS,
    FAULTS,
    FILES,
    POSTPONED_MESSAGES,
    WEBHOOKS,
    FaultyPart,
    FileOutcome,
)

DEPLOY_HANDLERS = {FIRST_KEY.handler, INDEX_ACCESS.handler}
"""Functions that only CloudFormation calls; it reports their failures itself."""
PERIOD = Duration.minutes(5)
"""The default period of a metric: SQS counts every minute, and a function that is called once a minute appears in each
period.
"""
DAY = Duration.days(1)
MOST_METRICS = 10
"""So many metrics an alarm may have."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The parts of one stack that are monitored, and their metrics.

    Attributes:
        functions: by the name of their handler module.
        queues: `work`, `embed`, `erase` and `deliver`.
        dead_letters: the dead-letter queues of these, by the same names.
        given_up: the queue for stream records that the projector could not handle.
        tables: `events`, `views` and `outbox`.
        rest_api: the API, with its one stage.
        bucket: holds files and artefacts.
        domain: None if the index is in a collection, or in a domain outside the stack, which its owner monitors.
        collection: the name of the collection that has the index; None if there is none.
    """

    configuration: Configuration
    functions: Mapping[str, lambda_.Function]
    queues: Mapping[str, sqs.IQueue]
    dead_letters: Mapping[str, sqs.IQueue]
    given_up: sqs.IQueue
    tables: Mapping[str, dynamodb.ITable]
    rest_api: apigateway.RestApi
    bucket: s3.IBucket
    domain: opensearch.IDomain | None = None
    collection: str | None = None

    def own(self, name: str, statistic: str, period: Duration = PERIOD, **dimensions: str) -> cloudwatch.Metric:
        """A metric that the functions themselves send."""
        return cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=name,
            dimensions_map={"service": service_of(self.configuration), **dimensions},
            statistic=statistic,
            period=period,
        )

    def files(self) -> list[cloudwatch.IMetric]:
        """Files by how their ingest went on; those that failed by code, too."""
        name = cloudwatch_name(FILES)
        others = [each for each in get_args(FileOutcome) if each != "failed"]
        return [
            *(self.own(name, "Sum", outcome=each).with_(label=each.replace("_", " ")) for each in others),
            *(
                self.own(name, "Sum", outcome="failed", code=code).with_(label=f"failed: {code}")
                for code in get_args(ErrorCode)
            ),
        ]

    def deployment_faults(self) -> cloudwatch.IMetric:
        """Tries that failed because of the embedding settings, or because a function lacks something."""
        name = cloudwatch_name(DEPLOYMENT_FAULTS)
        return total("deployment faults", {part: self.own(name, "Sum", part=part) for part in get_args(FaultyPart)})

    def throttles(self) -> cloudwatch.IMetric:
        """Throttled invocations of all functions but those that only a deploy calls."""
        called = {name: function for name, function in self.functions.items() if name not in DEPLOY_HANDLERS}
        return total("throttles", {name: function.metric_throttles(period=PERIOD) for name, function in called.items()})

    def faults(self) -> cloudwatch.IMetric:
        """Requests that ended with an unexpected error. Their functions answered, so Lambda counts no error."""
        return self.own(cloudwatch_name(FAULTS), "Sum")

    def postponed_messages(self) -> cloudwatch.IMetric:
        """Messages that failed and were put off."""
        name = cloudwatch_name(POSTPONED_MESSAGES)
        return total("postponed messages", {queue: self.own(name, "Sum", queue=queue) for queue in self.queues})

    def disabled_webhooks(self) -> cloudwatch.IMetric:
        """Webhook endpoints that were disabled."""
        return self.own(cloudwatch_name(DISABLED_WEBHOOKS), "Sum").with_(label="disabled webhooks")

    def webhooks(self) -> list[cloudwatch.IMetric]:
        """Events that were sent to webhook endpoints and to the bus, and tries that failed."""
        name = cloudwatch_name(WEBHOOKS)
        return [
            self.own(name, "Sum", receiver=receiver, outcome=outcome).with_(label=f"{receiver} {outcome}")
            for receiver in ("endpoint", "bus")
            for outcome in ("delivered", "failed")
        ]

    def oldest_message_s(self, queue: str) -> cloudwatch.Metric:
        """Age of the oldest message in a queue, in seconds."""
        return self.queues[queue].metric_approximate_age_of_oldest_message(
            period=PERIOD, statistic="Maximum", label=queue
        )

    def waiting(self, queue: str) -> cloudwatch.Metric:
        """Messages in a queue that can be received now."""
        return self.queues[queue].metric_approximate_number_of_messages_visible(
            period=PERIOD, statistic="Maximum", label=queue
        )

    def held(self, queues: Mapping[str, sqs.IQueue], label: str) -> cloudwatch.IMetric:
        """Messages in queues, including those that a function is retrying now."""
        visible = {
            f"{name}_waiting": queue.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="Maximum")
            for name, queue in queues.items()
        }
        lent = {
            f"{name}_lent": queue.metric_approximate_number_of_messages_not_visible(period=PERIOD, statistic="Maximum")
            for name, queue in queues.items()
        }
        return total(label, visible | lent)

    def table_throttles(self) -> cloudwatch.IMetric:
        """Throttled reads and writes of DynamoDB, including those of an index's partition if it throttles its table."""
        events = {
            f"{name}_{kind.lower()}": _dynamodb(table, f"{kind}ThrottleEvents")
            for name, table in self.tables.items()
            for kind in ("Read", "Write")
        }
        return total("DynamoDB throttles", events)

    def table_errors(self) -> cloudwatch.IMetric:
        """Internal errors of DynamoDB in the operations that requests and the projector use."""
        faults = {
            f"{name}_{operation.lower()}": _dynamodb(self.tables[name], "SystemErrors", operation)
            for name, operations in _OPERATIONS.items()
            for operation in operations
        }
        return total("DynamoDB faults", faults)

    def gigabyte_seconds(self) -> cloudwatch.IMetric:
        """What Lambda bills: memory times duration, summed over all functions."""
        durations = {
            name: function.metric_duration(period=PERIOD, statistic="Sum") for name, function in self.functions.items()
        }
        terms = [f"{_gigabytes(function)} * FILL({name}, 0) / 1000" for name, function in self.functions.items()]
        return cloudwatch.MathExpression(
            expression=" + ".join(terms), using_metrics=durations, period=PERIOD, label="GB-seconds"
        )

    def bedrock(self, name: str) -> list[cloudwatch.IMetric]:
        """A metric of Bedrock for each of its models. Bedrock counts for the whole account and region."""
        models = (model.removeprefix("bedrock:") for model in self.configuration.models if model.startswith("bedrock:"))
        return [
            cloudwatch.Metric(
                namespace="AWS/Bedrock",
                metric_name=name,
                dimensions_map={"ModelId": model},
                statistic="Sum",
                period=PERIOD,
                label=f"{model} {name}",
            )
            for model in models
        ]


def total(
    label: str, metrics: Mapping[str, cloudwatch.IMetric], period: Duration = PERIOD
) -> cloudwatch.MathExpression:
    """The sum of metrics; one without data counts as 0. Names must begin with a lower-case letter.

    Raises:
        ValueError: there are more than ten, the maximum of an alarm.
    """
    if len(metrics) > MOST_METRICS:
        raise ValueError(f"{label}: {len(metrics)} metrics; an alarm takes {MOST_METRICS}")
    terms = " + ".join(f"FILL({name}, 0)" for name in metrics)
    return cloudwatch.MathExpression(expression=terms, using_metrics=dict(metrics), period=period, label=label)


_OPERATIONS = {"events": ("PutItem", "Query"), "views": ("BatchGetItem", "Query", "UpdateItem", "TransactWriteItems")}


def _dynamodb(table: dynamodb.ITable, name: str, operation: str | None = None) -> cloudwatch.Metric:
    of = {"TableName": table.table_name} | ({"Operation": operation} if operation else {})
    return cloudwatch.Metric(
        namespace="AWS/DynamoDB", metric_name=name, dimensions_map=of, statistic="Sum", period=PERIOD
    )


def _gigabytes(function: lambda_.Function) -> float:
    made = cast("lambda_.CfnFunction", function.node.default_child)
    return round(cast("float", made.memory_size) / 1024, 4)
