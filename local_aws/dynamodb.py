"""DynamoDB Local 3.3.1 with its streams, in memory."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_aws.fetch import ROOT, FetchError, fetch
from local_aws.java import find_java
from local_aws.process import running, temporary

SOURCE = ROOT / "OnLoopback.java"
HEAP = "1g"
"""Memory limit; 20,000 items take 500 MB."""


@contextmanager
def dynamodb() -> Iterator[str]:
    """Runs the server, and gives its URL, which serves the streams too."""
    java, jars = find_java(), installed()
    options = (f"-Xmx{HEAP}", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")  # half the start, half the threads
    with (
        temporary("dynamodb") as folder,
        running(
            "dynamodb",
            lambda port: (
                *(java, *options, "-cp", f"{jars}:{jars}/*", SOURCE.stem),
                *("-port", str(port), "-inMemory", "-sharedDb", "-disableTelemetry"),
            ),
            Path(folder),
            status=400,  # its answer to a request without a signature
        ) as url,
    ):
        yield url


def installed() -> Path:
    """The folder of its jars and of our launcher; downloads them the first time."""
    return fetch("dynamodb", _compile, stamp=SOURCE.read_bytes())


def _compile(folder: Path) -> None:
    """Compiles with Eclipse's compiler, one of the jars, which runs on any Java, even a runtime without `javac`."""
    compiler = next(folder.glob("ecj-*.jar"))
    classpath = ":".join(map(str, folder.glob("*.jar")))
    done = subprocess.run(
        [find_java(), "-jar", compiler, "-17", "-cp", classpath, "-d", folder, SOURCE],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise FetchError(f"{SOURCE.name} could not be compiled:\n{done.stdout}{done.stderr}")
