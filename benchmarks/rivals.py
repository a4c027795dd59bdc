"""Our local edition beside other servers of the same API, row by row in one run.

    ./dev bench rivals [NAME=URL …] [--embeddings URL] [--rows TEXT]

Every server is asked the same over HTTP: each row first of ours, which this script starts, then of each `NAME=URL`.
The last column is the best other server's result against ours; above 1 means that ours is better.
So that only the servers are compared, they all get their vectors from one endpoint with the model `stub-embed` of 384
dimensions: the one at `--embeddings`, where the others were told to look, or one that this script starts.
Clients are processes of their own, and send requests by `http.client`. Searches ask for what each server does by
default: ours are by words and vectors, and each hit is checked before it is returned.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.local_edition import WORDS, stub
from tests.live.live_server import LiveServer

MODEL, DIMENSIONS = "stub-embed", 384
CLIENTS = 8
ROUNDS = 40
_BOUNDARY = "vectorlog-benchmark"
_WAIT = 600


@dataclass(frozen=True, slots=True)
class Server:
    """A server to measure. `url` has no `/v1`."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """What is measured, in which unit, and whether more is better."""

    name: str
    unit: str
    more: bool
    measure: Callable[[Server], float]


class Connection:
    """One connection to a server, opened again if the server has closed it."""

    def __init__(self, server: Server) -> None:
        parts = urlsplit(server.url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_WAIT)

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Sends a request with a JSON body; returns the answer. Raises `RuntimeError` if it is an error."""
        sent = None if body is None else json.dumps(body).encode()
        return self._send(method, path, sent, "application/json")

    def upload(self, content: bytes, name: str) -> str:
        """Uploads a file; returns its id."""
        head = f'--{_BOUNDARY}\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nassistants\r\n--{_BOUNDARY}\r\n'
        head += f'content-disposition: form-data; name="file"; filename="{name}"\r\ncontent-type: text/plain\r\n\r\n'
        body = head.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()
        return str(self._send("POST", "/v1/files", body, f"multipart/form-data; boundary={_BOUNDARY}")["id"])

    def completed(self, path: str, pause: float) -> None:
        """Polls until a file or a batch has ended. Raises `RuntimeError` if it is not completed."""
        end = time.monotonic() + _WAIT
        while (found := self.ask("GET", path))["status"] == "in_progress" and time.monotonic() < end:
            time.sleep(pause)
        if found["status"] != "completed":
            raise RuntimeError(f"{path}: {found}")

    def _send(self, method: str, path: str, body: bytes | None, content_type: str) -> dict[str, Any]:
        headers = {"content-type": content_type, "authorization": "Bearer any"}
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {answer[:300]!r}")
        found: dict[str, Any] = json.loads(answer)
        return found


