"""`vectorlog` as a test's end user runs it: in this process, or in one of its own that can be stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from tests.clients.service import Service, vectorlog
from vectorlog.cli.main import main

_ENDS_S = 30


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The commands of one end user of a server."""

    service: Service
    user: str

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that choose server, key and end user."""
        return {
            "VECTORLOG_URL": self.service.url,
            "VECTORLOG_API_KEY": self.service.key,
            "VECTORLOG_ON_BEHALF_OF": self.user,
        }

    def run(self, *arguments: str | Path) -> Result:
        """Runs a command in this process. It ends by an exit code: an exception would be a traceback for a user."""
        result = CliRunner().invoke(main, [str(each) for each in arguments], env=self.variables)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def succeed(self, *arguments: str | Path) -> str:
        """Runs a command that ends well; returns what it prints."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: str | Path) -> Any:
        """Runs a command that prints JSON; returns that."""
        return json.loads(self.succeed(*arguments, "--json"))

    @contextmanager
    def started(self, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
        """Starts a command in a process of its own, which is killed at the end if it still runs."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("VECTORLOG_")}
        command = [*vectorlog(), *(str(each) for each in arguments)]
        process = subprocess.Popen(
            command,
            env=environment | self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Waits for a process; returns its exit code, and what it printed."""
    out, err = process.communicate(timeout=_ENDS_S)
    assert "Traceback" not in err
    return process.returncode, out, err


def interrupt(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Presses Ctrl-C; returns as `ended`."""
    process.send_signal(signal.SIGINT)
    return ended(process)
