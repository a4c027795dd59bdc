"""The DynamoDB tables as arguments of CreateTable. The CDK stack, tests and `./dev aws` all use them."""

from __future__ import annotations

from typing import Any

from vectorlog.views.dynamodb_items import BY_DEADLINE, BY_STATUS

TTL_ATTRIBUTE = "expires_at"
"""The TTL attribute of the views, in seconds since 1970."""


def events(name: str) -> dict[str, Any]:
    """Returns the definition of the event log's table, with its stream."""
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": _attributes(pk="S", sk="N"),
        "KeySchema": _key("pk", "sk"),
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    }


def views(name: str) -> dict[str, Any]:
    """Returns the definition of the views' table. Both indexes are sparse and hold only keys."""
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": _attributes(pk="S", sk="S", l="S", q="S", t="N"),
        "KeySchema": _key("pk", "sk"),
        "GlobalSecondaryIndexes": [_index(BY_STATUS, "l", "sk"), _index(BY_DEADLINE, "q", "t")],
    }


def outbox(name: str) -> dict[str, Any]:
    """Returns the definition of the outbox's table: rows of the same form as those of the views, without indexes."""
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": _attributes(pk="S", sk="S"),
        "KeySchema": _key("pk", "sk"),
    }


def _attributes(**types: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]


def _key(partition: str, order: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": order, "KeyType": "RANGE"}]


def _index(name: str, partition: str, order: str) -> dict[str, Any]:
    return {"IndexName": name, "KeySchema": _key(partition, order), "Projection": {"ProjectionType": "KEYS_ONLY"}}
