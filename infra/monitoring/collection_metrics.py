"""What is watched of a collection of OpenSearch Serverless (AWS's guide, "Monitoring OpenSearch Serverless with Amazon
CloudWatch").
"""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import Aws
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.monitoring.alarm_spec import AlarmSpec
from infra.monitoring.watched import PERIOD

NAMESPACE = "AWS/AOSS"


def collection_alarms(collection: str) -> Iterator[AlarmSpec]:
    """Single refusals are repeated and harm nobody. A collection that wakes is slow, and refuses nothing."""
    for kind, harm in (("Search", "Searches fail"), ("Ingestion", "Files wait")):
        yield AlarmSpec(
            f"collection-{kind.lower()}-errors",
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
