"""The key that signs addresses of passages, in the table of views: functions share nothing else that each may read.

It is the item with pk `LINKS#key`, whose `k` is the key. Like every row that no list shows, it is marked `g`
(`views/dynamodb_items.py`). A new table, as a rebuild makes one, gets a new key: addresses of the old one end then,
instead of after a day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectorlog.defaults import LINK_KEY_BYTES

if TYPE_CHECKING:
    from random import Random

    from botocore.client import BaseClient

LINKS = "LINKS#key"
"""The item's partition key."""


def kept(client: BaseClient, table: str, random: Random) -> bytes:
    """Returns the key of a deployment, which is made by whoever needs it first. One UpdateItem does both.

    Args:
        client: of DynamoDB.
        table: the table of views.
        random: makes the key; it must be a source of secrets.
    """
    answer = client.update_item(
        TableName=table,
        Key={"pk": {"S": LINKS}, "sk": {"S": "0"}},
        UpdateExpression="SET k = if_not_exists(k, :new), g = :g",
        ExpressionAttributeValues={":new": {"B": random.randbytes(LINK_KEY_BYTES)}, ":g": {"BOOL": True}},
        ReturnValues="ALL_NEW",
    )
    return bytes(answer["Attributes"]["k"]["B"])
