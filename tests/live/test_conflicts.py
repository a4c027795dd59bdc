"""Conflicting commands, sent in parallel from many threads: everything ends, and every count adds up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from tests.embedding.stub_server import StubServer
from tests.live.live_server import until
from tests.live.uploads import ended, settled, upload, upload_many


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Starts all calls at the same moment; returns their results in order."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@contextmanager
def watching(client: OpenAI, store: str, *batches: str) -> Iterator[list[str]]:
    """Polls the counts of a store and of batches meanwhile, and collects those that do not add up."""
    wrong: list[str] = []
    polls = 0
    stop = threading.Event()

    def watch() -> None:
        nonlocal polls
        while not stop.is_set():
            counted = {store: client.vector_stores.retrieve(store).file_counts.to_dict()}
            for batch in batches:
                found = client.vector_stores.file_batches.retrieve(batch, vector_store_id=store).file_counts.to_dict()
                counted[batch] = found
            for thing, counts in counted.items():
                numbers = {name: int(str(number)) for name, number in counts.items()}
                if sum(numbers.values()) != 2 * numbers["total"] or min(numbers.values()) < 0:
                    wrong.append(f"{thing}: {counts}")
            polls += 1

    with ThreadPoolExecutor(1) as pool:
        watched = pool.submit(watch)
        try:
            yield wrong
        finally:
            stop.set()
    watched.result()
    assert polls > 1
    assert wrong == []


def counts_of(client: OpenAI, store: str) -> dict[str, object]:
    """The store's counts that are not 0."""
    return {
        name: number for name, number in client.vector_stores.retrieve(store).file_counts.to_dict().items() if number
    }


class TestCancel:
    @pytest.mark.long
    def test_while_files_end(self, client: OpenAI, stub: StubServer) -> None:
        """A batch cancelled in the middle: completed files stay and are found, the rest is cancelled, and nothing
        changes later.
        """
        stub.delay = 0.1
        store = client.vector_stores.create().id
        files = upload_many(client, [f"cancelled words {number}" for number in range(60)])
        batch = client.vector_stores.file_batches.create(store, file_ids=files).id
        with watching(client, store, batch):
            until(
                lambda: client.vector_stores.file_batches.retrieve(batch, vector_store_id=store).file_counts.completed,
                "a first file",
            )
            cancels = at_once(*[partial(client.vector_stores.file_batches.cancel, batch, vector_store_id=store)] * 4)
            assert {each.status for each in cancels} == {"cancelled"}
            final = ended(client, store, batch)
        statuses = settled(client, store)
        assert sorted(statuses) == sorted(files)
        completed = {file for file, status in statuses.items() if status == "completed"}
        assert {status for file, status in statuses.items() if file not in completed} == {"cancelled"}
        assert (final.file_counts.completed, final.file_counts.cancelled) == (len(completed), 60 - len(completed))
        found = client.vector_stores.search(store, query="cancelled words", max_num_results=50)
        assert {hit.file_id for hit in found} <= completed
        assert found.data
        assert client.vector_stores.file_batches.retrieve(batch, vector_store_id=store).file_counts == final.file_counts

    @pytest.mark.long
    def test_of_one_of_two_batches(self, client: OpenAI, stub: StubServer) -> None:
        """A file in two batches, one of which is cancelled: the other one completes it."""
        stub.delay = 0.2
        store = client.vector_stores.create().id
        files = upload_many(client, [f"shared {number}" for number in range(10)])
        create = partial(client.vector_stores.file_batches.create, store, file_ids=files)
        first, second = at_once(create, create)
        with watching(client, store, first.id, second.id):
            cancelled = client.vector_stores.file_batches.cancel(first.id, vector_store_id=store)
            kept = ended(client, store, second.id)
        assert cancelled.status == "cancelled"
        assert kept.status == "completed"
        assert kept.file_counts.completed == 10
        assert counts_of(client, store) == {"completed": 10, "total": 10}


