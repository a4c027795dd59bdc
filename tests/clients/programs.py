"""Programs that use the `openai` clients for Go and Java: fetched and compiled once, into .cache."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SOURCES = Path(__file__).parent
CACHE = Path(__file__).parents[2] / ".cache"
FETCH_S, COMPILE_S, RUN_S = 120, 240, 60
"""The first Go build compiles all of openai-go: 124 s of processor time. The next ones take a second."""
JAVA = "17"


@dataclass(frozen=True, slots=True)
class Program:
    """A program that takes arguments and prints JSON.

    Attributes:
        language: what it is written in.
        command: what runs it.
    """

    language: str
    command: tuple[str, ...]

    def run(self, *arguments: str) -> Any:
        """What it prints."""
        command = [*self.command, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_S, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)


def go() -> Program:
    """The program of tests/clients/go. Without Go, or if its modules cannot be fetched, the test is skipped."""
    compiler = _tool("go")
    cache = CACHE / "go-client"
    environment = {
        **os.environ,
        "GOCACHE": str(cache / "build"),
        "GOFLAGS": "-modcacherw -mod=readonly -buildvcs=false",
        "GOMODCACHE": str(cache / "modules"),
        "GOTOOLCHAIN": "local",
    }
    with _alone(cache):
        _fetch([compiler, "list", "-deps", "."], SOURCES / "go", environment)
        # Without optimisation, compiling takes three quarters of the time.
        flags = ["-gcflags=github.com/openai/openai-go/v3/...=-N -l", "-ldflags=-w"]
        _compile([compiler, "build", *flags, "-o", str(cache / "program"), "."], SOURCES / "go", environment)
    return Program("go", (str(cache / "program"),))


def java() -> Program:
    """The program of tests/clients/java. Without a JDK and Maven, or if its libraries cannot be fetched, the test is
    skipped.
    """
    maven, compiler, java = _tool("mvn"), _tool("javac"), _tool("java")
    cache, source = CACHE / "java-client", SOURCES / "java"
    if subprocess.run([compiler, "--release", JAVA, "-version"], capture_output=True, check=False).returncode:
        pytest.skip(f"the JDK is older than {JAVA}")
    with _alone(cache):
        fetched = cache / "pom.xml"
        if not fetched.exists() or fetched.read_text() != (source / "pom.xml").read_text():
            shutil.rmtree(cache / "libraries", ignore_errors=True)
            options = [f"-Dmaven.repo.local={cache / 'repository'}", f"-DoutputDirectory={cache / 'libraries'}"]
            goal = "dependency:copy-dependencies"
            command = [maven, "--batch-mode", "--quiet", "--strict-checksums", *options, goal]
            _fetch(command, source, os.environ)
            shutil.copy(source / "pom.xml", fetched)
        path = f"{cache / 'libraries'}/*"
        command = [compiler, "-nowarn", "--release", JAVA, "-cp", path, "-d", str(cache / "classes"), "Program.java"]
        _compile(command, source, os.environ)
    return Program("java", (java, "-cp", f"{path}:{cache / 'classes'}", "Program"))


PROGRAMS: Mapping[str, Callable[[], Program]] = {"go": go, "java": java}


def _tool(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/local/go/bin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Keeps other test processes away from a folder, which is made if it is missing."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    done = _run(command, folder, environment, FETCH_S)
    if done.returncode:
        pytest.skip(f"{command[0]} could not fetch the client: {(done.stderr or done.stdout)[-300:]}")


def _compile(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    done = _run(command, folder, environment, COMPILE_S)
    assert done.returncode == 0, done.stderr[-2000:]


def _run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], limit_s: int
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{' '.join(command[:2])} took longer than {limit_s} s")
