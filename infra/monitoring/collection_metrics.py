"""What is watched of a collection of OpenSearch Serverless (AWS's guide, "Monitoring OpenSearch Serverless with Amazon
CloudWatch").
"""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import Aws
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.monitoring.alarm_spec import AlarmSpec
from infra.monitoring.watched import DAY, PERIOD, Watched, total
from vectorlog.runtime.aws.metrics import cloudwatch_name
from vectorlog.telemetry.metrics import WAKES

NAMESPACE = "AWS/AOSS"
WAKES_A_DAY = 200
"""A day in which some process wakes the collection every seven minutes: it sleeps after ten, so it hardly did."""


def collection_alarms(watched: Watched, collection: str) -> Iterator[AlarmSpec]:
    """Single refusals are repeated and harm nobody. A collection that wakes is slow, and refuses nothing."""
    for kind, harm in (("Search", "Searches fail"), ("Ingestion", "Files wait")):
        yield AlarmSpec(
            f"collection-{kind.lower()}-errors",
            "page",
            cloudwatch.Metric(
                namespace=NAMESPACE,
                metric_name=f"{kind}RequestErrors",
                dimensions_map={"ClientId": Aws.ACCOUNT_ID, "CollectionName": collection},
                statistic="Sum",
                period=PERIOD,
            ),
            10,
            3,
            f"The collection has refused requests for 15 minutes. {harm}.",
            "Read the functions' logs for its reason. If it lacks capacity, raise index_ocus and deploy.",
            section="collection-errors",
        )
    name = cloudwatch_name(WAKES)
    yield AlarmSpec(
        "collection-wakes-failed",
        "ticket",
        watched.own(name, "Sum", outcome="failed"),
        5,
        3,
        "For 15 minutes, functions could not wake the collection. The first searches after a sleep are refused.",
        "Search the logs of search and work for 'could not be woken'.",
    )
    yield AlarmSpec(
        "collection-sleepless",
        "ticket",
        total("wake-ups", {"woken": watched.own(name, "Sum", DAY, outcome="woken")}, DAY),
        WAKES_A_DAY,
        1,
        "The collection was woken all day, so it hardly slept, and costs what it costs awake.",
        "The saved query 'requests by project' shows who asks all day, such as a program that polls a store.",
    )


def collection_capacity() -> list[cloudwatch.IMetric]:
    """The capacity in use, which is what costs money; CloudWatch counts it for the whole account."""
    return [
        cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={"ClientId": Aws.ACCOUNT_ID},
            statistic="Maximum",
            period=PERIOD,
            label=label,
        )
        for name, label in (("SearchOCU", "searching"), ("IndexingOCU", "writing"))
    ]
