"""How fast a live server of the local edition is, over HTTP on this machine.

    ./dev bench local_edition [--large]

Latencies are of consecutive requests on one connection, from `http.client`, so they include little of the client's own
work. The stub embedding server runs in its own process and uses its share of the cores. `--large` adds a text of 50 MB
and an upload of 512 MB.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.live.live_server import DIMENSIONS, LiveServer, serving

ROUNDS = 60
MB = 1_000_000
WORDS = (
    "harbour",
    "signal",
    "winter",
    "engine",
    "paper",
    "window",
    "river",
    "garden",
    "stone",
    "letter",
    "market",
    "lantern",
    "copper",
)
_BOUNDARY = "vectorlog-benchmark"


class Api:
    """One connection to a server."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=600)

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Sends a request with a JSON body; returns the answer."""
        return self._send(method, path, None if body is None else json.dumps(body).encode(), "application/json")

    def upload(self, content: bytes, name: str = "a.txt") -> str:
        """Uploads a file; returns its id."""
        head = f'--{_BOUNDARY}\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nassistants\r\n--{_BOUNDARY}\r\n'
        head += f'content-disposition: form-data; name="file"; filename="{name}"\r\ncontent-type: text/plain\r\n\r\n'
        body = head.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()
        found: str = self._send("POST", "/v1/files", body, f"multipart/form-data; boundary={_BOUNDARY}")["id"]
        return found

    def completed(self, path: str, pause: float = 0.02) -> None:
        """Polls until a file or a batch has ended, and checks that it is completed."""
        end = time.monotonic() + 600
        while (found := self.ask("GET", path))["status"] == "in_progress" and time.monotonic() < end:
            time.sleep(pause)
        if found["status"] != "completed":
            raise RuntimeError(f"{path}: {found}")

    def _send(self, method: str, path: str, body: bytes | None, content_type: str) -> dict[str, Any]:
        self._connection.request(method, path, body, {"content-type": content_type, "authorization": "Bearer any"})
        response = self._connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        if response.status != 200:
            raise RuntimeError(f"{method} {path}: {response.status} {answer}")
        return answer


def main() -> None:
    """Measure, and print a table."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--large", action="store_true")
    large = arguments.parse_args().large
    with tempfile.TemporaryDirectory() as folder:
        with stub() as url, serving(Path(folder) / "stub", url) as server:
            started(server)
            requests(server)
            batches(server)
            if large:
                sizes(server)
            show("memory of the server at the end", f"{server.resident_mb():.0f} MB")
        with serving(Path(folder) / "local", "") as server:
            local_model(server)
            show("memory of the server with the local model", f"{server.resident_mb():.0f} MB")


