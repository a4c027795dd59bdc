"""Log lines of the local server."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable, Iterator

import pytest

from vectorlog.runtime.local import logs
from vectorlog.runtime.local.request_log import RequestLine
from vectorlog.telemetry.telemetry import FileRef, Telemetry

Configured = Callable[..., io.StringIO]


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Configured]:
    """Turns the lines on, and gives where they go; afterwards logging is as it was."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    own = logging.getLogger("vectorlog").level

    def configure(*, people: bool, level: str = "info") -> io.StringIO:
        root.handlers = []  # `force` closes those that it finds
        ours = logging.getLogger("vectorlog")  # Powertools may have configured it for other tests
        monkeypatch.setattr(ours, "handlers", [])
        ours.setLevel(logging.NOTSET)
        written = io.StringIO()
        monkeypatch.setattr("sys.stderr", written)
        logs.configure(people=people, level=level)
        return written

    yield configure
    root.handlers = before
    root.setLevel(level)
    logging.getLogger("vectorlog").setLevel(own)


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


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_level(configured: Configured, level: str, shown: list[str]) -> None:
    """Lines below the level are not written, and requests are at the level info."""
    written = configured(people=False, level=level)
    for each in ("debug", "info", "warning", "error"):
        getattr(logging.getLogger("any"), each)(each)
    assert [json.loads(line)["level"] for line in written.getvalue().splitlines()] == shown
    logs.request(RequestLine("GET", "/v1/files", 200, 3.0, "req_1", "acme", "listFiles", 0, 0))
    assert ("req_1" in written.getvalue()) == ("info" in shown)


def test_request_of_people(configured: Configured) -> None:
    """A request's line on a terminal ends with its id."""
    written = configured(people=True)
    logs.request(RequestLine("GET", "/v1/files", 200, 3.0, "req_1", "acme", "listFiles", 0, 0))
    assert re.sub(r"\x1b\[\d+m", "", written.getvalue())[8:] == "  200  GET    /v1/files  3.0 ms  acme  req_1\n"
