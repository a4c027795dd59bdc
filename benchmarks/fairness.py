"""How long another project's file takes beside a project with 1,000 stores and 32 documents that are slow to read.

    ./dev bench fairness [--stores 1000] [--hostile 32] [--rounds 10]

The other project's file is uploaded, attached and polled until it is completed: first alone, then beside the flood. The
target is three times its time alone.
"""

from __future__ import annotations

import argparse
import io
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import docx
from openai import OpenAI

from tests.embedding.stub_server import StubServer
from tests.live.live_server import DIMENSIONS, LiveServer

PARAGRAPHS = 600_000
TARGET = 3.0


def hostile() -> bytes:
    """A docx of half a megabyte whose paragraphs take a reader many seconds."""
    source = io.BytesIO()
    docx.Document().save(source)
    paragraphs = b"<w:p><w:r><w:t>endless words go on and on</w:t></w:r></w:p>" * PARAGRAPHS
    out = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            body = old.read(name)
            slow = body.replace(b"<w:sectPr", paragraphs + b"<w:sectPr", 1)
            new.writestr(name, slow if name == "word/document.xml" else body)
    return out.getvalue()


@contextmanager
def two_projects(folder: Path) -> Iterator[tuple[OpenAI, OpenAI]]:
    """A server with clients of two projects."""
    with StubServer(dimensions=DIMENSIONS) as stub:
        server = LiveServer(folder / "data", stub.base_url)
        secrets = [_key(folder / "data", project) for project in ("flooder", "other")]
        server.start()
        try:
            first, second = (
                OpenAI(base_url=f"{server.url}/v1", api_key=secret, max_retries=5, timeout=60) for secret in secrets
            )
            yield first, second
        finally:
            server.kill()


def flood(client: OpenAI, stores: int, documents: int) -> str:
    """Attaches a small file to each of many stores, and slow documents to the first of them; returns that store."""
    small = client.files.create(file=("small.txt", b"a small file of the flooder"), purpose="assistants").id
    content = hostile()
    with ThreadPoolExecutor(8) as pool:
        slow = list(
            pool.map(
                lambda number: client.files.create(file=(f"{number}.docx", content), purpose="assistants").id,
                range(documents),
            )
        )
        ids = list(pool.map(lambda _: client.vector_stores.create().id, range(stores)))
        for file in slow:
            client.vector_stores.files.create(ids[0], file_id=file)
        list(pool.map(lambda store: client.vector_stores.files.create(store, file_id=small), ids))
    return ids[0]


def seconds_for_one(client: OpenAI, store: str, number: int) -> float:
    """Seconds until a new small file is completed."""
    begun = time.monotonic()
    file = client.files.create(file=("a.txt", f"patient number {number}".encode()), purpose="assistants").id
    client.vector_stores.files.create(store, file_id=file)
    while (found := client.vector_stores.files.retrieve(file, vector_store_id=store)).status == "in_progress":
        if time.monotonic() - begun > 120:
            raise RuntimeError("not completed after 120 s")
        time.sleep(0.02)
    if found.status != "completed":
        raise RuntimeError(str(found.last_error))
    return time.monotonic() - begun


def measure(folder: Path, stores: int, documents: int, rounds: int) -> tuple[list[float], list[float]]:
    """Returns the seconds of each round alone, and beside the flood."""
    with two_projects(folder) as (flooder, other):
        store = other.vector_stores.create().id
        seconds_for_one(other, store, -1)  # readers and connections are warm after it
        alone = [seconds_for_one(other, store, number) for number in range(rounds)]
        flooded = flood(flooder, stores, documents)
        beside = []
        for number in range(rounds):
            beside.append(seconds_for_one(other, store, rounds + number))
            time.sleep(0.5)
        slow = flooder.vector_stores.retrieve(flooded).file_counts
        print(f"the flooder's slow documents after it: {slow.in_progress} in progress, {slow.failed} failed")
    return alone, beside


def _key(data: Path, project: str) -> str:
    command = [sys.executable, "-m", "vectorlog.cli.main", "keys", "create", "--data", str(data), "--project", project]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return next(word for word in printed.split() if word.startswith(("vl-", "sk-", "vlk", "key-")) or len(word) > 30)


def main() -> None:
    """Prints the measurements, and whether the target is met."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--stores", type=int, default=1_000)
    arguments.add_argument("--hostile", type=int, default=32)
    arguments.add_argument("--rounds", type=int, default=10)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        alone, beside = measure(Path(folder), given.stores, given.hostile, given.rounds)
    for name, values in (("alone", alone), ("beside the flood", beside)):
        print(f"{name}: median {statistics.median(values):.2f} s, longest {max(values):.2f} s")
    print("each beside the flood: " + ", ".join(f"{value:.2f}" for value in beside))
    times = statistics.median(beside) / statistics.median(alone)
    worst = max(beside) / max(alone)
    print(f"{times:.1f} times its time alone (longest: {worst:.1f} times); target {TARGET:g}")


if __name__ == "__main__":
    main()
