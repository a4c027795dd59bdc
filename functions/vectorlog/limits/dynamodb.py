"""Windows in the table of views, for all functions of a deployment.

A window is an item with pk `RATE#<name>`, sk its end, `+n` its count and `expires_at`. Like every row that is no longer
needed, it is marked `g` (`views/dynamodb_items.py`), so that no list shows it, and DynamoDB deletes it later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.client import BaseClient

RATE = "RATE#"
"""Begins the partition key of every window."""
KEPT_S = 3_600
"""How long an item stays after its window has ended, in seconds."""


class DynamoDBWindows:
    """Implements Windows: one UpdateItem for each call. A call whose answer was lost may count twice."""

    def __init__(self, client: BaseClient, table: str) -> None:
        self._client = client
        self._table = table

    def take(self, name: str, until: int, amount: int, most: int) -> int | None:
        """See Windows."""
        if amount > most:
            return None
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": f"{RATE}{name}"}, "sk": {"S": f"{until:013d}"}},
                UpdateExpression="ADD #n :amount SET g = :g, expires_at = :end",
                ConditionExpression="attribute_not_exists(#n) OR #n <= :room",
                ExpressionAttributeNames={"#n": "+n"},
                ExpressionAttributeValues={
                    ":amount": {"N": str(amount)},
                    ":room": {"N": str(most - amount)},
                    ":g": {"BOOL": True},
                    ":end": {"N": str(until // 1000 + KEPT_S)},
                },
                ReturnValues="ALL_NEW",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return int(answer["Attributes"]["+n"]["N"])
