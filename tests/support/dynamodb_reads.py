"""Whether reads of DynamoDB see every write that was answered before, by botocore's events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.client import BaseClient

_READS = ("GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems")


@dataclass(frozen=True, slots=True)
class Read:
    """A read as it was requested. An index can only be read as it was a moment ago; `index` is empty for a table."""

    operation: str
    index: str
    consistent: bool


@contextmanager
def reads(*clients: BaseClient) -> Iterator[list[Read]]:
    """Records the reads that these clients request while the context lasts."""
    found: list[Read] = []

    def note(params: dict[str, Any], model: Any, **_: object) -> None:
        found.append(Read(model.name, params.get("IndexName", ""), _consistent(model.name, params)))

    events = [f"provide-client-params.dynamodb.{operation}" for operation in _READS]
    for client in clients:
        for event in events:
            client.meta.events.register(event, note)
    try:
        yield found
    finally:
        for client in clients:
            for event in events:
                client.meta.events.unregister(event, note)


def _consistent(operation: str, params: dict[str, Any]) -> bool:
    if operation == "TransactGetItems":
        return True
    if operation == "BatchGetItem":
        return all(table.get("ConsistentRead", False) for table in params["RequestItems"].values())
    return bool(params.get("ConsistentRead", False))