def main() -> None:
    """Measure, and print a table row by row."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("others", nargs="*", metavar="NAME=URL")
    arguments.add_argument("--embeddings", default="", metavar="URL")
    arguments.add_argument("--rows", default="", help="only rows whose name has this text")
    asked = arguments.parse_args()
    others = [Server(*other.split("=", 1)) for other in asked.others]
    with ours(asked.embeddings) as server:
        servers = [server, *others]
        print(f"{'':<46}{''.join(f'{each.name:>16}' for each in servers)}{'best other : ours':>20}", flush=True)
        for row in ROWS:
            if asked.rows in row.name:
                show(row, [attempt(row, each) for each in servers])


@contextmanager
def ours(embeddings: str) -> Iterator[Server]:
    """Our server on an empty folder, with the vectors of this endpoint or of a stub."""
    with tempfile.TemporaryDirectory() as folder, stub(DIMENSIONS) as own:
        flags = ["--embedding", "openai", "--embedding-base-url", embeddings or own]
        flags += ["--embedding-model", MODEL, "--embedding-dimensions", str(DIMENSIONS)]
        server = LiveServer(Path(folder) / "data", "", *flags)
        server.start()
        try:
            yield Server("vectorlog", server.url)
        finally:
            server.stop()


def attempt(row: Row, server: Server) -> float | str:
    """A measurement, or what the server answered instead."""
    try:
        return row.measure(server)
    except (RuntimeError, OSError, http.client.HTTPException, KeyError) as error:
        return f"{type(error).__name__}: {error}"


def show(row: Row, found: Sequence[float | str]) -> None:
    """Prints a row; the ratio is above 1 where ours is better."""
    cells = "".join(f"{each:>16.2f}" if isinstance(each, float) else f"{'failed':>16}" for each in found)
    mine, others = found[0], [each for each in found[1:] if isinstance(each, float)]
    ratio = ""
    if isinstance(mine, float) and others:
        ratio = f"{mine / max(others) if row.more else min(others) / mine:.2f} ×"
    print(f"{f'{row.name} ({row.unit})':<46}{cells}{ratio:>20}", flush=True)
    for each in found:
        if isinstance(each, str):
            print(f"    {each[:200]}", flush=True)


def text(size: int, seed: int) -> bytes:
    """About `size` bytes of sentences, different for each seed, so that no server can take one text for another."""
    lines: list[str] = []
    length, number = 0, seed * 1_000_003
    while length < size:
        number = (number * 1_103_515_245 + 12_345) % 2**31
        line = " ".join(WORDS[(number >> shift) % len(WORDS)] for shift in range(0, 20, 2)) + f" {number}.\n"
        lines.append(line)
        length += len(line)
    return "".join(lines).encode()[:size]


_seeds = iter(range(1, 10**9))


def fresh(size: int) -> bytes:
    """A text that no server has seen."""
    return text(size, next(_seeds))


def new_store(api: Connection) -> str:
    """Creates a store; returns its path."""
    return f"/v1/vector_stores/{api.ask('POST', '/v1/vector_stores', {'name': 'benchmark'})['id']}"


def uploaded(api: Connection, count: int, size: int) -> list[str]:
    """Uploads files of fresh texts; returns their ids."""
    return [api.upload(fresh(size), f"{number}.txt") for number in range(count)]


def batch(api: Connection, store: str, files: Sequence[str]) -> str:
    """Attaches files as a batch; returns the batch's path."""
    return f"{store}/file_batches/{api.ask('POST', f'{store}/file_batches', {'file_ids': list(files)})['id']}"


def batch_seconds(server: Server, count: int, size: int) -> float:
    """Seconds from the request for a batch to its last file."""
    api = Connection(server)
    store, files = new_store(api), uploaded(api, count, size)
    began = time.perf_counter()
    api.completed(batch(api, store, files), 0.02)
    return time.perf_counter() - began


def small_files(server: Server) -> float:
    """200 × 4 KB in one batch, files a second."""
    return 200 / min(batch_seconds(server, 200, 4000) for _ in range(2))


def large_files(server: Server) -> float:
    """100 × 100 KB in one batch, KB a second."""
    return 100 * 100 / batch_seconds(server, 100, 100_000)


def attach(server: Server) -> float:
    """Attach one file of 4 KB until it is searchable, median in ms."""
    api = Connection(server)
    store, files = new_store(api), uploaded(api, ROUNDS, 4000)

    def one(number: int) -> None:
        api.ask("POST", f"{store}/files", {"file_id": files[number]})
        api.completed(f"{store}/files/{files[number]}", 0.001)

    return median(one, ROUNDS)


def create_batch(server: Server) -> float:
    """Create a batch of 100 files, median in ms. Each is of other files, in a store of its own."""
    api, took = Connection(server), []
    for _ in range(8):
        store, files = new_store(api), uploaded(api, 100, 400)
        began = time.perf_counter()
        path = batch(api, store, files)
        took.append((time.perf_counter() - began) * 1000)
        api.completed(path, 0.02)
    return statistics.median(took)


def uploads(server: Server) -> float:
    """Uploads of 4 KB by eight clients, a second."""
    return per_second(server, _upload)


def _upload(api: Connection, number: int) -> None:
    api.upload(text(4000, number), "a.txt")


def get_store(server: Server) -> float:
    """GET of a store, one client, median in ms."""
    api = Connection(server)
    store = new_store(api)
    return median(lambda _: api.ask("GET", store), ROUNDS * 5)


def get_store_by_eight(server: Server) -> float:
    """GETs of a store by eight clients, a second."""
    return per_second(server, _get, new_store(Connection(server)))


def get_batch(server: Server) -> float:
    """GET of a batch, one client, median in ms."""
    api, path = ended_batch(server)
    return median(lambda _: api.ask("GET", path), ROUNDS * 5)


def get_batch_by_eight(server: Server) -> float:
    """GETs of a batch by eight clients, a second."""
    return per_second(server, _get, ended_batch(server)[1])