class TestAttach:
    def test_sixteen_times_at_once(self, client: OpenAI) -> None:
        """One file attached by sixteen parallel requests is in the store once, and completes."""
        store = client.vector_stores.create().id
        file = upload(client, "only once")
        answers = at_once(*[partial(client.vector_stores.files.create, store, file_id=file)] * 16)
        assert {answer.id for answer in answers} == {file}
        assert settled(client, store) == {file: "completed"}
        assert counts_of(client, store) == {"completed": 1, "total": 1}
        assert [hit.file_id for hit in client.vector_stores.search(store, query="once")] == [file]

    def test_attributes_change_while_it_is_ingested(self, client: OpenAI, stub: StubServer) -> None:
        """The newest attributes hold, in the file's answer and in the next search, whenever they arrive."""
        stub.delay = 0.05
        store = client.vector_stores.create().id
        files = upload_many(client, [f"tagged text {number}" for number in range(12)])
        client.vector_stores.file_batches.create(store, file_ids=files)
        with watching(client, store):
            for revision in range(4):
                at_once(
                    *[
                        partial(
                            client.vector_stores.files.update,
                            file,
                            vector_store_id=store,
                            attributes={"revision": revision},
                        )
                        for file in files
                    ]
                )
                for old in range(revision):
                    stale: Any = {"type": "eq", "key": "revision", "value": old}
                    assert client.vector_stores.search(store, query="tagged", filters=stale).data == []
        assert set(settled(client, store).values()) == {"completed"}
        newest: Any = {"type": "eq", "key": "revision", "value": 3}
        found = client.vector_stores.search(store, query="tagged", filters=newest, max_num_results=50)
        assert {hit.file_id for hit in found} == set(files)
        assert [hit.attributes for hit in found] == [{"revision": 3}] * 12


class TestRemove:
    @pytest.mark.long
    @pytest.mark.parametrize("way", ["detach", "delete the file"])
    def test_while_it_is_ingested(self, way: str, client: OpenAI, stub: StubServer) -> None:
        """Half of a batch that is detached while it is ingested is gone immediately and for good; the other half
        completes.
        """
        stub.delay = 0.05
        store = client.vector_stores.create().id
        files = upload_many(client, [f"{'going' if number % 2 else 'staying'} text {number}" for number in range(24)])
        going, staying = files[1::2], files[::2]
        batch = client.vector_stores.file_batches.create(store, file_ids=files).id

        def remove(file: str) -> None:
            if way == "detach":
                client.vector_stores.files.delete(file, vector_store_id=store)
            else:
                client.files.delete(file)

        with watching(client, store, batch):
            at_once(*[partial(remove, file) for file in going])
            hits = client.vector_stores.search(store, query="going text", max_num_results=50)
            assert not {hit.file_id for hit in hits} & set(going)
            final = ended(client, store, batch)
        assert settled(client, store) == dict.fromkeys(staying, "completed")
        assert final.file_counts.total == 24
        assert final.file_counts.completed >= 12
        hits = client.vector_stores.search(store, query="going text", max_num_results=50)
        assert {hit.file_id for hit in hits} == set(staying)
        for file in going:
            with pytest.raises(NotFoundError):
                client.vector_stores.files.retrieve(file, vector_store_id=store)


class TestEverything:
    def test_a_mixed_storm_is_answered(self, client: OpenAI, stub: StubServer) -> None:
        """Attach, detach, re-attach with other settings, cancel and search at random: no request fails unexpectedly,
        and all counts add up.
        """
        stub.delay = 0.02
        store = client.vector_stores.create().id
        files = upload_many(client, [f"storm {number}" for number in range(8)])
        batches = [client.vector_stores.file_batches.create(store, file_ids=files).id for _ in range(2)]

        def storm(seed: int) -> None:
            for step in range(6):
                file = files[(seed * 5 + step * 3) % len(files)]
                choices: list[Callable[[], object]] = [
                    partial(client.vector_stores.files.create, store, file_id=file, attributes={"seed": seed}),
                    partial(client.vector_stores.files.delete, file, vector_store_id=store),
                    partial(client.vector_stores.search, store, query="storm"),
                    partial(client.vector_stores.files.update, file, vector_store_id=store, attributes={"seed": -seed}),
                    partial(client.vector_stores.file_batches.create, store, file_ids=files[seed % 4 :]),
                ]
                try:
                    choices[(seed + step) % 5]()
                except NotFoundError:
                    continue  # detached by another thread

        with watching(client, store, *batches):
            at_once(*[partial(storm, seed) for seed in range(8)])
            client.vector_stores.file_batches.cancel(batches[0], vector_store_id=store)
            for batch in batches:
                ended(client, store, batch)
            statuses = settled(client, store)
        counts = client.vector_stores.retrieve(store).file_counts
        assert counts.total == len(statuses)
        assert counts.completed == sum(status == "completed" for status in statuses.values())
        assert {hit.file_id for hit in client.vector_stores.search(store, query="storm", max_num_results=50)} == {
            file for file, status in statuses.items() if status == "completed"
        }

    def test_a_missing_file_attaches_nothing(self, client: OpenAI) -> None:
        """A batch that names a deleted file is refused as a whole, even while that file is being deleted."""
        store = client.vector_stores.create().id
        files = upload_many(client, ["one", "two"])

        def create() -> str | None:
            try:
                return client.vector_stores.file_batches.create(store, file_ids=files).id
            except (NotFoundError, BadRequestError):
                return None

        batch, _ = at_once(create, partial(client.files.delete, files[1]))
        if batch is None:
            assert settled(client, store) == {}
        else:
            ended(client, store, batch)
            assert settled(client, store) == {files[0]: "completed"}
