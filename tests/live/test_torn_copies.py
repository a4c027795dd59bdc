"""Copies of a data folder: a snapshot is as good as the folder, and of a torn copy no wrong data are served.

One that lacks nothing is made whole; any other is refused with what is wrong and what helps.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from openai import OpenAI

from tests.clients.service import vectorlog
from tests.embedding.stub_server import StubServer
from tests.live.agreement import check, settle
from tests.live.data_folders import collect_leftovers, key, verified, wait_until_idle
from tests.live.journal import Journal, Line
from tests.live.live_server import DIMENSIONS, LiveServer, serving
from tests.live.uploads import settled, upload
from tests.live.writer import Writer
from vectorlog.runtime.local.inspection import inspect

pytestmark = pytest.mark.long

ENOUGH_S = 60.0


@dataclass(frozen=True, slots=True)
class Written:
    """A running server, a client that has written to it and has ended, and a snapshot from the middle of ingesting.

    Attributes:
        copies: copies of the folder that were taken file by file while the client wrote, by the order of their parts.
        stub: the embedding provider of all.
    """

    server: LiveServer
    writer: Writer
    api_key: str
    snapshot: Path
    copies: dict[str, Path]
    stub: StubServer


ORDERS: dict[str, Callable[[str], tuple[int, str]]] = {
    "log first": lambda name: (not name.startswith("log.db"), name),
    "log last": lambda name: (name.startswith("log.db"), name),
    "views last": lambda name: (name.startswith("derived.db"), name),
    "shuffled": lambda name: (random.Random(name).randrange(1000), name),
}
"""In which order a folder's files are copied, by their paths."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    """The server with its copies."""
    folder = tmp_path_factory.mktemp("copies")
    data = folder / "data"
    secret, other = key(data, "acme"), key(data, "other")
    with (
        StubServer(dimensions=DIMENSIONS, delay=0.02) as stub,
        serving(data, stub.base_url, "--readers", "1") as server,
        closing(Journal(folder / "journal.jsonl")) as journal,
    ):
        _write_large(OpenAI(base_url=f"{server.url}/v1", api_key=other))
        line = Line(server.url, secret, journal, "zenith")
        shared = line.request("POST", "/vector_stores", {"name": "shared"}).body["id"]
        writer = Writer(0, line, "acme", shared, 3)
        writer.start()
        journal.wait_for_answers(60, ENOUGH_S)
        copies = {}
        for name, order in ORDERS.items():
            copies[name] = folder / name.replace(" ", "-")
            _copy_slowly(data, copies[name], order, journal)
        journal.wait_for_answers(60, ENOUGH_S)
        stub.delay = 0.3
        journal.wait_for_answers(40, ENOUGH_S)
        writer.enough.set()
        writer.join(ENOUGH_S)
        assert writer.fault is None
        server.process.send_signal(signal.SIGSTOP)
        shutil.copytree(data, folder / "snapshot")
        server.process.send_signal(signal.SIGCONT)
        stub.delay = 0
        yield Written(server, writer, secret, folder / "snapshot", copies, stub)


def test_snapshot(written: Written, tmp_path: Path) -> None:
    """A copy of one moment, as a file system's snapshot is, holds all that was answered, and its work goes on."""
    data = shutil.copytree(written.snapshot, tmp_path / "data")
    with serving(data, written.stub.base_url) as server, closing(Journal(tmp_path / "journal.jsonl")) as journal:
        line = Line(server.url, written.api_key, journal, "zenith")
        settle(line, ENOUGH_S)
        assert check(line, [written.writer])["completed"]
        _at_rest(server)


@pytest.mark.parametrize("order", ORDERS)
def test_copied_file_by_file(order: str, written: Written) -> None:
    """A copy that took a while, in any order: either it is served, and agrees with the log that it has; or it is
    refused, with the cause and the remedy, and the remedy brings a folder that works.
    """
    _served_or_refused(written.copies[order], written)


CUTS = (
    "blobs.db-wal",
    "blobs.db",
    "log.db-wal",
    "text",
    "log.db",
    "derived.db-wal",
    "derived.db",
    "index/chunks.db",
    "blobs/files",
    "blobs/artefacts",
)


@pytest.mark.parametrize("what", CUTS)
def test_cut_off(what: str, written: Written, tmp_path: Path) -> None:
    """A copy in which a file lacks its end is served only if that cannot show: if another file makes up for it, or if
    the last commits are missing as a whole.
    """
    data = shutil.copytree(written.snapshot, tmp_path / "data")
    found = sorted(
        path
        for path in data.rglob("*")
        if path.is_file()
        and path.stat().st_size
        and (path.name == what if what == "text" else str(path.relative_to(data)).startswith(what))
    )
    assert found, sorted(data.rglob("*.db*"))
    os.truncate(found[0], found[0].stat().st_size * 2 // 3)
    _served_or_refused(data, written)


def _write_large(client: OpenAI) -> None:
    """Ingests a file whose blobs are too large for the database of small ones."""
    store = client.vector_stores.create(name="large").id
    text = " ".join(f"word{number}" for number in range(20_000))
    client.vector_stores.files.create(vector_store_id=store, file_id=upload(client, text))
    assert set(settled(client, store, ENOUGH_S).values()) == {"completed"}


def _copy_slowly(data: Path, into: Path, order: Callable[[str], tuple[int, str]], journal: Journal) -> None:
    """Copies file by file, with answers in between; what is gone meanwhile is left out, as `cp` does."""
    found = (Path(folder) / name for folder, _, files in os.walk(data) for name in files)
    names = sorted((str(path.relative_to(data)) for path in found), key=order)
    for number, name in enumerate(names):
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(data / name, target)
        except FileNotFoundError:
            continue
        if number % (len(names) // 6 + 1) == 0:
            journal.wait_for_answers(3, ENOUGH_S)


def _served_or_refused(data: Path, written: Written) -> None:
    server = LiveServer(data, written.stub.base_url)
    try:
        server.start()
        refusal = ""
    except AssertionError as refused:
        refusal = str(refused)
    try:
        if not refusal:
            _at_rest(server)
            return
    finally:
        if server.running:
            server.kill()
    assert "Traceback" not in refusal
    assert "vectorlog export" in refusal, refusal
    assert "while a server" in refusal
    if "The log in" not in refusal:
        _moved(data)


def _at_rest(server: LiveServer) -> None:
    """Once all work is done, nothing differs from the log but what the daily pass deletes."""
    wait_until_idle(server.data, ENOUGH_S)
    assert server.stop() == 0
    assert server.errors() == []
    collect_leftovers(server.data)
    verified(server.data)


def _moved(data: Path) -> None:
    """Export and import, as a refusal advises: what was cut off is not moved."""
    archive, target = data.with_suffix(".tar"), data.with_suffix(".moved")
    for command in (["export", "--data", str(data), str(archive)], ["import", "--data", str(target), str(archive)]):
        ran = subprocess.run([*vectorlog(), *command], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
    with inspect(target) as (deployment, _, _):
        for blob in deployment.blobs.list("files/"):
            assert hashlib.sha256(deployment.blobs.read(blob)).hexdigest() == blob.rpartition("/")[2]
