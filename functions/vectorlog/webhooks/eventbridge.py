"""The event bus in EventBridge. It keeps no order, so events that depend on it have a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from vectorlog.retry import ADDED_JITTER, REAL_TIME, RetryPolicy, Temporary, Timing, retrying
from vectorlog.webhooks.bus import BusError

if TYPE_CHECKING:
    from botocore.client import BaseClient

SOURCE = "vectorlog"
"""The `source` of all events, for users' rules."""
FAILED_ENTRIES = RetryPolicy(attempts=4, first_s=0.1, jitter=ADDED_JITTER)
"""About one second in all. botocore repeats a call that failed, but not single entries that failed in a call."""


class EventBridgeBus:
    """Implements EventBus.

    Args:
        client: of EventBridge.
        name: of the bus.
        timing: of the attempts for entries that failed.
    """

    def __init__(self, client: BaseClient, name: str, timing: Timing = REAL_TIME) -> None:
        self._client = client
        self._name = name
        self._timing = timing

    def put(self, events: Sequence[str]) -> None:
        """See EventBus. What failed of a call is put again, so it may come after what did not."""
        left = [self._entry(event) for event in events]

        def step() -> None:
            nonlocal left
            answer = self._client.put_events(Entries=left)
            results = answer.get("Entries", ())
            failed = [(entry, result) for entry, result in zip(left, results, strict=True) if result.get("ErrorCode")]
            left = [entry for entry, _ in failed]
            if failed:
                raise Temporary(f"{failed[0][1]['ErrorCode']}: {failed[0][1].get('ErrorMessage', 'no reason given')}")

        try:
            retrying("EventBridge PutEvents", FAILED_ENTRIES, step, timing=self._timing)
        except (Temporary, ClientError, BotoCoreError) as error:
            raise BusError(f"EventBridge did not take {len(left)} of {len(events)} events: {error}") from None

    def _entry(self, event: str) -> dict[str, object]:
        told = json.loads(event)
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": told["type"],
            "Detail": event,
            "Time": datetime.fromtimestamp(told["created_at"], UTC),
        }
