"""Servers as child processes: here Python's own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
import urllib3

from local_aws import process
from local_aws.fetch import ROOT
from local_aws.process import HOST, StartError, running

STARTS_AND_WAITS = """
import sys, threading
from pathlib import Path
from local_aws.process import HOST, running

command = lambda port: (sys.executable, "-m", "http.server", "--bind", HOST, str(port))
with running("web", command, Path(sys.argv[1])) as url:
    print(url, flush=True)
    threading.Event().wait()
"""


def web_server(port: int) -> Sequence[str]:
    return sys.executable, "-m", "http.server", "--bind", HOST, str(port)


def says(line: str, status: int = 0) -> Sequence[str]:
    return sys.executable, "-c", f"print({line!r}); raise SystemExit({status})"


def listens(url: str) -> bool:
    try:
        socket.create_connection((HOST, int(url.rpartition(":")[2])), timeout=5).close()
    except ConnectionError:
        return False
    return True


class TestRunning:
    def test_as_long_as_needed(self, tmp_path: Path) -> None:
        """It answers inside the block, on 127.0.0.1, and nothing listens there afterwards, even if the block fails."""
        (tmp_path / "page").write_text("hello")
        with suppress(KeyError), running("web", web_server, tmp_path, ready="/page") as url:
            assert urllib3.request("GET", f"{url}/page").data == b"hello"
            raise KeyError
        assert url.startswith("http://127.0.0.1:")
        assert not listens(url)

    def test_goes_with_its_parent(self, tmp_path: Path) -> None:
        """A server does not outlive the process that started it, even if that is killed."""
        parent = subprocess.Popen(
            [sys.executable, "-c", STARTS_AND_WAITS, tmp_path], stdout=subprocess.PIPE, text=True, cwd=ROOT.parent
        )
        with parent:
            assert parent.stdout is not None
            url = parent.stdout.readline().strip()
            assert listens(url)
            parent.kill()
        end = time.monotonic() + 10
        while listens(url):
            assert time.monotonic() < end

    def test_ends(self, tmp_path: Path) -> None:
        """A server that ends at its start is an error with its status and its output."""
        with (
            pytest.raises(StartError, match=r"(?s)web ended with status 3.*no licence"),
            running("web", lambda _: says("no licence", 3), tmp_path),
        ):
            pytest.fail("it cannot run")

    def test_never_answers(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A server that gives another answer for too long is stopped, and is an error."""
        monkeypatch.setattr(process, "START_S", 1.0)
        with (
            pytest.raises(StartError, match=r"did not answer in 1"),
            running("web", web_server, tmp_path, ready="/none"),
        ):
            pytest.fail("it cannot be ready")

    def test_taken_port(self, tmp_path: Path) -> None:
        """A port that was taken in the meantime is replaced by another."""
        with socket.create_server((HOST, 0)) as taken:
            ports: list[int] = []

            def command(port: int) -> Sequence[str]:
                ports.append(port)
                return web_server(taken.getsockname()[1] if len(ports) == 1 else port)

            with running("web", command, tmp_path) as url:
                assert url.endswith(f":{ports[1]}")
            assert len(ports) == 2
