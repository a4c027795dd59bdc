"""A Lambda function: its handler in separate processes, like Lambda's execution environments."""

from __future__ import annotations

import json
import multiprocessing
import os
import queue
import signal
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Self
from uuid import uuid4

from local_aws.account import ACCOUNT, REGION
from local_aws.payloads import Json

COLD_START_S = 60
"""Seconds added to a function's time limit, for the import of its handler."""


class FunctionError(Exception):
    """A handler raised, ran out of time, or its process ended; the message says which."""


@dataclass(frozen=True, slots=True)
class Function:
    """The settings of a function.

    Attributes:
        handler: `module:name`.
        variables: its environment, in addition to this process's.
        timeout_s: its process is killed after this time.
        memory_mb: reported in its context; not enforced.
    """

    name: str
    handler: str
    variables: Mapping[str, str]
    timeout_s: int = 60
    memory_mb: int = 1769


@dataclass(frozen=True, slots=True)
class Context:
    """Lambda's context object; `deadline` is a time of `time.monotonic`."""

    function_name: str
    memory_limit_in_mb: int
    aws_request_id: str
    deadline: float

    function_version = "$LATEST"
    log_group_name = "local"
    log_stream_name = "local"

    @property
    def invoked_function_arn(self) -> str:
        """The function's ARN."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the process is killed."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))


class Environments:
    """Up to `limit` processes of a function, started on demand; each handles one invocation at a time.

    Safe to call from several threads; a call waits while all processes are busy. Events and answers are passed as JSON.
    """

    def __init__(self, function: Function, limit: int = 1) -> None:
        self._function = function
        self._free: queue.LifoQueue[_Environment | None] = queue.LifoQueue()
        self._lock = threading.Lock()
        self._made: set[_Environment] = set()
        for _ in range(limit):
            self._free.put(None)

    def __call__(self, event: Json) -> Json | None:
        """The handler's answer.

        Raises:
            FunctionError: there is none.
        """
        environment = self._free.get()
        try:
            if environment is None:
                environment = _Environment(self._function)
                with self._lock:
                    self._made.add(environment)
            answer = environment.invoke(event)
        except BaseException:
            self._free.put(environment if environment and environment.alive else None)
            raise
        self._free.put(environment)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            for environment in self._made:
                environment.kill()


class _Environment:
    def __init__(self, function: Function) -> None:
        self._function = function
        spawn = multiprocessing.get_context("spawn")
        self._connection, theirs = spawn.Pipe()
        self._process: SpawnProcess = spawn.Process(
            target=_serve, args=(theirs, function), name=function.name, daemon=True
        )
        self._process.start()
        theirs.close()
        self._start_s = float(COLD_START_S)
        self.alive = True

    def invoke(self, event: Json) -> Json | None:
        try:
            self._connection.send_bytes(json.dumps(event).encode())
            if not self._connection.poll(self._start_s + self._function.timeout_s):
                self.kill()
                raise FunctionError(
                    f"{self._function.name} was killed: it took longer than {self._function.timeout_s} s"
                )
            answer: Json = json.loads(self._connection.recv_bytes())
        except (EOFError, ConnectionError) as error:
            self.kill()
            raise FunctionError(f"the process of {self._function.name} ended ({self._process.exitcode})") from error
        self._start_s = 0.0
        if "error" in answer:
            raise FunctionError(f"{self._function.name} raised:\n{answer['error']}")
        result: Json | None = answer["answer"]
        return result

    def kill(self) -> None:
        self.alive = False
        self._process.kill()
        self._process.join()
        self._connection.close()


def _serve(connection: Connection, function: Function) -> None:
    """The life of an environment: imports the handler once, then answers until the caller is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the pump handles Ctrl-C, and lets invocations end
    os.dup2(2, 1)  # logs and metrics are not part of the command's output
    os.environ.update(function.variables)
    module, _, name = function.handler.partition(":")
    handler = getattr(import_module(module), name)
    while True:
        try:
            event = json.loads(connection.recv_bytes())
        except EOFError:
            return
        context = Context(function.name, function.memory_mb, str(uuid4()), time.monotonic() + function.timeout_s)
        try:
            answer = {"answer": handler(event, context)}
            text = json.dumps(answer)
        except Exception:  # noqa: BLE001  # it is reported to whoever asked
            text = json.dumps({"error": traceback.format_exc()})
        connection.send_bytes(text.encode())
