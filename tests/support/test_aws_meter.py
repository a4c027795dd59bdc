"""What the meter of AWS calls counts."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import dynamodb_local, moto_aws
from tests.support.aws_meter import LATENCY_S, metered
from tests.support.aws_units import Schema, item_bytes, schema_of, write_units
from vectorlog.runtime.aws import clients, tables

if TYPE_CHECKING:
    from botocore.client import BaseClient

SCHEMA = schema_of(tables.views("views"))


@pytest.fixture
def client() -> Iterator[BaseClient]:
    with moto_aws.aws():
        client = moto_aws.dynamodb()
        client.create_table(**tables.views("views"))
        yield client


def item(**attributes: str) -> dict[str, dict[str, Any]]:
    return {"pk": {"S": "p"}, "sk": {"S": "s"}, **{name: {"S": value} for name, value in attributes.items()}}


class TestUnits:
    def test_bytes(self) -> None:
        """Names and text count in UTF-8, numbers by two digits without leading and trailing zeros, a boolean is one
        byte.
        """
        assert item_bytes({}) == 0
        assert item_bytes({"é": {"S": "漢"}}) == 2 + 3
        assert item_bytes({"n": {"N": "12345"}, "z": {"N": "0"}, "m": {"N": "-1200"}}) == 5 + 2 + 4
        assert item_bytes({"g": {"BOOL": True}}) == 2

    @pytest.mark.parametrize(
        ("before", "after", "units"), [(0, 1017, 1), (0, 1018, 2), (1018, 0, 2), (5000, 10, 5), (0, 0, 1)]
    )
    def test_larger_image(self, before: int, after: int, units: int) -> None:
        """A write costs by the larger of the old and the new item, twice that in a transaction."""
        old, new = ({**item(), "d": {"S": "x" * size}} for size in (before, after))
        assert write_units(SCHEMA, old, new, transaction=False) == units
        assert write_units(SCHEMA, old, new, transaction=True) == 2 * units

    @pytest.mark.parametrize(
        ("before", "after", "units"),
        [
            ({}, {"l": "a"}, 1),
            ({"l": "a"}, {"l": "a", "d": "new"}, 0),
            ({"l": "a"}, {"l": "b"}, 2),
            ({"l": "a"}, {}, 1),
            ({"q": "OPEN#1"}, {"q": "OPEN#2"}, 0),
        ],
        ids=["in", "the same", "moved", "out", "half a key"],
    )
    def test_indexes(self, before: dict[str, str], after: dict[str, str], units: int) -> None:
        """An index costs a unit to add an entry and one to remove it, and nothing while the entry stays; never twice as
        much.
        """
        assert write_units(SCHEMA, item(**before), item(**after), transaction=True) == 2 + units

    def test_unknown_indexes(self) -> None:
        """An index that holds more than keys is refused rather than counted wrong."""
        definition = tables.views("views")
        definition["GlobalSecondaryIndexes"][0]["Projection"]["ProjectionType"] = "ALL"
        with pytest.raises(ValueError, match="views"):
            schema_of(definition)

    @pytest.mark.aws
    @pytest.mark.parametrize("size", [10, 1014, 1015, 1016, 1017, 1018, 1019, 1020, 4096])
    def test_as_the_server_says(self, size: int) -> None:
        """Units of single writes are what DynamoDB Local answers, which is right for those."""
        client = dynamodb_local.client()
        with dynamodb_local.table(tables.views) as name:
            written = {**item(d="x" * size, l="a"), "v": {"N": "1200"}, "g": {"BOOL": True}}
            answer = client.put_item(TableName=name, Item=written, ReturnConsumedCapacity="TOTAL")
            assert write_units(SCHEMA, {}, written, transaction=False) == answer["ConsumedCapacity"]["CapacityUnits"]


class TestMeter:
    def test_calls(self, client: BaseClient) -> None:
        """Every call is counted, including refused ones, but not the meter's own; and none after the end."""
        with metered(client) as cost:
            client.put_item(TableName="views", Item=item())
            with pytest.raises(client.exceptions.ConditionalCheckFailedException):
                client.put_item(TableName="views", Item=item(), ConditionExpression="attribute_not_exists(pk)")
        client.put_item(TableName="views", Item=item())
        assert cost.calls == {"PutItem": 2}
        assert (cost.round_trips, cost.write_units) == (2, 2)

    def test_at_once(self) -> None:
        """Parallel calls are one round trip, even if the server is fast; the next one is the second."""
        with moto_aws.aws():
            sqs = clients.sqs()  # moto_aws serializes calls
            with metered(sqs, latency=LATENCY_S) as cost, ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda _: sqs.list_queues(), range(8)))
                sqs.list_queues()
            assert (cost.calls, cost.round_trips) == ({"ListQueues": 9}, 2)

    def test_several_services(self, client: BaseClient) -> None:
        """One chain runs through all clients that are measured together."""
        sqs = moto_aws.sqs()
        with metered(client, sqs) as cost:
            client.put_item(TableName="views", Item=item())
            sqs.list_queues()
        assert (cost.calls, cost.round_trips) == ({"PutItem": 1, "ListQueues": 1}, 2)


def test_schema() -> None:
    """The units' inputs are read from a table's definition."""
    assert schema_of(tables.views("views")) == Schema(("pk", "sk"), (("l", "sk"), ("q", "t")))