def ended_batch(server: Server) -> tuple[Connection, str]:
    """A connection, and the path of a batch that has ended."""
    api = Connection(server)
    path = batch(api, new_store(api), uploaded(api, 5, 400))
    api.completed(path, 0.02)
    return api, path


def _get(api: Connection, _number: int, path: str) -> None:
    api.ask("GET", path)


_searched: dict[str, str] = {}


def searched(server: Server) -> str:
    """The path of a store of about 10,000 chunks, made once for each server: 80 files of 200 KB at 100 tokens."""
    if server.name not in _searched:
        api = Connection(server)
        store = new_store(api)
        strategy = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 0}}
        files = uploaded(api, 80, 37_500)
        for first in range(0, len(files), 20):
            asked = {"file_ids": files[first : first + 20], "chunking_strategy": strategy}
            made = api.ask("POST", f"{store}/file_batches", asked)["id"]
            api.completed(f"{store}/file_batches/{made}", 0.1)
        _searched[server.name] = store
    return _searched[server.name]


def _search(api: Connection, number: int, store: str) -> None:
    words = [WORDS[(number * step + step) % len(WORDS)] for step in (1, 3, 5)]
    api.ask("POST", f"{store}/search", {"query": f"where is the {' '.join(words)} of {number}", "max_num_results": 10})


def search(server: Server) -> float:
    """Search in 10,000 chunks, one client, median in ms."""
    api, store = Connection(server), searched(server)
    return median(lambda number: _search(api, number, store), ROUNDS * 2)


def search_by_eight(server: Server) -> float:
    """Searches in 10,000 chunks by eight clients, a second."""
    return per_second(server, _search, searched(server))


def beside_ingest(server: Server) -> float:
    """GET of a store while 25 × 100 KB are ingested, median in ms."""
    api = Connection(server)
    other, store, files = new_store(api), new_store(api), uploaded(api, 25, 100_000)
    took: list[float] = []
    ended = threading.Event()
    path = batch(api, store, files)

    def wait() -> None:
        Connection(server).completed(path, 0.1)
        ended.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not ended.is_set():
        began = time.perf_counter()
        api.ask("GET", other)
        took.append((time.perf_counter() - began) * 1000)
        time.sleep(0.002)
    waiting.join()
    return statistics.median(took)


def median(call: Callable[[int], object], rounds: int) -> float:
    """The median time of a call, in ms, after one that warms up."""
    call(0)
    took = []
    for number in range(rounds):
        began = time.perf_counter()
        call(number)
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def per_second(server: Server, call: Callable[..., None], *arguments: str, seconds: float = 4.0) -> float:
    """Requests a second of eight clients, each a process with one connection."""
    ready = multiprocessing.Barrier(CLIENTS)
    counts: Queue[int] = multiprocessing.Queue()
    clients = [
        multiprocessing.Process(target=_client, args=(server, call, arguments, seconds, number, ready, counts))
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    total = sum(counts.get(timeout=120) for _ in clients)
    for client in clients:
        client.join()
    if total < 0:
        raise RuntimeError("a client's request failed")
    return float(total / seconds)


def _client(
    server: Server,
    call: Callable[..., None],
    arguments: tuple[str, ...],
    seconds: float,
    place: int,
    ready: Barrier,
    counts: Queue[int],
) -> None:
    api, count = Connection(server), 0
    try:
        call(api, place, *arguments)
        ready.wait()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            count += 1
            call(api, place * 100_000 + count, *arguments)
    except (RuntimeError, OSError, http.client.HTTPException) as error:
        print(f"    client {place}: {error}", flush=True)
        count = -(10**9)
    counts.put(count)


ROWS = [
    Row("200 × 4 KB in one batch", "files/s", True, small_files),
    Row("100 × 100 KB in one batch", "KB/s", True, large_files),
    Row("attach 4 KB until searchable", "ms", False, attach),
    Row("create a batch of 100", "ms", False, create_batch),
    Row("upload 4 KB, 8 clients", "/s", True, uploads),
    Row("get a store", "ms", False, get_store),
    Row("get a store, 8 clients", "/s", True, get_store_by_eight),
    Row("get a batch", "ms", False, get_batch),
    Row("get a batch, 8 clients", "/s", True, get_batch_by_eight),
    Row("search 10,000 chunks", "ms", False, search),
    Row("search 10,000 chunks, 8 clients", "/s", True, search_by_eight),
    Row("get a store beside 25 × 100 KB", "ms", False, beside_ingest),
]


if __name__ == "__main__":
    main()
