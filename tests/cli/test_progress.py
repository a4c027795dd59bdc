"""The progress of long commands."""

from __future__ import annotations

import io
import sys
import time

import pytest

from vectorlog.cli.progress import watch


class Terminal(io.StringIO):
    """A terminal that keeps what it shows."""

    def isatty(self) -> bool:
        return True


def test_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal shows how many items are done, how many a second, and how long the rest takes."""
    terminal, now = Terminal(), 1000.0
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "time", lambda: now)
    for _ in watch("artefacts", range(40), 100):
        now += 0.25
    shown = terminal.getvalue()
    assert "39/100" in shown
    assert " 4/s" in shown
    assert "00:00:1" in shown


def test_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Elsewhere nothing is shown."""
    assert list(watch("artefacts", range(3), 3)) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")