@contextmanager
def stub(dimensions: int = DIMENSIONS) -> Iterator[str]:
    """A stub embedding server in its own process; yields its base URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.embedding.stub_server", "--port", "0", "--dimensions", str(dimensions)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def started(server: LiveServer) -> None:
    """Measures start and stop."""
    took = timed(server.stop)
    show("stop", seconds(took))
    show("start until it says where it listens", seconds(timed(server.start)))


def requests(server: LiveServer) -> None:
    """Measures the latency of single requests, and requests per second."""
    api = Api(server.url)
    store = api.ask("POST", "/v1/vector_stores", {"name": "benchmark"})["id"]
    for number in range(25):
        attach(api, store, text(4000, number))
    latency("GET a store", lambda _: api.ask("GET", f"/v1/vector_stores/{store}"))
    latency("list 20 files of a store", lambda _: api.ask("GET", f"/v1/vector_stores/{store}/files?limit=20"))
    latency("create a store", lambda _: api.ask("POST", "/v1/vector_stores", {}))
    latency("upload 4 KB", lambda number: api.upload(text(4000, number)))
    latency(
        "search 25 files of 4 KB",
        lambda number: api.ask("POST", f"/v1/vector_stores/{store}/search", {"query": WORDS[number % len(WORDS)]}),
    )
    files = [api.upload(text(4000, number)) for number in range(ROUNDS)]
    latency("attach 4 KB until it is searchable", lambda number: attached(api, store, files[number]))

    def hammer(_: int) -> int:
        own, end, count = Api(server.url), time.perf_counter() + 3, 0
        while time.perf_counter() < end:
            own.ask("GET", f"/v1/vector_stores/{store}")
            count += 1
        return count

    with ThreadPoolExecutor(8) as pool:
        show("GET a store, 8 clients (in this process)", f"{sum(pool.map(hammer, range(8))) / 3:.0f} requests/s")


def batches(server: LiveServer) -> None:
    """Measures files per second of whole batches."""
    api = Api(server.url)
    for count, size in ((200, 4000), (2000, 1000)):
        began = time.perf_counter()
        files = uploaded(server, [text(size, number) for number in range(count)])
        show(f"upload {count} × {size // 1000} KB, 4 clients", f"{count / (time.perf_counter() - began):.0f} files/s")
        store = api.ask("POST", "/v1/vector_stores", {})["id"]
        took = timed(batch, api, store, files)
        show(f"a batch of {count} × {size // 1000} KB", f"{count / took:.0f} files/s ({seconds(took)})")


def sizes(server: LiveServer) -> None:
    """Measures large files."""
    api = Api(server.url)
    store = api.ask("POST", "/v1/vector_stores", {})["id"]
    before = server.resident_mb()
    took = timed(api.upload, bytes(512 * 1024 * 1024 - 4096))
    show("upload 512 MB", f"{seconds(took)}; memory {before:.0f} → {server.resident_mb():.0f} MB")
    file = api.upload(text(50 * MB, 1))
    took = timed(attached, api, store, file, 0.2)
    own, reader = server.peak_mb()
    show(
        "a text of 50 MB until it is searchable",
        f"{seconds(took)}; memory at most: server {own:.0f} MB, reader {reader:.0f} MB",
    )
    show(
        "search in it",
        seconds(timed(api.ask, "POST", f"/v1/vector_stores/{store}/search", {"query": "winter harbour"})),
    )


def local_model(server: LiveServer) -> None:
    """Measures the built-in model."""
    api = Api(server.url)
    store = api.ask("POST", "/v1/vector_stores", {})["id"]
    attach(api, store, text(1000, 0))
    files = uploaded(server, [text(1100, number) for number in range(100)])
    took = timed(batch, api, store, files)
    show("local model: a batch of 100 × 200 tokens", f"{len(files) / took:.1f} files/s")
    file = api.upload(text(20 * 3000, 7))
    show("local model: one document of 20 pages", seconds(timed(attached, api, store, file)))
    latency(
        "local model: search",
        lambda number: api.ask("POST", f"/v1/vector_stores/{store}/search", {"query": WORDS[number % len(WORDS)]}),
    )


def text(size: int, seed: int) -> bytes:
    """About `size` bytes of words, different for each seed."""
    line = " ".join(WORDS[(seed * 7 + place * place) % len(WORDS)] for place in range(12)) + f", {seed}.\n"
    return (line * (size // len(line) + 1)).encode()[:size]


def attach(api: Api, store: str, content: bytes) -> None:
    """Uploads, attaches and waits."""
    attached(api, store, api.upload(content))


def attached(api: Api, store: str, file: str, pause: float = 0.002) -> None:
    """Attaches a file and waits until it is searchable."""
    api.ask("POST", f"/v1/vector_stores/{store}/files", {"file_id": file})
    api.completed(f"/v1/vector_stores/{store}/files/{file}", pause)


def uploaded(server: LiveServer, contents: Sequence[bytes]) -> list[str]:
    """Uploads with four clients."""

    def part(first: int) -> dict[int, str]:
        api = Api(server.url)
        return {number: api.upload(contents[number]) for number in range(first, len(contents), 4)}

    with ThreadPoolExecutor(4) as pool:
        found = {number: file for each in pool.map(part, range(4)) for number, file in each.items()}
    return [found[number] for number in range(len(contents))]


def batch(api: Api, store: str, files: Sequence[str]) -> None:
    """Attaches files as a batch and waits for all of them."""
    made = api.ask("POST", f"/v1/vector_stores/{store}/file_batches", {"file_ids": list(files)})["id"]
    api.completed(f"/v1/vector_stores/{store}/file_batches/{made}")


def latency(name: str, call: Callable[[int], object]) -> None:
    """Calls a function `ROUNDS` times and prints the median and the 95th percentile."""
    call(0)
    took = [timed(call, number) * 1000 for number in range(ROUNDS)]
    show(name, f"p50 {statistics.median(took):6.1f} ms   p95 {statistics.quantiles(took, n=20)[-1]:6.1f} ms")


def timed(call: Callable[..., object], *arguments: object) -> float:
    """Seconds that a call takes."""
    began = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - began


def seconds(took: float) -> str:
    """A duration in readable form."""
    return f"{took:.2f} s" if took >= 0.1 else f"{took * 1000:.1f} ms"


def show(name: str, value: str) -> None:
    """Prints one measurement."""
    print(f"{name:<52}{value}", flush=True)


if __name__ == "__main__":
    main()
