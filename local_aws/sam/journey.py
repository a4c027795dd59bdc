"""A user's journey with the `openai` client on a deployment in containers; every request is timed."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

import httpx2
from openai import AuthenticationError, DefaultHttpxClient, NotFoundError, OpenAI

from vectorlog.api.routes import find

PREFIX = "/v1"
TEXTS = {
    "fox.txt": b"The quick brown fox jumps over the lazy dog.",
    "harbour.txt": b"The harbour master keeps the signal lights burning through the winter.",
    "bread.txt": b"Knead the dough for ten minutes, let it rise for an hour, and bake it until it is golden.",
    "engine.txt": b"A four-stroke engine takes in, compresses, burns and expels its mixture of fuel and air.",
}
BYTES = bytes(range(256))
QUESTIONS = {"Which animal jumps?": "fox.txt", "How long does the dough rise?": "bread.txt"}
REQUEST_S = 60
POLL_MS = 250


class WentWrong(Exception):
    """An answer differs from what the API promises; the message says how."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was answered."""

    operation: str
    status: int
    seconds: float


@contextmanager
def recording(url: str, key: str, requests: list[Request]) -> Iterator[OpenAI]:
    """A client of a deployment; its answered requests are appended to `requests`."""
    began: dict[int, float] = {}

    def starts(request: httpx2.Request) -> None:
        began[id(request)] = monotonic()

    def ends(response: httpx2.Response) -> None:
        response.read()
        sent = response.request
        requests.append(
            Request(_operation(sent.method, sent.url.path), response.status_code, monotonic() - began.pop(id(sent)))
        )

    hooks: dict[str, list[Callable[..., None]]] = {"request": [starts], "response": [ends]}
    with DefaultHttpxClient(event_hooks=hooks, timeout=REQUEST_S) as pool:
        yield OpenAI(base_url=f"{url}{PREFIX}", api_key=key, http_client=pool, max_retries=0)


def journey(client: OpenAI) -> None:
    """Uploads, creates a store, attaches a file, attaches a batch of three, polls, searches, reads back and deletes;
    then makes requests that must be refused.

    Raises:
        WentWrong: an answer is wrong.
    """
    files = {name: client.files.create(file=(name, text), purpose="assistants").id for name, text in TEXTS.items()}
    store = client.vector_stores.create(name="Journey").id
    first, *others = files.values()
    row = client.vector_stores.files.create_and_poll(first, vector_store_id=store, poll_interval_ms=POLL_MS)
    _check(row.status == "completed", f"the attached file ended as {row.status}: {row.last_error}")
    batch = client.vector_stores.file_batches.create_and_poll(store, file_ids=others, poll_interval_ms=POLL_MS)
    _check(batch.file_counts.completed == len(others), f"the batch ended with {batch.file_counts}")
    counts = client.vector_stores.retrieve(store).file_counts
    _check(counts.completed == counts.total == len(files), f"the store counts {counts}")
    for question, name in QUESTIONS.items():
        found = client.vector_stores.search(store, query=question).data
        _check(bool(found) and found[0].filename == name, f"{question!r} found {[each.filename for each in found]}")
    binary = client.files.create(file=("all.bin", BYTES), purpose="assistants").id
    for file, content in {first: TEXTS["fox.txt"], binary: BYTES}.items():
        # By default the client accepts only `application/binary`, and sam then leaves other types in base64.
        back = client.files.content(file, extra_headers={"Accept": "*/*"}).read()
        _check(back == content, f"of {content!r} came back {back!r}")
    client.vector_stores.files.delete(first, vector_store_id=store)
    left = {each.id for each in client.vector_stores.files.list(store)}
    _check(left == set(others), f"after a delete the store lists {left}")
    found = client.vector_stores.search(store, query="Which animal jumps?").data
    _check(first not in {each.file_id for each in found}, "a search found a deleted file")
    for file in (*files.values(), binary):
        client.files.delete(file)
    client.vector_stores.delete(store)
    try:
        client.vector_stores.retrieve(store)
    except NotFoundError:
        pass
    else:
        raise WentWrong("a deleted store is still there")
    try:
        client.with_options(api_key="sk-wrong").vector_stores.list()
    except AuthenticationError:
        return
    raise WentWrong("a wrong key opened the API")


def table(requests: list[Request]) -> str:
    """A Markdown table of operations in order of their first request; times in ms."""
    head = ("operation", "requests", "answers", "first ms", "later ms (median)"), ("---", "--:", "---", "--:", "--:")
    rows = []
    for operation in dict.fromkeys(each.operation for each in requests):
        of = [each for each in requests if each.operation == operation]
        later = [each.seconds for each in of[1:]]
        answers = ", ".join(map(str, dict.fromkeys(each.status for each in of)))
        rows.append(
            (operation, str(len(of)), answers, _ms(of[0].seconds), _ms(statistics.median(later)) if later else "")
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in (*head, *rows))


def _operation(method: str, path: str) -> str:
    routes, _ = find(path.removeprefix(PREFIX))
    return f"{method} {PREFIX}{routes[method].path}" if method in routes else f"{method} {path}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f}"


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise WentWrong(otherwise)
