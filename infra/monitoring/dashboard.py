"""The dashboard: is the system healthy, is it stuck, what does it cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.configuration import Configuration
from infra.monitoring.alarm_list import alarm_specs
from infra.monitoring.alarm_spec import RUNBOOKS
from infra.monitoring.alarms import Alarms
from infra.monitoring.collection_metrics import collection_capacity
from infra.monitoring.watched import DAY, PERIOD, Watched

WIDTH = 24
"""Columns of CloudWatch's grid."""
HEALTHY = """# Is it healthy?
No alarm is red, and there are no 5xx. Latency jumps when functions start; 4xx are errors of clients."""
STUCK = """# Is it stuck?
The oldest open file's age goes up and down with the load. If it only climbs, that file is stuck, and so is the queue
whose oldest message climbs with it."""
COST = """# What does it cost?
Multiply by the prices in tools/prices.toml. OpenSearch is billed per node and hour, everything else by usage."""
HOUR = Duration.hours(1)


class Dashboard(Construct):
    """Three rows, each answering the question above it; below them, what to do when an alarm rings.

    An account has three dashboards for free; each further one costs $3 a month.
    """

    def __init__(
        self, scope: Construct, id: str, *, configuration: Configuration, watched: Watched, alarms: Alarms
    ) -> None:
        super().__init__(scope, id)
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=f"vectorlog-{configuration.stage}",
            default_interval=Duration.hours(12),
            widgets=[
                [_text(HEALTHY, 2)],
                [_alarms(alarms)],
                _healthy(watched),
                [_text(STUCK, 2)],
                _stuck(watched),
                [_text(COST, 2)],
                _cost(watched),
                [_text(_runbook(watched), 12)],
            ],
        )


def _healthy(watched: Watched) -> list[cloudwatch.IWidget]:
    stage = watched.rest_api.deployment_stage
    requests = [
        stage.metric_count(period=PERIOD, label="requests"),
        stage.metric_client_error(period=PERIOD, statistic="Sum", label="4xx"),
        stage.metric_server_error(period=PERIOD, statistic="Sum", label="5xx"),
    ]
    latency = [stage.metric_latency(period=PERIOD, statistic=each, label=each) for each in ("p50", "p95", "p99")]
    functions = [
        function.metric_errors(period=PERIOD, label=f"{name} errors") for name, function in watched.functions.items()
    ]
    widgets: list[cloudwatch.IWidget] = [
        _graph("Requests", requests),
        _graph("Latency, ms", latency),
        _graph("Functions", [*functions, watched.throttles()]),
        _graph("DynamoDB", [watched.table_throttles(), watched.table_errors()]),
    ]
    if (domain := watched.domain) is not None:
        search = [domain.metric_search_latency(period=PERIOD, statistic="p99", label="search p99, ms")]
        load = [
            domain.metric_cpu_utilization(period=PERIOD, statistic="Maximum", label="CPU, %"),
            domain.metric_jvm_memory_pressure(period=PERIOD, label="heap, %"),
            domain.metric(
                "KNNGraphMemoryUsagePercentage", period=PERIOD, statistic="Maximum", label="vectors' memory, %"
            ),
        ]
        widgets.append(_graph("OpenSearch", load, right=search))
    if watched.collection is not None:
        widgets.append(_graph("OpenSearch: capacity, OCUs (whole account)", collection_capacity()))
    return widgets


def _stuck(watched: Watched) -> list[cloudwatch.IWidget]:
    age = watched.own("OldestOpenFileSeconds", "Maximum")
    iterator = watched.functions["projector"].metric(
        "IteratorAge", statistic="Maximum", period=PERIOD, label="ms behind the log"
    )
    dead = [
        watched.held(watched.dead_letters, "dead letters"),
        watched.held({"given_up": watched.given_up}, "records given up"),
    ]
    return [
        _graph("Oldest open file, s", [age]),
        _graph("Oldest message, s", [watched.oldest_message_s(queue) for queue in watched.queues]),
        _graph("Messages waiting", [watched.waiting(queue) for queue in watched.queues]),
        _graph("Projector", [iterator], right=[watched.own("Commits", "Sum")]),
        _graph("Files by outcome", watched.files()),
        _graph("Told to others", watched.webhooks()),
        _graph("Given up, and not settled", dead, right=[watched.own("Swept", "Sum")]),
    ]


