"""A standard queue of SQS in memory: at least once, in any order, with a time for which a message is invisible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from threading import RLock
from typing import Any


@dataclass(slots=True)
class _Message:
    id: int
    body: str
    group: str
    visible_at: int
    attributes: Mapping[str, Any]
    receives: int = 0
    receipt: str = ""


@dataclass(slots=True)
class SQS:
    """A client of one queue; `draw` decides about order and doubles, unless `calm`. `dead` holds dead letters."""

    clock: Callable[[], int]
    draw: Random
    most_receives: int
    calm: bool = False
    events: Counter[str] = field(default_factory=Counter)
    messages: dict[int, _Message] = field(default_factory=dict)
    dead: list[str] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)
    _number: int = 0

    def _happens(self, what: str, chance: float) -> bool:
        happens = not self.calm and self.draw.random() < chance
        self.events[what] += happens
        return happens

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        with self.lock:
            return {"Failed": self._send(Entries)}

    def _send(self, entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        failed: list[dict[str, Any]] = []
        for entry in entries:
            if self._happens("entry failed", 0.01):
                failed.append({"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"})
                continue
            for _ in range(2 if self._happens("message doubled", 0.02) else 1):
                self._number += 1
                self.messages[self._number] = _Message(
                    self._number,
                    entry["MessageBody"],
                    entry["MessageGroupId"],
                    self.clock() + entry["DelaySeconds"] * 1000,
                    entry.get("MessageAttributes", {}),
                )
        return failed

    def take(self, limit: int, visibility_ms: int) -> list[dict[str, Any]]:
        """Returns messages as records of a Lambda event; too many receives make a message a dead letter."""
        with self.lock:
            return self._take(limit, visibility_ms)

    def _take(self, limit: int, visibility_ms: int) -> list[dict[str, Any]]:
        due = [each for each in self.messages.values() if each.visible_at <= self.clock()]
        self.draw.shuffle(due)
        records = []
        for each in due[:limit]:
            each.receives += 1
            if each.receives > self.most_receives:
                del self.messages[each.id]
                self.dead.append(each.body)
                continue
            each.receipt = f"{each.id}/{each.receives}"
            if not self._happens("delivered twice", 0.02):
                each.visible_at = self.clock() + visibility_ms
            records.append(
                {
                    "messageId": str(each.id),
                    "receiptHandle": each.receipt,
                    "body": each.body,
                    "attributes": {"ApproximateReceiveCount": str(each.receives), "MessageGroupId": each.group},
                    "messageAttributes": {
                        name: {"stringValue": value["StringValue"], "dataType": value["DataType"]}
                        for name, value in each.attributes.items()
                    },
                }
            )
        return records

    def receive_message(self, **request: Any) -> dict[str, Any]:
        """As `take`, in the form of the API."""
        records = self.take(request["MaxNumberOfMessages"], request["VisibilityTimeout"] * 1000)
        return {
            "Messages": [
                {
                    "Body": each["body"],
                    "ReceiptHandle": each["receiptHandle"],
                    "Attributes": each["attributes"],
                    "MessageAttributes": {
                        name: {"StringValue": value["stringValue"]} for name, value in each["messageAttributes"].items()
                    },
                }
                for each in records
            ]
        }

    def delete(self, record: Mapping[str, Any]) -> None:
        """Lambda deletes a message that was handled."""
        if not self._happens("delete lost", 0.01):
            self.messages.pop(int(record["messageId"]), None)

    def delete_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        for entry in Entries:
            message = self.messages.get(int(entry["ReceiptHandle"].split("/")[0]))
            if message is not None and message.receipt == entry["ReceiptHandle"]:
                del self.messages[message.id]
        return {}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: Sequence[str]) -> dict[str, Any]:
        with self.lock:
            hidden = [each for each in self.messages.values() if each.visible_at > self.clock()]
            lent = sum(each.receives > 0 for each in hidden)
            numbers = {"": len(self.messages) - len(hidden), "NotVisible": lent, "Delayed": len(hidden) - lent}
            found = {f"ApproximateNumberOfMessages{name}": str(number) for name, number in numbers.items()}
            return {"Attributes": {name: found[name] for name in AttributeNames}}

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:
        message = self.messages.get(int(ReceiptHandle.split("/")[0]))
        if message is not None and message.receipt == ReceiptHandle:
            message.visible_at = self.clock() + VisibilityTimeout * 1000
