"""The DynamoDB tables, created from the schemas in `runtime/aws/tables.py`, which the adapters' tests use too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.configuration import Configuration
from vectorlog.runtime.aws import tables as schemas


class EventLog(Construct):
    """The event log: a `table` with its stream."""

    def __init__(self, scope: Construct, id: str, *, configuration: Configuration) -> None:
        super().__init__(scope, id)
        self.table = _table(self, "Table", schemas.events(""), configuration=configuration)


class Views(Construct):
    """One table for each configured name: the first is read, all are written.

    They could be rebuilt from the log (`vectorlog rebuild`), but that takes hours, so they are retained like the log.
    """

    def __init__(self, scope: Construct, id: str, *, configuration: Configuration) -> None:
        super().__init__(scope, id)
        schema = schemas.views("")
        made = {
            name: _table(self, f"Table{name}", schema, configuration=configuration, time_to_live=schemas.TTL_ATTRIBUTE)
            for name in sorted(configuration.views)
        }
        self.tables = [made[name] for name in configuration.views]
        self.table = self.tables[0]


def outbox(scope: Construct, id: str, *, configuration: Configuration) -> dynamodb.Table:
    """The table of what is to be told to others. It follows from the log only once, so it is retained like the log."""
    return _table(scope, id, schemas.outbox(""), configuration=configuration)


def _table(
    scope: Construct,
    id: str,
    schema: Mapping[str, Any],
    *,
    configuration: Configuration,
    time_to_live: str | None = None,
) -> dynamodb.Table:
    """An on-demand table with 35 days of point-in-time recovery, encrypted with DynamoDB's own key, which is free. A
    retained table is also protected from deletion, so a first deploy that fails leaves it behind, empty: CloudFormation
    could not delete it.
    """
    partition, order = _key(schema, schema["KeySchema"])
    stream = schema.get("StreamSpecification", {}).get("StreamViewType")
    made = dynamodb.Table(
        scope,
        id,
        partition_key=partition,
        sort_key=order,
        stream=dynamodb.StreamViewType[stream] if stream else None,
        time_to_live_attribute=time_to_live,
        billing_mode=dynamodb.BillingMode[schema["BillingMode"]],
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        encryption=dynamodb.TableEncryption.DEFAULT,
        deletion_protection=configuration.keeps,
        removal_policy=RemovalPolicy.RETAIN if configuration.keeps else RemovalPolicy.DESTROY,
    )
    for index in schema.get("GlobalSecondaryIndexes", ()):
        partition, order = _key(schema, index["KeySchema"])
        projection = dynamodb.ProjectionType[index["Projection"]["ProjectionType"]]
        made.add_global_secondary_index(
            index_name=index["IndexName"], partition_key=partition, sort_key=order, projection_type=projection
        )
    return made


_TYPES = {"S": dynamodb.AttributeType.STRING, "N": dynamodb.AttributeType.NUMBER}


def _key(schema: Mapping[str, Any], key: list[dict[str, str]]) -> tuple[dynamodb.Attribute, dynamodb.Attribute]:
    types = {each["AttributeName"]: _TYPES[each["AttributeType"]] for each in schema["AttributeDefinitions"]}
    partition, order = (each["AttributeName"] for each in key)
    return dynamodb.Attribute(name=partition, type=types[partition]), dynamodb.Attribute(name=order, type=types[order])
