"""What a deployment told and counted, for tests to look at."""

from __future__ import annotations

import logging
from collections import Counter as Tally
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vectorlog.telemetry.metrics import Counter
from vectorlog.telemetry.telemetry import FIELDS


class Told(logging.Handler):
    """Log records of failures, as dicts of their fields, `level` included."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def lines(self, event: str = "") -> list[dict[str, Any]]:
        """Those of one event, or all, in order."""
        found = [
            {"level": each.levelname, **{name: vars(each)[name] for name in FIELDS if name in vars(each)}}
            for each in self.records
        ]
        return [each for each in found if event in ("", each["event"])]


@contextmanager
def listening() -> Iterator[Told]:
    """Hears every failure that is told, whatever handlers there are."""
    told, logger = Told(), logging.getLogger("vectorlog.telemetry.telemetry")
    logger.addHandler(told)
    try:
        yield told
    finally:
        logger.removeHandler(told)


class Tallied:
    """Implements Metrics by numbers that a test can read."""

    def __init__(self) -> None:
        self.numbers: Tally[tuple[str, ...]] = Tally()

    def count(self, counter: Counter, value: int = 1, /, **labels: str) -> None:
        assert set(labels) == set(counter.labels)
        self.numbers[(counter.name, *(labels[name] for name in counter.labels))] += value
