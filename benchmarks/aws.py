"""Measures what each operation of the AWS edition costs: calls, sequential round trips and capacity units. Exact, on
local servers.

    ./dev bench aws

Prints first what depends on the machine: how long the embed function takes for a long document, and the largest batch
with every function in its own processes. Then it prints the table of docs/costs.md, and the cost of an attach in stores
of several sizes; and last what the projector makes of many stores (benchmarks/projector.py).
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from benchmarks.projector import many_stores
from local_aws.servers import VARIABLE, Servers
from local_aws.servers import running as servers_running
from tests.support import aws_batch, aws_embed
from tests.support.aws_costs import ACTOR, Measured, measured, spooled
from tests.support.aws_meter import Cost
from vectorlog.api.input.schemas import MAX_BATCH_FILES
from vectorlog.defaults import DAY_MS
from vectorlog.domain import store_file, uploaded_file
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.filters import Scalar
from vectorlog.domain.ids import make, store_file_stream
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.store_file import SINGLE, Attach, Ingested, Placement
from vectorlog.event_log.codec import STORE_FILE, UPLOADED_FILE
from vectorlog.event_log.streams import Plan
from vectorlog.use_cases import file_batches, search, store_files, uploaded_files, uploads, usage, vector_stores
from vectorlog.use_cases.pages import PageRequest
from vectorlog.use_cases.store_files import AttachFile
from vectorlog.use_cases.uploads import CreateUpload, ReceivedPart
from vectorlog.use_cases.usage import UsageQuery
from vectorlog.use_cases.vector_stores import CreateStore

TEXT = "The harbour master keeps the signal lights of the winter engine in a paper window.\n" * 4
ATTRIBUTES: dict[str, Scalar] = {"author": "Ada Lovelace", "year": 1843, "public": True}
MINUTE_MS = 60_000
SIZES = (100, 1_000, 10_000)
SAMPLES = 20


@dataclass(frozen=True, slots=True)
class Line:
    """An operation and its cost."""

    operation: str
    cost: Cost

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The operation as a row of the table."""
        calls = ", ".join(f"{count} {name}" for name, count in sorted(self.cost.calls.items()))
        return (
            self.operation,
            calls,
            str(self.cost.round_trips),
            str(self.cost.write_units),
            f"{self.cost.read_units:g}",
        )


