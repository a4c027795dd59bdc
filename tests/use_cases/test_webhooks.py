"""Webhook endpoints beside exports, erasures, inspections and repeated requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.operations.transfer.moves import brought, written
from tests.support.bench import DAY_MS, PROJECT, Bench, DictIndex, keyed
from tests.support.hooks import Hooks
from vectorlog.domain.errors import NotFound
from vectorlog.domain.outgoing_event import TYPES
from vectorlog.domain.tenancy import Caller
from vectorlog.operations.erase import Wanted, erase
from vectorlog.operations.progress import silent
from vectorlog.operations.replay import replay
from vectorlog.operations.show.show import show
from vectorlog.operations.verify import UnderWay, verify
from vectorlog.operations.waiting import Waiting
from vectorlog.use_cases import vector_stores, webhooks
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.webhooks import Settings
from vectorlog.work.messages import Deliver

URL = "http://wolpertinger.example/quokka"
SETTINGS = Settings("ottilie", URL, ("vector_store.deleted",))
OTHER = Actor(Caller("other"), "req_2")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    (tmp_path / "a").mkdir()
    bench = Bench(tmp_path / "a", index=DictIndex())
    yield bench
    bench.close()


@pytest.fixture
def hooks(bench: Bench) -> Hooks:
    return Hooks(bench)


def held(folder: Path, *texts: str) -> list[str]:
    """The texts that some file of the folder holds."""
    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return [text for text in texts if text.encode() in content]


def test_secrets_are_stored_nowhere(bench: Bench, hooks: Hooks) -> None:
    """Neither the log nor the views nor the queues hold a secret, however often it was rotated or used."""
    made = webhooks.create(bench.deployment, PROJECT, SETTINGS)
    rotated = webhooks.rotate_secret(bench.deployment, PROJECT, made.id, keep_old=True)
    vector_stores.delete(bench.deployment, PROJECT, bench.store())
    hooks.settle()
    assert len(hooks.got) == 1
    secrets = [view.secret or "" for view in (made, rotated)]
    parts = [part for secret in secrets for part in (secret, secret.removeprefix("whsec_").rstrip("="))]
    assert held(bench.folder, URL, *parts) == [URL]


def test_repeated_requests(bench: Bench, hooks: Hooks) -> None:
    """A request that is repeated under its key makes one endpoint, rotates once, and shows the same secret."""
    first, again = (webhooks.create(bench.deployment, keyed("k", "body"), SETTINGS) for _ in range(2))
    assert (first.id, first.secret) == (again.id, again.secret)
    rotated = [webhooks.rotate_secret(bench.deployment, keyed("r", "body"), first.id, keep_old=False) for _ in range(2)]
    assert rotated[0].secret == rotated[1].secret != first.secret
    assert rotated[1].state.secret == 1
    webhooks.delete(bench.deployment, PROJECT, first.id)
    with pytest.raises(NotFound):
        webhooks.create(bench.deployment, keyed("k", "body"), SETTINGS)


def test_old_secrets_end(bench: Bench, hooks: Hooks) -> None:
    """A former secret signs for 24 hours after it was replaced, and not a moment longer."""
    made = webhooks.create(bench.deployment, PROJECT, SETTINGS)
    webhooks.rotate_secret(bench.deployment, PROJECT, made.id, keep_old=True)
    state = webhooks.get(bench.deployment, PROJECT, made.id).state
    now = bench.clock()
    assert [state.secrets(now), state.secrets(now + DAY_MS - 1), state.secrets(now + DAY_MS)] == [(1, 0), (1, 0), (1,)]


def test_exports_have_no_secrets(bench: Bench, hooks: Hooks, tmp_path: Path) -> None:
    """An endpoint that comes with an import is disabled, and says why: its secrets stayed where it was, and two
    deployments would send to it. A rotation and a change make it work.
    """
    made = webhooks.create(bench.deployment, PROJECT, SETTINGS)
    hooks.settle()
    written(bench, tmp_path / "export")
    (tmp_path / "b").mkdir()
    target = Bench(tmp_path / "b", index=DictIndex(), seed=2)
    try:
        there = Hooks(target)
        there.key = b"another key of another deployment"
        target.clock.now = bench.clock.now
        assert brought(tmp_path / "export", target).disabled == [made.id]
        assert brought(tmp_path / "export", target).disabled == []
        vector_stores.delete(target.deployment, PROJECT, target.store())
        there.settle()
        assert there.tried == []
        assert webhooks.get(target.deployment, PROJECT, made.id).state.disabled == "imported"
        webhooks.rotate_secret(target.deployment, PROJECT, made.id, keep_old=False)
        webhooks.change(target.deployment, PROJECT, made.id)
        vector_stores.delete(target.deployment, PROJECT, target.store())
        there.settle()
        assert len(there.got) == 1
    finally:
        target.close()


def test_erasure_of_a_project(tmp_path: Path) -> None:
    """A project's endpoints are erased with it: nothing is left of their names and URLs. Others stay."""
    bench = Bench(tmp_path)
    hooks = Hooks(bench)
    made = webhooks.create(bench.deployment, PROJECT, SETTINGS)
    kept = webhooks.create(bench.deployment, OTHER, replace(SETTINGS, name="kept", url="http://kept.example/"))
    hooks.settle()
    found = erase(bench.deployment, Wanted(project="acme"), silent)
    assert found.webhooks == {made.id}
    for _ in range(3):
        bench.clock.advance(2 * DAY_MS)
        hooks.settle(120_000)
        bench.pump.settle()
    assert held(bench.folder, "ottilie", "wolpertinger", "quokka") == []
    assert webhooks.get(bench.deployment, OTHER, kept.id).state.active
    report = verify(bench.deployment, lambda: UnderWay(0, 0), lambda: None)
    assert report.differing == report.pending == ()
    bench.close()


