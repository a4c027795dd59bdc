"""Whether containers can run here, and what `./dev sam` says if they cannot. `docker` is a script with the answers of a
test.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from local_aws.sam import engine
from local_aws.sam.__main__ import main
from local_aws.sam.engine import DESKTOP_HOST, NoEngine, find_engine

REFUSED = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"


@pytest.fixture(autouse=True)
def _no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Docker."""
    monkeypatch.setenv("PATH", str(tmp_path))


def install(folder: Path, script: str) -> None:
    command = folder / "docker"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)


def answering(folder: Path, system: str, bridge: str = "lo") -> None:
    version = json.dumps({"Version": "28.2.2", "Os": system})
    install(folder, f"case $1 in version) echo '{version}' ;; network) echo {bridge} ;; esac")


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the bridge's address")


class TestFindEngine:
    @on_linux
    def test_linux(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """On Linux containers reach this machine by its address on their bridge; here the bridge is the loopback."""
        answering(tmp_path, "linux")
        monkeypatch.setattr("platform.system", lambda: "Linux")
        found = find_engine()
        assert (found.version, found.host, str(found.bridge)) == ("28.2.2", "127.0.0.1", "127.0.0.1/8")

    def test_desktop(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Docker Desktop has a name for its machine, whose connections end on the loopback: nothing is forwarded."""
        answering(tmp_path, "linux")
        monkeypatch.setattr("platform.system", lambda: "Darwin")
        found = find_engine()
        assert (found.host, found.bridge) == (DESKTOP_HOST, None)

    @on_linux
    def test_no_bridge(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """An engine whose network is not on this machine is refused, without waiting."""
        answering(tmp_path, "linux", bridge="nosuch0")
        monkeypatch.setattr("platform.system", lambda: "Linux")
        with pytest.raises(NoEngine, match="'nosuch0' has no address on this machine"):
            find_engine()

    def test_other_containers(self, tmp_path: Path) -> None:
        """Lambda's containers are Linux."""
        answering(tmp_path, "windows")
        with pytest.raises(NoEngine, match="runs containers of windows"):
            find_engine()


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


class TestWithoutEngine:
    @pytest.mark.parametrize("arguments", [(), ("invoke", "schedule")])
    def test_nothing_installed(self, arguments: tuple[str, ...]) -> None:
        """Without Docker it says what is missing and how to get it, and exits with 2, before anything is created or
        started.
        """
        result = ran(*arguments)
        assert result.exit_code == 2
        assert "There is no `docker` command" in result.stderr
        assert "apt-get install docker.io" in result.stderr

    def test_not_running(self, tmp_path: Path) -> None:
        """If the engine does not answer, its own reason is given."""
        install(tmp_path, f"echo '{REFUSED}' >&2; exit 1")
        result = ran()
        assert result.exit_code == 2
        assert REFUSED in result.stderr

    def test_hangs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A hanging engine does not hang the command."""
        install(tmp_path, "exec /bin/sleep 60")
        monkeypatch.setattr(engine, "ANSWER_S", 0.1)
        result = ran()
        assert result.exit_code == 2
        assert "did not answer" in result.stderr

    def test_check(self) -> None:
        """In CI the check succeeds if no engine answers, and says that it checked nothing."""
        result = ran("check")
        assert result.exit_code == 0
        assert "NOT CHECKED" in result.stderr
