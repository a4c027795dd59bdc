"""The calls that the views make to DynamoDB, repeated while it is busy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from vectorlog.domain.errors import Unavailable
from vectorlog.retry import Contended, RetryPolicy, Temporary, Timing, retrying
from vectorlog.views.dynamodb_items import Item, key_item
from vectorlog.views.table import Key

if TYPE_CHECKING:
    from botocore.client import BaseClient

BUSY = RetryPolicy(attempts=10, first_s=0.02, cap_s=0.64)
"""About 1.6 s in all, because transactions last milliseconds. botocore repeats neither a transaction that conflicted
with another one nor the keys that a read left unprocessed.
"""

LONGEST_PAGE = 5000
"""The largest number of items that a Query asks for: the megabyte that a Query reads rarely has more."""

_CONFLICT, _CONDITION = "TransactionConflict", "ConditionalCheckFailed"

_TEMPORARY = frozenset({"None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
"""Reasons of a cancelled transaction that the next attempt may not meet."""

_CONTENDED = frozenset({"None", "TransactionConflict"})
"""Those of them that other writers cause, rather than DynamoDB."""

T = TypeVar("T")


class Refused(Exception):
    """A transaction was refused by conditions; nothing was written.

    Attributes:
        places: of the actions whose conditions did not hold.
    """

    def __init__(self, places: Sequence[int]) -> None:
        super().__init__(f"the conditions of the actions {places} do not hold")
        self.places = places


class Calls:
    """Calls on one table."""

    def __init__(self, client: BaseClient, table: str, timing: Timing) -> None:
        self.client = client
        self.table = table
        self.timing = timing

    def items(self, keys: Sequence[Key]) -> list[Item]:
        """Returns the items that exist, of up to 100 keys."""
        wanted = {self.table: {"Keys": [key_item(key) for key in keys], "ConsistentRead": True}}
        items: list[Item] = []

        def get() -> list[Item]:
            nonlocal wanted
            response = self.client.batch_get_item(RequestItems=wanted)
            items.extend(response["Responses"].get(self.table, ()))
            wanted = response["UnprocessedKeys"]
            if wanted:
                raise Temporary("keys were left unprocessed: over 16 MB, or throttled")
            return items

        return self.retrying("BatchGetItem", get)

    def transact(
        self, actions: Sequence[Mapping[str, Mapping[str, Any]]], met: Callable[[Sequence[int]], None] = lambda _: None
    ) -> None:
        """Makes a transaction of `Update` and `Delete` actions, without the table's name. All attempts share a token,
        because one whose answer was lost may be followed by a conflict.

        Args:
            actions: up to 100, each on another item.
            met: told the places of actions that met another transaction, each time.

        Raises:
            Refused: conditions do not hold.
            Unavailable: every attempt met another transaction or was throttled.
        """
        named = [{kind: {"TableName": self.table, **request} for kind, request in action.items()} for action in actions]
        token = uuid4().hex

        def transact() -> None:
            try:
                self.client.transact_write_items(TransactItems=named, ClientRequestToken=token)
            except self.client.exceptions.TransactionCanceledException as cancelled:
                reasons = [reason["Code"] for reason in cancelled.response["CancellationReasons"]]
                if _CONDITION in reasons:
                    raise Refused(_places(reasons, _CONDITION)) from None
                if not _TEMPORARY.issuperset(reasons):
                    raise
                met(_places(reasons, _CONFLICT))
                kind = Contended if _CONTENDED.issuperset(reasons) else Temporary
                raise kind(", ".join(sorted({*reasons} - {"None"}))) from None

        self.retrying("TransactWriteItems", transact)

    def retrying(self, operation: str, step: Callable[[], T]) -> T:
        """Calls a step until DynamoDB is no longer busy.

        Raises:
            Unavailable: it is busy each time.
        """
        try:
            return retrying(f"DynamoDB {operation}", BUSY, step, timing=self.timing)
        except Temporary:
            raise busy() from None


def busy() -> Unavailable:
    """Returns the error for a request that the database was too busy for."""
    return Unavailable("The database is busy. Please repeat the request.")


def _places(reasons: Sequence[str], reason: str) -> list[int]:
    return [place for place, each in enumerate(reasons) if each == reason]