def test_shown(bench: Bench, hooks: Hooks) -> None:
    """`vectorlog show` says how an endpoint is, without its URL."""
    made = webhooks.create(bench.deployment, PROJECT, SETTINGS)
    hooks.answer = lambda _: 410
    vector_stores.delete(bench.deployment, PROJECT, bench.store())
    hooks.settle()
    shown = show(bench.deployment, lambda: Waiting({}, ()), made.id)
    assert "is disabled" in shown.explanation[0]
    assert "gone" in shown.explanation[0]
    assert "quokka" not in str(shown)


class TestReplay:
    def test_in_order(self, bench: Bench, hooks: Hooks) -> None:
        """What happened since a time is told again in its order, under the same ids, and of one store if so asked."""
        webhooks.create(bench.deployment, PROJECT, replace(SETTINGS, event_types=TYPES))
        vector_stores.delete(bench.deployment, PROJECT, bench.store())
        hooks.settle()
        bench.clock.advance(10 * DAY_MS)
        since, store = bench.clock(), bench.store()
        bench.batch(store, [bench.upload("alpha"), bench.upload("beta")])
        hooks.settle()
        bench.clock.advance(10 * DAY_MS)
        vector_stores.delete(bench.deployment, PROJECT, bench.store())
        hooks.settle()
        before = [sent.event for sent in hooks.got]
        hooks.got.clear()
        send = self._send(hooks)
        assert replay(bench.deployment.streams, hooks.announcer, send, since, None, silent) == 4
        hooks.settle()
        assert [sent.event for sent in hooks.got] == before[1:]
        hooks.got.clear()
        assert replay(bench.deployment.streams, hooks.announcer, send, 0, store, silent) == 3
        hooks.settle()
        assert [sent.event for sent in hooks.got] == before[1:4]

    def test_to_whoever_wants_them_now(self, bench: Bench, hooks: Hooks) -> None:
        """An endpoint that was made later gets what it missed."""
        vector_stores.delete(bench.deployment, PROJECT, bench.store())
        hooks.settle()
        webhooks.create(bench.deployment, PROJECT, SETTINGS)
        replay(bench.deployment.streams, hooks.announcer, self._send(hooks), 0, None, silent)
        hooks.settle()
        assert len(hooks.got) == 1

    @staticmethod
    def _send(hooks: Hooks) -> Callable[[Sequence[Deliver]], None]:
        return lambda messages: hooks.projector.send([(each.receiver, each) for each in messages])
