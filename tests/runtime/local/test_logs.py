"""Log lines of the local server."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest

from vectorlog.runtime.local import logs
from vectorlog.telemetry.telemetry import FileRef, Telemetry

Configured = Callable[..., io.StringIO]


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Configured]:
    """Turns the lines on, and gives where they go; afterwards logging is as it was."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level

    def configure(*, people: bool) -> io.StringIO:
        root.handlers = []  # `force` closes those that it finds
        written = io.StringIO()
        monkeypatch.setattr("sys.stderr", written)
        logs.configure(people=people)
        return written

    yield configure
    root.handlers = before
    root.setLevel(level)


def fail() -> None:
    ref = FileRef("vs_1", "file-1", 2, "req_1")
    Telemetry().file_failed(ref, "invalid_file", "It is damaged.", version=3, replayed=False)


def test_json(configured: Configured) -> None:
    """The fields of a failure are fields of its line."""
    written = configured(people=False)
    fail()
    line = json.loads(written.getvalue())
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "warning",
        "logger": "vectorlog.telemetry.telemetry",
        "message": "file failed: It is damaged.",
        "event": "file_failed",
        "store": "vs_1",
        "file": "file-1",
        "generation": 2,
        "version": 3,
        "code": "invalid_file",
        "reason": "It is damaged.",
        "request_id": "req_1",
    }


def test_people(configured: Configured) -> None:
    """On a terminal the sentence comes first, and the fields behind it, each said once."""
    written = configured(people=True)
    fail()
    assert written.getvalue()[8:] == (
        "  warning: file failed: It is damaged.  "
        "(store=vs_1 file=file-1 generation=2 version=3 code=invalid_file request_id=req_1)\n"
    )


def test_other_fields(configured: Configured) -> None:
    """Fields that are not agreed on, such as those of other libraries, are not shown."""
    written = configured(people=False)
    logging.getLogger("other").warning("hello", extra={"secret": "x"})
    assert set(json.loads(written.getvalue())) == {"at", "level", "logger", "message"}
