"""What waits to be sent, in lanes: a lane holds the events of one store for one receiver, in order.

The rows are in a table of their own, because they follow from the log only once: a rebuild of the views does not touch
them.

- `OUT#receiver/store`, a number: an event that waits. Numbers grow, so the order of the rows is that of the events.
- `LANES#receiver`, store: who is sending the lane's events, or when to try again. A lane at rest has no such row.
- `RESTS#receiver`: until when nothing is sent to a receiver that did not answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

from vectorlog.event_log.optimistic import until_first
from vectorlog.retry import REAL_TIME, Timing
from vectorlog.telemetry.deliveries import BUS as BUS
from vectorlog.views.table import NO_ROW, WRITE_LIMIT, Key, Put, Remove, RowConflict, Table

NO_STORE = "files"
"""The lane of events that happened in no store."""


@dataclass(frozen=True, slots=True)
class Lane:
    """The events of a store, or those of `NO_STORE`, for a receiver: a webhook endpoint's id, or `BUS`."""

    receiver: str
    store: str

    @property
    def pk(self) -> str:
        """The partition key of the events that wait."""
        return f"OUT#{self.receiver}/{self.store}"

    @property
    def key(self) -> Key:
        """The key of the lane's own row."""
        return Key(f"LANES#{self.receiver}", self.store)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that waits: its id, and its JSON text."""

    key: Key
    id: str
    body: str


@dataclass(frozen=True, slots=True)
class LaneState:
    """How it goes with a lane.

    Attributes:
        version: of the row; `NO_ROW` if there is none.
        lent_until: until when somebody sends its events, in ms since 1970; 0 if nobody does.
        failures: how often in a row its first event could not be delivered.
        since: when that was first tried, in ms since 1970.
        next_at: when it is tried again. A message for that time is on the queue.
        look_at: for what end of a loan a message is on the queue, in case the borrower has died.
    """

    version: int = NO_ROW
    lent_until: int = 0
    failures: int = 0
    since: int = 0
    next_at: int = 0
    look_at: int = 0


@dataclass(frozen=True, slots=True)
class Rest:
    """How it goes with a receiver that does not answer: see `LaneState`."""

    version: int = NO_ROW
    failures: int = 0
    until: int = 0


S = TypeVar("S", LaneState, Rest)


class Outbox:
    """The lanes of a deployment. Every write is conditional, so several processes can work on them.

    Args:
        table: of its own.
        clock: in ms since 1970.
        timing: of the attempts when another writer was first.
    """

    def __init__(self, table: Table, clock: Callable[[], int], timing: Timing = REAL_TIME) -> None:
        self._table = table
        self._clock = clock
        self._timing = timing

    def append(self, lane: Lane, events: Sequence[tuple[str, str]]) -> None:
        """Adds events to the end of a lane, each as its id and its JSON text.

        Raises:
            Contended: other writers were first every time.
        """
        for start in range(0, len(events), WRITE_LIMIT):
            part = events[start : start + WRITE_LIMIT]
            until_first("append to the outbox", lambda _, part=part: self._append(lane, part), self._timing)  # type: ignore[misc]

    def _append(self, lane: Lane, events: Sequence[tuple[str, str]]) -> bool:
        last = self._table.query(lane.pk, descending=True, limit=1)
        # Not from 1 again after an empty lane: a late removal must not meet another event with the same number.
        first = max(int(last[0].key.sk) + 1 if last else 0, self._clock())
        puts = [
            Put(Key(lane.pk, f"{first + place:016d}"), 0, NO_ROW, json.dumps([id, body]))
            for place, (id, body) in enumerate(events)
        ]
        try:
            self._table.write(puts)
        except RowConflict:
            return False
        return True

    def waiting(self, lane: Lane, limit: int) -> list[Waiting]:
        """Returns the first events of a lane."""
        rows = self._table.query(lane.pk, limit=limit)
        return [Waiting(row.key, *json.loads(row.data)) for row in rows]

    def remove(self, events: Sequence[Waiting]) -> None:
        """Removes up to `WRITE_LIMIT` events that were delivered."""
        self._table.write([Remove(each.key) for each in events])

    def drop(self, lane: Lane) -> int:
        """Removes all events of a lane, and its row; returns how many events there were."""
        dropped = 0
        while events := self.waiting(lane, WRITE_LIMIT):
            self.remove(events)
            dropped += len(events)
        self._table.write([Remove(lane.key)])
        return dropped

    def look(self, lane: Lane) -> tuple[LaneState, Rest]:
        """Returns how it goes with a lane and with its receiver."""
        rest = _rest_key(lane.receiver)
        found = self._table.get([lane.key, rest])
        own, whole = found.get(lane.key), found.get(rest)
        return (
            replace(LaneState(**json.loads(own.data)), version=own.version) if own else LaneState(),
            replace(Rest(**json.loads(whole.data)), version=whole.version) if whole else Rest(),
        )

    def note(self, lane: Lane, state: LaneState) -> LaneState | None:
        """Writes a lane's row if it still has `state.version`; returns the state with its new version, or None if
        another process was first.
        """
        return self._put(lane.key, state)

    def release(self, lane: Lane, state: LaneState) -> bool:
        """Removes a lane's row if it still has `state.version`; returns False if another process was first."""
        try:
            self._table.write([Remove(lane.key, state.version)])
        except RowConflict:
            return False
        return True

    def rest(self, receiver: str, rest: Rest) -> Rest | None:
        """Writes a receiver's row as `note` does a lane's."""
        return self._put(_rest_key(receiver), rest)

    def end_rest(self, receiver: str) -> None:
        """Removes a receiver's row."""
        self._table.write([Remove(_rest_key(receiver))])

    def _put(self, key: Key, state: S) -> S | None:
        data = asdict(state)
        before = data.pop("version")
        version = max(before + 1, self._clock())  # a row that was removed does not get a version that it had before
        try:
            self._table.write([Put(key, version, before, json.dumps(data))])
        except RowConflict:
            return None
        return replace(state, version=version)


def _rest_key(receiver: str) -> Key:
    return Key(f"RESTS#{receiver}", "C")
