"""Events that are told to others: at least once, in order for each store, for three days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.bench import DAY_MS, PROJECT, Bench, DictIndex, Lost
from tests.support.hooks import Hooks, Sent
from vectorlog.domain.errors import QuotaReached
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log.codec import WEBHOOK_ENDPOINT
from vectorlog.reactions.tries import LENT_MS
from vectorlog.use_cases import file_batches, uploaded_files, vector_stores, webhooks
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.webhooks import MAX_ENDPOINTS
from vectorlog.views.sqlite import OUTBOX
from vectorlog.webhooks.sender import Unreachable
from vectorlog.work.messages import Deliver, decode

OTHER = Actor(Caller("other"), "req_2")
HOUR_MS = 3_600_000


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, index=DictIndex())
    yield bench
    bench.close()


@pytest.fixture
def hooks(bench: Bench) -> Hooks:
    return Hooks(bench)


def deleted(bench: Bench, number: int) -> list[str]:
    """Deletes this many new stores; returns their ids."""
    stores = [bench.store() for _ in range(number)]
    for store in stores:
        vector_stores.delete(bench.deployment, PROJECT, store)
    return stores


def batch_of(bench: Bench, store: str, *texts: str) -> tuple[str, list[str]]:
    """Creates a batch of new files."""
    files = [bench.upload(text) for text in texts]
    return bench.batch(store, files).id, files


def waiting(bench: Bench) -> int:
    """How many rows the outbox has."""
    return int(bench.derived.read().execute(f"SELECT count(*) FROM {OUTBOX}").fetchone()[0])


def silent(_: Sent) -> int:
    raise Unreachable("no answer came in time")


class TestWhatIsTold:
    def test_a_batch(self, bench: Bench, hooks: Hooks) -> None:
        """Each file of a batch is told, and after them the batch, once, with its counts."""
        hooks.endpoint()
        store = bench.store()
        batch, files = batch_of(bench, store, "alpha", "beta")
        hooks.settle()
        told = [sent.what for sent in hooks.got]
        assert sorted(told[:2]) == sorted(("vector_store.file.completed", file) for file in files)
        assert told[2:] == [("vector_store.file_batch.completed", batch)]
        counts = {"in_progress": 0, "completed": 2, "failed": 0, "cancelled": 0, "total": 2}
        assert hooks.got[2].event["data"] == {"id": batch, "vector_store_id": store, "file_counts": counts}
        assert bench.deployment.streams.log.read(batch)[-1].version == 1
        assert waiting(bench) == 0

    def test_a_cancelled_batch(self, bench: Bench, hooks: Hooks) -> None:
        """A batch that is cancelled is told when its last file has ended."""
        hooks.endpoint()
        store = bench.store()
        batch, _ = batch_of(bench, store, "alpha", "beta")
        file_batches.cancel(bench.deployment, PROJECT, store, batch)
        hooks.settle()
        assert [sent.what for sent in hooks.got] == [("vector_store.file_batch.cancelled", batch)]

    def test_a_batch_that_failed(self, bench: Bench, hooks: Hooks) -> None:
        """A batch of which every file failed has failed; a file says why by its code only."""
        hooks.endpoint()
        store = bench.store()
        batch, [file] = batch_of(bench, store, "damaged")
        hooks.settle()
        assert [sent.what for sent in hooks.got] == [
            ("vector_store.file.failed", file),
            ("vector_store.file_batch.failed", batch),
        ]
        assert hooks.got[0].event["data"]["last_error"].keys() == {"code"}

    def test_stores_and_files(self, bench: Bench, hooks: Hooks) -> None:
        """Stores that expire or are deleted, and files that are deleted, are told; nothing that a user wrote is."""
        hooks.endpoint()
        expiring = bench.store(name="zanzibar", expires_after_days=1)
        file = bench.upload("zanzibar", name="zanzibar.txt")
        [gone] = deleted(bench, 1)
        uploaded_files.delete(bench.deployment, PROJECT, file)
        bench.clock.advance(2 * DAY_MS)
        bench.pump.sweep()
        hooks.settle()
        told = sorted(sent.what for sent in hooks.got)
        wanted = [("file.deleted", file), ("vector_store.deleted", gone), ("vector_store.expired", expiring)]
        assert told == sorted(wanted)
        assert "zanzibar" not in str(hooks.got)

    def test_a_file_that_the_sweep_fails(self, bench: Bench, hooks: Hooks) -> None:
        """What no request caused is told too: the store says whose it is."""
        hooks.endpoint()
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file)
        bench.pump.project()
        bench.clock.advance(2 * DAY_MS)
        bench.pump.sweep()
        hooks.settle()
        assert [sent.what for sent in hooks.got] == [("vector_store.file.failed", file)]

    def test_only_what_was_asked_for(self, bench: Bench, hooks: Hooks) -> None:
        """An endpoint gets the types that it wants, of its own project, from its creation to its end."""
        deleted(bench, 1)
        hooks.settle()
        kept = hooks.endpoint("http://a.example/", ("vector_store.deleted",))
        gone = hooks.endpoint("http://b.example/")
        hooks.endpoint("http://c.example/", by=OTHER)
        webhooks.delete(bench.deployment, PROJECT, gone)
        [store] = deleted(bench, 1)
        bench.attach(bench.store(), bench.upload("alpha"))
        hooks.settle()
        assert [(sent.url, sent.what[1]) for sent in hooks.got] == [("http://a.example/", store)]
        assert webhooks.get(bench.deployment, PROJECT, kept).state.active

    def test_nothing_old(self, bench: Bench, hooks: Hooks) -> None:
        """A feed that begins anew tells nothing that is older than three days."""
        hooks.endpoint()
        deleted(bench, 1)
        hooks.settle()
        bench.clock.advance(4 * DAY_MS)
        [newer] = deleted(bench, 1)
        bench.pump.position = 0
        hooks.got.clear()
        hooks.settle()
        assert {sent.what[1] for sent in hooks.got} == {newer}

    def test_number_of_endpoints(self, bench: Bench, hooks: Hooks) -> None:
        """A project has a limited number of endpoints, because each batch of commits reads them all."""
        for _ in range(MAX_ENDPOINTS):
            hooks.endpoint()
        with pytest.raises(QuotaReached, match="webhook endpoints"):
            hooks.endpoint()
        hooks.endpoint(by=OTHER)


class TestOrder:
    def test_events_wait_behind_one_that_fails(self, bench: Bench, hooks: Hooks) -> None:
        """While an event of a store is refused, those after it wait; other stores go on."""
        hooks.endpoint()
        store, other = bench.store(), bench.store()
        batch_of(bench, store, "alpha", "beta")
        batch_of(bench, other, "gamma")
        hooks.answer = lambda sent: 500 if sent.event["data"].get("vector_store_id") == store else 200
        hooks.settle(HOUR_MS)
        assert {sent.event["data"]["vector_store_id"] for sent in hooks.got} == {other}
        refused = {sent.event["id"] for sent in hooks.tried if sent.event["data"]["vector_store_id"] == store}
        assert len(refused) == 1
        hooks.answer = lambda _: 200
        hooks.settle(HOUR_MS)
        of_store = [sent for sent in hooks.got if sent.event["data"]["vector_store_id"] == store]
        assert of_store[0].event["id"] in refused
        assert [sent.what[0] for sent in of_store][-1] == "vector_store.file_batch.completed"
        assert len(of_store) == 3

    def test_new_events_do_not_hurry_one_that_fails(self, bench: Bench, hooks: Hooks) -> None:
        """Further events of a store neither overtake one that waits for its next try, nor bring that forward."""
        hooks.endpoint()
        store = bench.store()
        hooks.answer = lambda _: 503
        for text in ("alpha", "beta", "gamma"):
            bench.attach(store, bench.upload(text))
            hooks.settle()
        assert len(hooks.tried) == 1
        hooks.answer = lambda _: 200
        hooks.settle(HOUR_MS)
        times = [sent.event["created_at"] for sent in hooks.got]
        assert len(times) == 3
        assert times == sorted(times)

    def test_two_workers(self, bench: Bench, hooks: Hooks) -> None:
        """While one worker sends the events of a store, another leaves them to it, and what comes meanwhile is sent."""
        hooks.endpoint()
        store = bench.store()
        bench.attach(store, bench.upload("alpha"))
        hooks.work()
        other = hooks.another()
        came: list[Sent] = []

        def meanwhile(sent: Sent) -> int:
            if not came:
                came.append(sent)
                bench.attach(store, bench.upload("beta"))
                hooks.work()
                for each in hooks.take():
                    message = decode(each.body)
                    assert isinstance(message, Deliver)
                    other.deliver(message)
                    hooks.queue.acknowledge([each.receipt])
            return 200

        hooks.answer = meanwhile
        hooks.settle()
        assert len(hooks.got) == 2
        assert len(hooks.tried) == 2
        assert waiting(bench) == 0

    def test_a_worker_that_died(self, bench: Bench, hooks: Hooks) -> None:
        """If a worker dies between a delivery and its record, the event is sent again with the same id, and then the
        next.
        """
        hooks.endpoint()
        store = bench.store()
        bench.attach(store, bench.upload("alpha"))
        hooks.work()

        def die(_: Sent) -> int:
            raise Lost

        hooks.answer = die
        with pytest.raises(Lost):
            hooks.deliver()
        bench.attach(store, bench.upload("beta"))
        hooks.work()
        hooks.answer = lambda _: 200
        hooks.queue.recall()
        hooks.settle(2 * LENT_MS)
        ids = [sent.event["id"] for sent in hooks.tried]
        assert ids[0] == ids[1]
        assert len(hooks.got) == 2
        assert waiting(bench) == 0

    def test_few_messages_wait_for_one_worker(self, bench: Bench, hooks: Hooks) -> None:
        """However many events come while a worker sends those of a store, one message waits for the end of its loan."""
        hooks.endpoint()
        store = bench.store()
        bench.attach(store, bench.upload("alpha"))
        hooks.work()
        other = hooks.another()

        def meanwhile(_: Sent) -> int:
            hooks.answer = lambda _: 200
            for i in range(20):
                bench.attach(store, bench.upload(f"beta {i}"))
                hooks.work()
                for each in hooks.take():
                    message = decode(each.body)
                    assert isinstance(message, Deliver)
                    other.deliver(message)
                    hooks.queue.acknowledge([each.receipt])
            assert hooks.queue.backlog().delayed == 1
            return 200

        hooks.answer = meanwhile
        hooks.settle(2 * LENT_MS)
        assert len(hooks.got) == 21
        assert waiting(bench) == 0

    def test_everything_twice(self, bench: Bench, hooks: Hooks) -> None:
        """Commits and messages that arrive twice send at most the same events again, each with its id."""
        hooks.endpoint()
        store = bench.store()
        _, files = batch_of(bench, store, "alpha", "beta")
        hooks.work()
        bench.pump.position = 0
        hooks.work()
        received = hooks.take()
        for each in (*received, *received):
            message = decode(each.body)
            assert isinstance(message, Deliver)
            hooks.deliverer.deliver(message)
        by_id = {sent.event["id"]: sent.what for sent in hooks.got}
        assert sorted(what[1] for what in by_id.values() if what[0] == "vector_store.file.completed") == sorted(files)
        assert len(by_id) == 3


class TestRetries:
    def test_back_off(self, bench: Bench, hooks: Hooks) -> None:
        """Tries come after 5 seconds, and then in waits that double up to an hour, for three days; then the endpoint is
        disabled, its owner sees why, and nothing waits any more.
        """
        endpoint = hooks.endpoint()
        deleted(bench, 1)
        hooks.answer = lambda _: 500
        hooks.settle(4 * DAY_MS)
        waits = [(after.at - before.at) / 1000 for before, after in zip(hooks.tried, hooks.tried[1:], strict=False)]
        assert all(
            0.8 * wanted <= wait <= 1.2 * wanted + 1 for wait, wanted in zip(waits, (5, 10, 20, 40), strict=False)
        )
        assert max(waits) <= 1.2 * 3600 + 1
        assert 3 * DAY_MS <= hooks.tried[-1].at - hooks.tried[0].at <= 3 * DAY_MS + 2 * HOUR_MS
        state = webhooks.get(bench.deployment, PROJECT, endpoint).state
        assert (state.disabled, state.active) == ("failing", False)
        assert waiting(bench) == 0
        tried = len(hooks.tried)
        deleted(bench, 1)
        hooks.settle(DAY_MS)
        assert len(hooks.tried) == tried

    def test_a_change_enables_it(self, bench: Bench, hooks: Hooks) -> None:
        """A disabled endpoint gets events again once its owner has changed it, even to what it was."""
        endpoint = hooks.endpoint()
        hooks.answer = lambda _: 410
        deleted(bench, 1)
        hooks.settle()
        assert webhooks.get(bench.deployment, PROJECT, endpoint).state.disabled == "gone"
        hooks.answer = lambda _: 200
        webhooks.change(bench.deployment, PROJECT, endpoint)
        [store] = deleted(bench, 1)
        hooks.settle()
        assert [sent.what[1] for sent in hooks.got] == [store]

    def test_a_change_begins_the_three_days_anew(self, bench: Bench, hooks: Hooks) -> None:
        """A lane that failed for three days does not disable an endpoint that was changed since."""
        endpoint = hooks.endpoint()
        hooks.answer = lambda _: 500
        deleted(bench, 2)
        hooks.settle(3 * DAY_MS - 2 * HOUR_MS)
        webhooks.change(bench.deployment, PROJECT, endpoint, url="http://b.example/")
        hooks.settle(DAY_MS)
        assert webhooks.get(bench.deployment, PROJECT, endpoint).state.active
        hooks.answer = lambda _: 200
        hooks.settle(2 * HOUR_MS)
        assert len(hooks.got) == 2

    def test_success_begins_the_three_days_anew(self, bench: Bench, hooks: Hooks) -> None:
        """An endpoint that takes an event now and then is never disabled."""
        endpoint = hooks.endpoint()
        for _ in range(4):
            store = bench.store()
            hooks.answer = lambda _: 500
            vector_stores.delete(bench.deployment, PROJECT, store)
            hooks.settle(DAY_MS)
            hooks.answer = lambda _: 200
            hooks.settle(2 * HOUR_MS)
            assert hooks.got[-1].what[1] == store
        assert webhooks.get(bench.deployment, PROJECT, endpoint).state.active

    def test_another_endpoint_goes_on(self, bench: Bench, hooks: Hooks) -> None:
        """An endpoint that fails holds back no other endpoint."""
        hooks.endpoint("http://bad.example/")
        hooks.endpoint("http://good.example/")
        hooks.answer = lambda sent: 500 if "bad" in sent.url else 200
        stores = deleted(bench, 5)
        hooks.settle()
        assert sorted(sent.what[1] for sent in hooks.got) == sorted(stores)

    def test_a_silent_endpoint_is_asked_seldom(self, bench: Bench, hooks: Hooks) -> None:
        """Of many stores, one at a time asks an endpoint that does not answer; when it is back, all is sent."""
        hooks.endpoint()
        stores = deleted(bench, 50)
        hooks.answer = silent
        hooks.settle(HOUR_MS)
        assert len(hooks.tried) < 150  # 50 stores by themselves would ask 450 times
        hooks.answer = lambda _: 200
        hooks.settle(2 * HOUR_MS)
        assert sorted(sent.what[1] for sent in hooks.got) == sorted(stores)
        assert waiting(bench) == 0

    @pytest.mark.parametrize("stores", [1, 5])
    def test_a_silent_endpoint_has_its_events_soon(self, bench: Bench, hooks: Hooks, stores: int) -> None:
        """However long it has been silent, it is asked every five minutes, so it has its events soon after it is back;
        the documented three days hold for it too.
        """
        endpoint = hooks.endpoint()
        deleted(bench, stores)
        hooks.answer = silent
        hooks.settle(8 * HOUR_MS)
        tried = [each.at for each in hooks.tried]
        assert max(after - before for before, after in pairwise(tried)) <= 300_000
        assert len(tried) < 8 * 60 / 2  # and not much more often
        if stores == 1:
            hooks.settle(3 * DAY_MS)
            assert webhooks.get(bench.deployment, PROJECT, endpoint).state.disabled == "failing"
            assert waiting(bench) == 0

    def test_another_key(self, bench: Bench, hooks: Hooks) -> None:
        """Without the key of its secrets an endpoint is disabled, and gets nothing with a wrong signature; a rotation
        and a change mend it.
        """
        endpoint = hooks.endpoint()
        hooks.key = b"x" * 32
        deleted(bench, 1)
        hooks.settle()
        assert hooks.tried == []
        assert webhooks.get(bench.deployment, PROJECT, endpoint).state.disabled == "key_lost"
        webhooks.rotate_secret(bench.deployment, PROJECT, endpoint, keep_old=False)
        webhooks.change(bench.deployment, PROJECT, endpoint)
        [store] = deleted(bench, 1)
        hooks.settle()
        assert [sent.what[1] for sent in hooks.got] == [store]

    def test_deleted_while_it_fails(self, bench: Bench, hooks: Hooks) -> None:
        """What waits for an endpoint is dropped when it is deleted."""
        endpoint = hooks.endpoint()
        deleted(bench, 2)
        hooks.answer = lambda _: 500
        hooks.settle()
        webhooks.delete(bench.deployment, PROJECT, endpoint)
        hooks.answer = lambda _: 200
        hooks.settle(HOUR_MS)
        assert hooks.got == []
        assert waiting(bench) == 0


class TestBus:
    def test_all_projects(self, bench: Bench) -> None:
        """The event bus gets the events of all projects, each with its project, in order for each store."""
        hooks = Hooks(bench, bus=True)
        store = bench.store(OTHER)
        bench.batch(store, [bench.upload("alpha", OTHER)], OTHER)
        deleted(bench, 1)
        hooks.bus_fails = 2
        hooks.settle(HOUR_MS)
        types = [event["type"] for event in hooks.on_bus if event["project"] == "other"]
        assert types == ["vector_store.file.completed", "vector_store.file_batch.completed"]
        assert [event["type"] for event in hooks.on_bus if event["project"] == "acme"] == ["vector_store.deleted"]
        assert hooks.tried == []

    def test_never_disabled(self, bench: Bench) -> None:
        """A bus that fails for a week gets everything afterwards."""
        hooks = Hooks(bench, bus=True)
        deleted(bench, 3)
        hooks.bus_fails = 1_000_000
        hooks.settle(7 * DAY_MS)
        hooks.bus_fails = 0
        hooks.settle(2 * HOUR_MS)
        assert len(hooks.on_bus) == 3


def test_without_webhooks(bench: Bench, hooks: Hooks) -> None:
    """A process that sends none keeps nothing for endpoints that it cannot serve."""
    endpoint = hooks.endpoint()
    bench.deployment = replace(bench.deployment, webhooks=None)
    deleted(bench, 1)
    hooks.work()
    hooks.deliverer = hooks.another()
    hooks.settle()
    assert hooks.tried == []
    assert bench.deployment.streams.load(WEBHOOK_ENDPOINT, endpoint).state.active
