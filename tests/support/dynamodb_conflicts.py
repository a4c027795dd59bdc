"""A behaviour of DynamoDB that DynamoDB Local lacks: it refuses a write of an item on which a transaction is in
progress.

The rule is that of its guide ("Transaction conflict handling in DynamoDB"), taken strictly: the later request is
refused, even if it is a transaction that meets a write of one item. A write here lasts from its call to its answer,
which is longer than in the service.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse

from tests.support.dynamodb_faults import cancelled, refusal

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel

SINGLE = ("PutItem", "UpdateItem", "DeleteItem")
MINE = "written by this call"


class Conflicts:
    """Writes in progress, and refusals.

    Attributes:
        transactions: refusals of each transaction by its token, which retries share.
        sizes: items of each transaction, by its token.
        singles: refusals of writes of one item.
        outdated: transactions that a condition refused.
    """

    def __init__(self) -> None:
        self.transactions: Counter[str] = Counter()
        self.sizes: dict[str, int] = {}
        self.singles = 0
        self.outdated = 0
        self._transacting: Counter[str] = Counter()
        self._writing: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def refused(self) -> list[str]:
        """Transactions that were refused at least once."""
        return [token for token, times in self.transactions.items() if times]

    def begin(
        self, model: OperationModel, params: Mapping[str, Any], context: dict[str, Any], **_: object
    ) -> tuple[AWSResponse, Mapping[str, Any]] | None:
        """Before a call: its answer if it is refused."""
        if model.name not in ("TransactWriteItems", *SINGLE):
            return None
        request = json.loads(params["body"])
        items = list(_written(model.name, request))
        with self._lock:
            busy = [item in self._transacting or (model.name not in SINGLE and item in self._writing) for item in items]
            if model.name not in SINGLE:
                self.sizes[request["ClientRequestToken"]] = len(items)
                self.transactions[request["ClientRequestToken"]] += any(busy)
            elif any(busy):
                self.singles += 1
            if not any(busy):
                context[MINE] = items
                self._of(model.name).update(items)
                return None
        refused = cancelled(*(("TransactionConflict" if each else "None") for each in busy))
        return AWSResponse("", 400, {}, None), refusal(
            "TransactionConflictException"
        ) if model.name in SINGLE else refused

    def end(
        self, model: OperationModel, context: dict[str, Any], parsed: Mapping[str, Any] | None = None, **_: object
    ) -> None:
        """After a call, answered or not."""
        with self._lock:
            under_way = self._of(model.name)
            under_way.subtract(context.pop(MINE, ()))
            for item in [item for item, times in under_way.items() if not times]:
                del under_way[item]
            self.outdated += any(
                reason["Code"] == "ConditionalCheckFailed" for reason in (parsed or {}).get("CancellationReasons", ())
            )

    def _of(self, operation: str) -> Counter[str]:
        return self._writing if operation in SINGLE else self._transacting


def _written(operation: str, request: Mapping[str, Any]) -> Iterator[str]:
    parts: Iterable[Mapping[str, Any]] = [request]
    if operation == "TransactWriteItems":
        parts = [part for action in request["TransactItems"] for part in action.values()]
    for part in parts:
        key = part["Key"] if "Key" in part else {name: part["Item"][name] for name in ("pk", "sk")}
        yield json.dumps([part["TableName"], key["pk"], key["sk"]])


@contextmanager
def conflicts(*clients: BaseClient) -> Iterator[Conflicts]:
    """Makes writes by these clients refuse each other."""
    made = Conflicts()
    hooks: Sequence[tuple[str, Any]] = [
        ("before-call.dynamodb", made.begin),
        ("after-call.dynamodb", made.end),
        ("after-call-error.dynamodb", made.end),
    ]
    for client in clients:
        for event, hook in hooks:
            client.meta.events.register_first(event, hook)
    try:
        yield made
    finally:
        for client in clients:
            for event, hook in hooks:
                client.meta.events.unregister(event, hook)
