"""One large file in parts: how long each step takes, and how much memory the server's processes take for it.

    ./dev bench uploads [local|aws] [MB] [part size in MB] [parts at a time] [api|direct]

`direct` sends the parts to the addresses that `direct_upload` asks for, instead of through the API. On AWS the real
handlers run on the local servers. Moto keeps S3's objects and answers one request at a time, so S3 itself is much
faster; the memory is that of a Lambda function.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from local_aws import deployment
from local_aws import servers as local_servers
from tests.clients.service import running
from tests.embedding.stub_server import StubServer

MB = 1 << 20
EVERY_S = 0.02


@contextmanager
def watched(root: int) -> Iterator[Callable[[], dict[str, int]]]:
    """Samples the memory of all processes below one; gives the largest value of each by its name, in MB."""
    largest: dict[str, int] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(EVERY_S):
            functions = {child.pid: f"function {child.name}" for child in multiprocessing.active_children()}
            for pid, found in _below(root):
                name = functions.get(pid, found)
                largest[f"{name} {pid}"] = max(largest.get(f"{name} {pid}", 0), _resident(pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield lambda: dict(sorted(largest.items(), key=lambda each: -each[1])[:4])
    finally:
        over.set()
        thread.join()


def _below(root: int) -> list[tuple[int, str]]:
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents.setdefault(int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]), []).append(
                int(folder.name)
            )
        except (OSError, IndexError):
            continue
    found, waiting = list[tuple[int, str]](), [root]
    while waiting:
        for pid in parents.get(waiting.pop(), []):
            waiting.append(pid)
            try:
                words = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
            found.append((pid, _name(words)))
    return found


def _name(words: str) -> str:
    for pattern, name in (("moto", "s3"), ("DynamoDB", "dynamodb"), ("opensearch", "opensearch"), ("serve", "server")):
        if re.search(pattern, words, re.IGNORECASE):
            return name
    return "process"


def _resident(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found.group(1)) // 1024 if found else 0


def upload(url: str, key: str, size: int, part: int, threads: int, direct: bool) -> None:
    """Sends one file and prints the seconds of each step; `direct`: to addresses of its own for each part."""
    headers = {"Authorization": f"Bearer {key}"}
    block = os.urandom(part)
    digest = hashlib.sha256()
    with httpx.Client(base_url=f"{url}/v1", headers=headers, timeout=300) as client:

        def post(path: str, **body: object) -> dict[str, Any]:
            answer = client.post(path, **body)  # type: ignore[arg-type]
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found

        body = {"filename": "large.bin", "purpose": "user_data", "bytes": size, "mime_type": "application/octet-stream"}
        created = post("/uploads", json={**body, "direct_upload": {"part_size": part}} if direct else body)
        id, addresses = created["id"], iter(created["direct_upload"]["parts"] if direct else ())
        lengths = [min(part, size - start) for start in range(0, size, part)]
        for length in lengths:
            digest.update(block[:length])
        began = time.perf_counter()

        def send_directly(address: dict[str, Any]) -> object:
            answer = httpx.put(address["url"], content=block[: address["bytes"]], timeout=300)
            assert answer.status_code == 200, answer.text
            return address["id"]

        def send(length: int) -> object:
            return post(f"/uploads/{id}/parts", files={"data": ("part", block[:length])})["id"]

        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(send_directly, addresses) if direct else pool.map(send, lengths))
        sent = time.perf_counter()
        done = post(f"/uploads/{id}/complete", json={"part_ids": parts})
        completed = time.perf_counter()
        assert done["file"]["sha256"] == digest.hexdigest()
        print(
            f"{size // MB} MB in {len(parts)} parts, {threads} at a time: "
            f"{sent - began:.1f} s for the parts, {completed - sent:.1f} s to complete"
        )


def main() -> None:
    """Prints the seconds and the memory."""
    edition, size, part, threads, way = ([*sys.argv[1:], *["local", "512", "4", "8", "api"][len(sys.argv) - 1 :]])[:5]
    direct = way == "direct"
    with ExitStack() as stack:
        if edition == "aws":
            servers = stack.enter_context(local_servers.running())
            served = stack.enter_context(deployment.running(servers))
            url, key = served.url, served.key
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(dir="."))
            stub = stack.enter_context(StubServer(dimensions=8))
            url, key = stack.enter_context(running(Path(folder) / "data", stub)), "any"
        upload(url, key, MB, MB, 1, direct=False)  # starts the functions
        memory = stack.enter_context(watched(os.getpid()))
        upload(url, key, int(size) * MB, int(part) * MB, int(threads), direct)
        print("largest resident memory in MB:", memory())


if __name__ == "__main__":
    main()
