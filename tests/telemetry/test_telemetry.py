"""The lines and counts of failures."""

from __future__ import annotations

import pytest

from tests.support.told import Tallied, Told
from vectorlog.telemetry.telemetry import FileRef, Telemetry

REF = FileRef("vs_1", "file-1", 3, "req_1")


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("invalid_file", "WARNING"),
        ("unsupported_file", "WARNING"),
        ("duplicate_file", "WARNING"),
        ("server_error", "ERROR"),
        ("rate_limit_exceeded", "ERROR"),
    ],
)
def test_level(told: Told, code: str, level: str) -> None:
    """What is wrong with the user's file is a warning, and what is wrong with us an error."""
    Telemetry().file_failed(REF, code, "It is so.", version=2, replayed=False)
    assert [line["level"] for line in told.lines()] == [level]


def test_fields(told: Told) -> None:
    """Each kind of failure has the agreed fields, those that do not apply are left out, and the message is a sentence
    to read.
    """
    telemetry = Telemetry()
    telemetry.file_failed(REF, "invalid_file", "It is damaged.", version=2, batches=("vsfb_1",), replayed=False)
    telemetry.file_given_up(REF, "it failed every time")
    telemetry.file_postponed(FileRef("vs_1", "file-1", 3), "slow down", 1000)
    telemetry.provider_refused("openai:small", "429", "busy", wait_ms=250)
    telemetry.request_failed(
        "req_2", method="GET", path="/v1/files", route="/files", status=503, reason="Busy.", fault=False
    )
    file = {"store": "vs_1", "file": "file-1", "generation": 3}
    assert told.lines() == [
        {
            "level": "WARNING",
            "event": "file_failed",
            **file,
            "version": 2,
            "batch": "vsfb_1",
            "code": "invalid_file",
            "reason": "It is damaged.",
            "request_id": "req_1",
        },
        {"level": "ERROR", "event": "file_given_up", **file, "reason": "it failed every time", "request_id": "req_1"},
        {"level": "WARNING", "event": "file_postponed", **file, "reason": "slow down", "wait_ms": 1000},
        {
            "level": "WARNING",
            "event": "provider_refused",
            "code": "temporary",
            "reason": "429",
            "wait_ms": 250,
            "model": "openai:small",
        },
        {
            "level": "WARNING",
            "event": "request_failed",
            "reason": "Busy.",
            "route": "/files",
            "method": "GET",
            "path": "/v1/files",
            "status": 503,
            "request_id": "req_2",
        },
    ]
    assert told.records[0].getMessage() == "file failed: It is damaged."


def test_counts() -> None:
    """Each is counted once by its outcome; a replay is not counted again."""
    tallied = Tallied()
    telemetry = Telemetry(tallied)
    telemetry.files_completed(3)
    telemetry.files_completed(0)
    for replayed in (False, True):
        telemetry.file_failed(REF, "invalid_file", "It is damaged.", version=2, replayed=replayed)
    telemetry.file_given_up(REF, "it failed every time")
    telemetry.file_postponed(REF, "slow down", 1000)
    telemetry.provider_refused("openai:small", "401", "text")
    telemetry.request_failed("req_2", method="GET", path="/v1/x", route="/x", status=500, reason="Oops", fault=True)
    assert tallied.numbers == {
        ("files", "completed", ""): 3,
        ("files", "failed", "invalid_file"): 1,
        ("files", "given_up", ""): 1,
        ("files", "postponed", ""): 1,
        ("provider_refusals", "openai:small", "permanent"): 1,
        ("failed_requests", "/x", "500"): 1,
        ("faults",): 1,
    }


def test_traceback(told: Told) -> None:
    """A fault that nobody expected brings its traceback along; a busy dependency does not."""
    try:
        raise RuntimeError("unexpected")
    except RuntimeError:
        for fault in (True, False):
            Telemetry().request_failed(
                "req_1", method="GET", path="/v1/x", route="/x", status=500, reason="Oops", fault=fault
            )
    assert [bool(each.exc_info) for each in told.records] == [True, False]
    assert [line["level"] for line in told.lines()] == ["ERROR", "WARNING"]