def table(lines: Sequence[Line]) -> str:
    """A Markdown table."""
    head = ("operation", "calls", "round trips", "WCU", "RCU")
    rows = [head, ("---", "---", "--:", "--:", "--:"), *(line.cells for line in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def lines(made: Measured) -> Iterator[Line]:
    """Measures every operation of the table."""
    deployment = made.deployment

    def line(operation: str, request: Callable[[], object]) -> Line:
        return Line(operation, made.cost(request))

    files = seeded_files(made, 2_000)
    yield line("create a store", lambda: vector_stores.create(deployment, ACTOR, CreateStore(name="Handbooks")))
    first = [BatchItem(file, ATTRIBUTES) for file in files[:20]]
    yield line(
        "create a store with 20 files", lambda: vector_stores.create(deployment, ACTOR, CreateStore(files=tuple(first)))
    )
    store = new_store(made)
    yield line("upload a file", lambda: upload(made))
    yield from in_parts(made)
    yield line("attach a file", lambda: attach(made, store, files[0]))
    yield line(
        "attach a file, a minute after the store's last use",
        lambda: after_a_minute(made, lambda: attach(made, store, files[1])),
    )
    yield line("attach a file again", lambda: attach(made, store, files[0], author="Mary Somerville"))
    other = TEXT.replace("winter", "summer")  # equal texts are embedded once
    completed(made, store, upload(made, other))  # the first attach creates the index
    whole = upload(made)
    yield line("one file, attached until completed", lambda: completed(made, store, whole))
    for count in (20, 100, 380, 500, 2_000):
        yield line(f"create a batch of {count:,} files", partial(new_batch, made, new_store(made), files[:count]))
    serving = files[2:25]
    for each in serving:
        attach(made, store, each)
    serve(made, store, serving)
    yield line("get a file in a store that ended today", lambda: store_files.get(deployment, ACTOR, store, files[3]))
    made.clock.advance(DAY_MS)
    batch = new_batch(made, new_store(made), files[:40])
    newest = [new_store(made) for _ in range(21)][-1]
    yield line("get a store", lambda: vector_stores.get(deployment, ACTOR, store))
    yield line("get a file", lambda: uploaded_files.get(deployment, ACTOR, files[0]))
    yield line("get a file in a store", lambda: store_files.get(deployment, ACTOR, store, files[3]))
    yield line("get a batch", lambda: file_batches.get(deployment, ACTOR, batch.state.store, batch.id))
    page = PageRequest()
    yield line("list 20 stores", lambda: vector_stores.list_page(deployment, ACTOR, page))
    yield line("list the next 20 stores", lambda: vector_stores.list_page(deployment, ACTOR, PageRequest(after=newest)))
    yield line("list 20 files", lambda: uploaded_files.list_page(deployment, ACTOR, page, None, None))
    yield line("list 20 files in a store", lambda: store_files.list_page(deployment, ACTOR, store, page, None))
    yield line(
        "list the next 20 files in a store",
        lambda: store_files.list_page(deployment, ACTOR, store, PageRequest(after=whole), None),
    )
    yield line(
        "list 20 completed files in a store", lambda: store_files.list_page(deployment, ACTOR, store, page, "completed")
    )
    yield line(
        "list 20 files of a batch",
        lambda: file_batches.list_files(deployment, ACTOR, batch.state.store, batch.id, page, None),
    )
    asked = search.Search(("harbour lights",))
    search.search(deployment, ACTOR, store, asked)  # the first search in a minute appends the use
    yield line("search", lambda: search.search(deployment, ACTOR, store, asked))
    yield line(
        "search, a minute after the last",
        lambda: after_a_minute(made, lambda: search.search(deployment, ACTOR, store, asked)),
    )
    month = UsageQuery("stores", usage.today(deployment), 31)
    yield line("report the usage of a month", lambda: usage.report(deployment, ACTOR, month))
    yield line(
        "change a store",
        lambda: vector_stores.modify(deployment, ACTOR, store, lambda state: ("Charts", state.metadata, None)),
    )
    yield line(
        "change a file's attributes",
        lambda: store_files.change_attributes(deployment, ACTOR, store, whole, {"year": 1844}),
    )
    yield line("detach a file", lambda: store_files.detach(deployment, ACTOR, store, whole))
    yield line("delete a file that is in one store", lambda: uploaded_files.delete(deployment, ACTOR, files[3]))
    yield line("delete a store", lambda: vector_stores.delete(deployment, ACTOR, store))


def new_store(made: Measured) -> str:
    """Creates an empty store."""
    made.clock.advance(1)
    return vector_stores.create(made.deployment, ACTOR, CreateStore(name="Handbooks")).id


def new_batch(made: Measured, store: str, files: Sequence[str]) -> file_batches.BatchView:
    """Creates a batch that no work has reached."""
    return file_batches.create(
        made.deployment, ACTOR, store, [BatchItem(file, ATTRIBUTES) for file in files], "file_ids"
    )


def upload(made: Measured, text: str = TEXT) -> str:
    """Uploads a small file; returns its id."""
    with spooled(text) as path:
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        command = uploaded_files.Upload("handbook.txt", "assistants", path, len(text), sha256, "text/plain")
        return uploaded_files.upload(made.deployment, ACTOR, command).id


def in_parts(made: Measured) -> Iterator[Line]:
    """Measures the operations of an upload of eight parts of 4 MB."""
    deployment, size = made.deployment, 4 << 20
    command = CreateUpload("film.bin", "user_data", 8 * size, "application/octet-stream")
    created: list[str] = []
    parts: list[str] = []
    yield Line("create an upload", made.cost(lambda: created.append(uploads.create(deployment, ACTOR, command).id)))

    def add(number: int) -> None:
        content = bytes([number]) * size
        with spooled(content.decode("latin-1")) as path:
            path.write_bytes(content)
            received = ReceivedPart(path, size, hashlib.sha256(content).hexdigest())
            parts.append(uploads.add_part(deployment, ACTOR, created[0], received).id)

    yield Line("add a part", made.cost(lambda: add(0)))
    for number in range(1, 8):
        add(number)
    complete = partial(uploads.complete, deployment, ACTOR, created[0], parts, None, lambda _: None)
    yield Line("complete an upload of 8 parts of 4 MB", made.cost(complete))


def attach(made: Measured, store: str, file: str, **attributes: Scalar) -> None:
    """Attaches as a request does."""
    store_files.attach(made.deployment, ACTOR, store, AttachFile(file, {**ATTRIBUTES, **attributes}, AUTO))


def after_a_minute(made: Measured, request: Callable[[], object]) -> None:
    """Makes a request once the store's next use is due to be appended."""
    made.clock.advance(MINUTE_MS)
    request()


def completed(made: Measured, store: str, file: str) -> None:
    """Everything that follows from an attach: the request, the projector on each commit, the worker, until the file
    serves.
    """
    stream = store_file_stream(store, file)
    attach(made, store, file)
    made.project(stream)
    made.ingest()
    made.project(stream, 1)


def serve(made: Measured, store: str, files: Sequence[str]) -> None:
    """Lets files serve without reading them."""
    command = Ingested(made.clock(), generation=1, chunks=1, usage_bytes=len(TEXT), pages=0, revision=1)
    made.seed(
        [
            Plan(STORE_FILE, store_file_stream(store, file), lambda state: store_file.ingested(state, command))
            for file in files
        ]
    )


def seeded_files(made: Measured, count: int) -> list[str]:
    """Creates files without their bytes."""
    sha256 = hashlib.sha256(TEXT.encode()).hexdigest()
    owner, at = ACTOR.caller.as_owner(), made.clock()
    event = uploaded_file.FileUploaded(
        at=at,
        owner=owner,
        filename="handbook.txt",
        purpose="assistants",
        size=len(TEXT),
        sha256=sha256,
        content_type="text/plain",
        expires_at=None,
    )
    files = [make("file", made.random.randbytes(16)) for _ in range(count)]
    made.seed([Plan(UPLOADED_FILE, file, lambda state: uploaded_file.upload(state, event)) for file in files])
    return files


def flat(made: Measured, count: int, samples: int = SAMPLES) -> list[Cost]:
    """The cost of attaching one more file, in several samples, in a store that was seeded with `count` files."""
    store, at = new_store(made), made.clock()
    new = seeded_files(made, samples)
    command = Attach(
        at, at, SINGLE, Placement(at), "handbook.txt", hashlib.sha256(TEXT.encode()).hexdigest(), ATTRIBUTES, AUTO
    )
    names = (make("file", made.random.randbytes(16)) for _ in range(count))
    made.seed(
        [
            Plan(STORE_FILE, store_file_stream(store, name), lambda state: store_file.attach(state, command))
            for name in names
        ]
    )
    return [made.cost(partial(attach, made, store, file)) for file in new]


@contextmanager
def servers() -> Iterator[Servers]:
    """The running servers that the environment names, or new ones."""
    if VARIABLE in os.environ:
        yield Servers.of(os.environ[VARIABLE])
        return
    with servers_running() as started:
        os.environ.update(started.environment)
        yield started


def attaching(made: Measured) -> bool:
    """Prints the cost of an attach in stores of several sizes; returns whether it is the same in all."""
    costs = {count: flat(made, count) for count in SIZES}
    for count, found in costs.items():
        sample = Line(f"attach a file to {count:,}", found[0])
        print(
            " | ".join(sample.cells),
            f"| {SAMPLES} samples {'alike' if found == [found[0]] * SAMPLES else 'differ'}",
            flush=True,
        )
    return len({repr(cost) for found in costs.values() for cost in found}) == 1


def whole_batch(servers: Servers) -> bool:
    """Runs the largest batch and prints the result; returns whether every poll was right and nothing is left over."""
    with aws_batch.running(servers) as deployment:
        run = aws_batch.run(deployment, MAX_BATCH_FILES)
        verified, left = aws_batch.verified(deployment), aws_batch.left(deployment, servers)
    show(f"upload {run.count:,} small files, 4 clients", f"{run.count / run.uploading:.0f} files/s")
    show("create a batch of them", f"{run.answering * 1000:.0f} ms")
    show("until all have ended", f"{run.seconds:.0f} s, {run.count / run.seconds:.0f} files/s: {run.polls[-1].batch}")
    show("polls of batch and store", f"{len(run.polls)}, {len(run.wrong)} of them wrong")
    show("verify", f"{verified} {left} messages in queues and dead letters.")
    return run.ended_well and not left


def long_document(servers: Servers) -> bool:
    """Prints the time of a long document; returns whether one invocation was enough."""
    with aws_embed.desk(servers) as desk:
        state = desk.ingest(desk.attached(aws_embed.pdf(aws_embed.PAGES)))
        peak, allowed, took = (
            desk.peak(),
            desk.function.memory_mb,
            [invocation.seconds for invocation in desk.invocations],
        )
    show(
        f"a PDF of {aws_embed.PAGES} pages",
        f"{state.status} after {', '.join(f'{seconds:.1f} s' for seconds in took)}: {state.serving}",
    )
    show(
        "memory at most",
        f"{peak.total:.0f} MB of {allowed:,}: the function {peak.function:.0f}, its reader {peak.reader:.0f}",
    )
    return len(took) == 1 and state.status == "completed" and peak.total < allowed


def show(name: str, value: str) -> None:
    """Prints one measurement."""
    print(f"{name:<44}{value}", flush=True)


def main() -> int:
    """The exit status: 1 if the cost grows with the store, a count was wrong, something was left over, or a document
    did not fit.
    """
    with servers() as running:
        right = [
            long_document(running),
            whole_batch(running),
        ]  # first: streams of DynamoDB Local are slow after many writes
        with measured(running) as made:
            print(table(list(lines(made))), flush=True)
            right.append(attaching(made))
        right.append(many_stores(running))
    return int(not all(right))


if __name__ == "__main__":
    sys.exit(main())
