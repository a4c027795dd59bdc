"""Measures what work costs on AWS: calls, sequential round trips, and DynamoDB's capacity units. For tests and
benchmarks.

Read units are those that DynamoDB reports. Write units are computed (`aws_units.py`) from the items before and after,
which the meter reads with calls that it does not count: DynamoDB Local reports too few for transactions, and no server
reports any for a refused write. So nobody else may write the same items while it measures.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.aws_units import Item, Schema, read_units, schema_of, write_units, written

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel


LATENCY_S = 0.25
"""A delay of calls in seconds, long enough that calls of several threads overlap even on a busy machine."""


@dataclass(slots=True)
class Cost:
    """What was used.

    Attributes:
        calls: by operation; botocore's own retries are not counted.
        round_trips: the longest chain of calls in which each began after the previous one had ended.
        write_units: WCU, indexes included.
        read_units: RCU.
    """

    calls: Counter[str] = field(default_factory=Counter)
    round_trips: int = 0
    write_units: int = 0
    read_units: float = 0.0


@contextmanager
def metered(*clients: BaseClient, latency: float = 0.0) -> Iterator[Cost]:
    """Measures the calls of these clients, from any thread, while the context lasts.

    Each call is delayed by `latency` seconds. Local servers answer so fast that parallel calls need not overlap, and
    would count as a chain; `LATENCY_S` keeps them together.
    """
    cost, lock = Cost(), threading.Lock()
    watches = [_Watch(client, cost, lock, latency) for client in clients]
    for watch in watches:
        watch.begin()
    try:
        yield cost
    finally:
        for watch in watches:
            watch.finish()


@dataclass(slots=True)
class _Call:
    """A call in progress: its place in the chain, its parts that write one item each, and those items as they were."""

    operation: str
    request: Mapping[str, Any]
    place: int
    parts: Sequence[Mapping[str, Any]]
    before: Sequence[Item]


class _Watch:
    """Follows one client by botocore's events; a call's own `context` is the same in all of them."""

    def __init__(self, client: BaseClient, cost: Cost, lock: threading.Lock, latency: float) -> None:
        self._client = client
        self._cost = cost
        self._lock = lock
        self._latency = latency
        self._own = threading.local()
        self._schemas: dict[str, Schema] = {}
        self._handlers = {
            "before-parameter-build": self._prepare,
            "after-call": self._end,
            "after-call-error": self._end,
        }

    def begin(self) -> None:
        for event, handler in self._handlers.items():
            self._client.meta.events.register(event, handler)

    def finish(self) -> None:
        for event, handler in self._handlers.items():
            self._client.meta.events.unregister(event, handler)

    def _prepare(self, params: dict[str, Any], model: OperationModel, context: dict[str, Any], **_: object) -> None:
        if self._is_own():
            return
        if model.input_shape is not None and "ReturnConsumedCapacity" in model.input_shape.members:
            params["ReturnConsumedCapacity"] = "TOTAL"
        with self._lock:
            place = self._cost.round_trips + 1
        time.sleep(self._latency)  # before anything that takes CPU time, so that calls of other threads get here too
        parts = written(model.name, params)
        context["vectorlog"] = _Call(model.name, params, place, parts, self._images(parts))

    def _end(self, context: dict[str, Any], parsed: Mapping[str, Any] | None = None, **_: object) -> None:
        if self._is_own():
            return
        call: _Call = context["vectorlog"]
        with self._lock:
            self._cost.calls[call.operation] += 1
            self._cost.round_trips = max(self._cost.round_trips, call.place)
        answer = parsed or {}
        after = call.before if "Error" in answer else self._images(call.parts)
        units = sum(
            write_units(self._schema(part["TableName"]), old, new, transaction=call.operation == "TransactWriteItems")
            for part, old, new in zip(call.parts, call.before, after, strict=True)
        )
        with self._lock:
            self._cost.write_units += units
            self._cost.read_units += 0 if call.parts else read_units(call.operation, call.request, answer)

    def _is_own(self) -> bool:
        return getattr(self._own, "now", False)

    @contextmanager
    def _unmetered(self) -> Iterator[None]:
        self._own.now = True
        try:
            yield
        finally:
            self._own.now = False

    def _images(self, parts: Sequence[Mapping[str, Any]]) -> list[Item]:
        if not parts:
            return []
        gets = [{"Get": {"TableName": part["TableName"], "Key": self._key(part)}} for part in parts]
        with self._unmetered():
            return [
                answer.get("Item", {}) for answer in self._client.transact_get_items(TransactItems=gets)["Responses"]
            ]

    def _key(self, part: Mapping[str, Any]) -> Item:
        if "Key" in part:
            return dict(part["Key"])
        return {name: part["Item"][name] for name in self._schema(part["TableName"]).key}

    def _schema(self, table: str) -> Schema:
        if table not in self._schemas:
            with self._unmetered():
                self._schemas[table] = schema_of(self._client.describe_table(TableName=table)["Table"])
        return self._schemas[table]
