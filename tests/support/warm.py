"""Servers and commands that start in 0.2 s of CPU instead of 1.2: they are forked from a process that has imported all
that `vectorlog serve` and `vectorlog verify` import. Everything else is as in a process of their own.

Only Linux forks reliably after such imports; `ready` says whether it is one. A server that is started once for many
tests starts as users start it.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from typing import IO, Any, NoReturn

_LENGTH = 4
"""Bytes of the length of a request, and of each number that is told of a server: its process id, then its exit code."""


def ready() -> bool:
    """Whether servers may be forked here."""
    return sys.platform == "linux"


def run(*arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Runs `vectorlog` with these arguments, and returns how it ended and what it printed. It is killed after `timeout`
    seconds.
    """
    if not ready():
        command = [sys.executable, "-m", "vectorlog.cli.main", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    with tempfile.TemporaryFile("w+") as stderr:
        process = WarmProcess(list(arguments), dict(os.environ), stderr)
        watchdog = threading.Timer(timeout, process.kill)
        watchdog.start()
        try:
            with process.stdout:
                printed = process.stdout.read()
            code = process.wait(timeout)
        finally:
            watchdog.cancel()
        stderr.seek(0)
        return subprocess.CompletedProcess(list(arguments), code, printed, stderr.read())


class WarmProcess:
    """A forked server, with what tests use of `Popen`: standard output is a pipe, standard error a file.

    Attributes:
        pid: its process id.
        stdout: what it prints.
        returncode: its exit code, or minus the signal that ended it; None while `poll` and `wait` saw it run.
    """

    def __init__(self, arguments: list[str], environment: dict[str, str], stderr: IO[Any]) -> None:
        request = json.dumps({"arguments": arguments, "environment": environment, "folder": os.getcwd()}).encode()
        out, its_out = os.pipe()
        told, its_told = os.pipe()
        line = _line()
        socket.send_fds(line, [len(request).to_bytes(_LENGTH, "big")], [its_out, stderr.fileno(), its_told])
        line.sendall(request)
        os.close(its_out)
        os.close(its_told)
        self.stdout = os.fdopen(out, "r")
        self.returncode: int | None = None
        self._told = os.fdopen(told, "rb")
        self.pid = self._number()
        os.set_blocking(told, False)

    def send_signal(self, number: signal.Signals) -> None:
        """Sends it a signal, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Sends SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        """Its exit code, if it has ended."""
        if self.returncode is None and (told := self._told.read(_LENGTH)) is not None:
            assert len(told) == _LENGTH, "what keeps the server was ended"
            self.returncode = int.from_bytes(told, "big", signed=True)
            self._told.close()
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Waits for its end; returns the exit code.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        until = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("vectorlog serve", timeout)
            time.sleep(0.005)
        return code

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Waits for its end; returns what it printed since the last read."""
        self.wait(timeout)
        with self.stdout:
            return self.stdout.read(), ""

    def _number(self) -> int:
        told = self._told.read(_LENGTH)
        assert len(told) == _LENGTH, "no server was forked"
        return int.from_bytes(told, "big", signed=True)


@cache
def _line() -> socket.socket:
    """The connection to the process that forks; it ends when the connection does."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", __name__, str(theirs.fileno())]
        process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # a process with threads should not fork
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _fork_servers(line: socket.socket) -> None:
    """Forks a server for each request, until the other side closes the connection."""
    import gc

    import vectorlog.cli.keys
    import vectorlog.cli.serve
    import vectorlog.cli.show
    import vectorlog.cli.verify
    import vectorlog.runtime.local.server
    import vectorlog.runtime.local.service  # noqa: F401  # and all that these import

    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest
    while True:
        head, given, _, _ = socket.recv_fds(line, _LENGTH, 3)
        if not head:
            return
        body = line.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
        if os.fork() == 0:
            line.close()
            _keep(json.loads(body), *given)
        for each in given:
            os.close(each)
        _reap()


def _keep(request: dict[str, Any], out: int, err: int, told: int) -> NoReturn:
    """Forks a server, and tells its process id and its exit code."""
    server = os.fork()
    if server == 0:
        os.close(told)
        _serve(request, out, err)
    os.close(out)
    os.close(err)
    os.setsid()
    os.write(told, server.to_bytes(_LENGTH, "big", signed=True))
    _, status = os.waitpid(server, 0)
    os.write(told, os.waitstatus_to_exitcode(status).to_bytes(_LENGTH, "big", signed=True))
    os._exit(0)


def _serve(request: dict[str, Any], out: int, err: int) -> NoReturn:
    """Is `vectorlog` with the arguments, environment and folder of the request."""
    from vectorlog.cli.main import main

    for given, standard in ((out, 1), (err, 2)):
        os.dup2(given, standard)
        os.close(given)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.argv = ["vectorlog", *request["arguments"]]
    main()  # ends with SystemExit, and then as any interpreter: what it leaves running is waited for
    raise SystemExit


def _reap() -> None:
    """Forgets what has ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


if __name__ == "__main__":
    _fork_servers(socket.socket(fileno=int(sys.argv[1])))
