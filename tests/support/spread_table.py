"""The views in DynamoDB with every row spread that counts, over the simulation's rules of DynamoDB."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, cast

from tests.simulation.dynamodb import DynamoDB, TransactionCanceledException
from tests.support.waits import Waits
from vectorlog.views.dynamodb import DynamoDBTable
from vectorlog.views.table import Add, Write


class Service(DynamoDB):
    """DynamoDB without faults of its own.

    Attributes:
        meeting: the transactions to come of which these items, by their pk, are being changed by others.
        throttled: whether it answers no BatchGetItem.
        between: called before each Query.
        added: the pk and sk of each item that a transaction updated.
    """

    def __init__(self) -> None:
        super().__init__(Random(1))
        self.calm = True
        self.meeting: list[str] = []
        self.throttled = False
        self.between: Callable[[], None] = lambda: None
        self.added: list[tuple[str, str]] = []

    def transact_write_items(self, *, TransactItems: list[Mapping[str, Any]], ClientRequestToken: str = "") -> None:
        keys = [(each["Key"]["pk"]["S"], each["Key"]["sk"]["S"]) for item in TransactItems for each in item.values()]
        if self.meeting and any(pk.startswith(self.meeting[0]) for pk, _ in keys):
            met = self.meeting.pop(0)
            raise TransactionCanceledException(
                ["TransactionConflict" if pk.startswith(met) else "None" for pk, _ in keys]
            )
        super().transact_write_items(TransactItems=TransactItems, ClientRequestToken=ClientRequestToken)
        self.added += keys

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:
        if self.throttled:
            return {"Responses": {}, "UnprocessedKeys": RequestItems}
        return super().batch_get_item(RequestItems=RequestItems)

    def query(self, **request: Any) -> dict[str, Any]:
        self.between()
        return super().query(**request)


def process(service: Service) -> DynamoDBTable:
    """A table as a process of its own has it: it waits in no real time."""
    return DynamoDBTable(cast(Any, service), "views", Waits().timing, threads=1)


class SpreadTable(DynamoDBTable):
    """Spreads every row to which something is added, right after that."""

    def __init__(self) -> None:
        super().__init__(cast(Any, Service()), "views", Waits().timing, threads=1)

    def write(self, writes: Sequence[Write]) -> None:
        super().write(writes)
        for write in writes:
            if isinstance(write, Add):
                self._counters.spread(write.key)
