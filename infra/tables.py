"""DynamoDB tables made of what `runtime.aws_tables` says, which the adapters' tests run on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.configuration import Configuration
from vectorlog.runtime.aws import tables as schemas


class EventLog(Construct):
    """Its `table` and that table's stream."""

    def __init__(self, scope: Construct, id: str, *, configuration: Configuration) -> None:
        super().__init__(scope, id)
        self.table = _table(self, "Table", schemas.events(""), configuration=configuration)


class Views(Construct):
    """A table for each name that the configuration has: the first is read, all are written.

    They could be made of the log again (`vectorlog rebuild`), but that takes hours, so they are kept as the log is.
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


def _table(
    scope: Construct,
    id: str,
    schema: Mapping[str, Any],
    *,
    configuration: Configuration,
    time_to_live: str | None = None,
) -> dynamodb.Table:
    """On demand, with 35 days of point-in-time recovery; encrypted by DynamoDB's own key, which costs nothing. Where it
    is kept, it is also protected from being deleted; so a first deploy that fails leaves it too, empty, for
    CloudFormation could not take it back.
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