def _cost(watched: Watched) -> list[cloudwatch.IWidget]:
    written = [
        table.metric_consumed_write_capacity_units(period=HOUR, label=f"{name} written")
        for name, table in watched.tables.items()
    ]
    read = [
        table.metric_consumed_read_capacity_units(period=HOUR, label=f"{name} read")
        for name, table in watched.tables.items()
    ]
    invocations = [function.metric_invocations(period=HOUR, label=name) for name, function in watched.functions.items()]
    messages = [
        queue.metric_number_of_messages_sent(period=HOUR, label=f"{name} messages")
        for name, queue in watched.queues.items()
    ]
    logs = [
        cloudwatch.Metric(
            namespace="AWS/Logs",
            metric_name="IncomingBytes",
            dimensions_map={"LogGroupName": function.log_group.log_group_name},
            statistic="Sum",
            period=HOUR,
            label=name,
        )
        for name, function in watched.functions.items()
    ]
    stored = [
        cloudwatch.Metric(
            namespace="AWS/S3",
            metric_name="BucketSizeBytes",
            dimensions_map={"BucketName": watched.bucket.bucket_name, "StorageType": "StandardStorage"},
            statistic="Average",
            period=DAY,
            label="bucket, bytes",
        )
    ]
    index = []
    if (domain := watched.domain) is not None:
        index = [domain.metric("ClusterUsedSpace", period=HOUR, statistic="Maximum", label="index, MiB")]
    widgets: list[cloudwatch.IWidget] = [
        _graph("DynamoDB: units consumed", [*written, *read], stacked=True),
        _graph("Lambda: GB-seconds", [watched.gigabyte_seconds()], right=invocations),
        _graph(
            "Messages, API requests",
            [*messages, watched.rest_api.deployment_stage.metric_count(period=HOUR, label="requests")],
        ),
        _graph("Stored", stored, right=index),
        _graph("Logs, bytes", logs, stacked=True),
    ]
    if calls := watched.bedrock("Invocations"):
        widgets.append(
            _graph("Embedding: calls and tokens (whole account)", calls, right=watched.bedrock("InputTokenCount"))
        )
    return widgets


def _runbook(watched: Watched) -> str:
    lines = [
        f"| **{spec.name}** | {spec.severity} | {spec.happened} | {spec.remedy} |" for spec in alarm_specs(watched)
    ]
    return "\n".join(
        [
            f"# When an alarm rings\nMore in {RUNBOOKS}.\n",
            "| alarm | severity | what has happened | what to do |",
            "|---|---|---|---|",
            *lines,
        ]
    )


def _alarms(alarms: Alarms) -> cloudwatch.AlarmStatusWidget:
    return cloudwatch.AlarmStatusWidget(title="Alarms", width=WIDTH, height=4, alarms=list(alarms.by_name.values()))


def _graph(
    title: str, left: Sequence[cloudwatch.IMetric], *, right: Iterable[cloudwatch.IMetric] = (), stacked: bool = False
) -> cloudwatch.GraphWidget:
    from_zero = cloudwatch.YAxisProps(min=0)
    return cloudwatch.GraphWidget(
        title=title,
        width=8,
        left=list(left),
        right=list(right),
        stacked=stacked,
        left_y_axis=from_zero,
        right_y_axis=from_zero,
    )


def _text(markdown: str, height: int) -> cloudwatch.TextWidget:
    return cloudwatch.TextWidget(markdown=markdown, width=WIDTH, height=height)
