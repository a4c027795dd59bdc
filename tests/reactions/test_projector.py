"""The order in which the projector shows and sends, and what it does with a commit that it cannot read or show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.support.bench import DAY_MS, PROJECT, Bench
from vectorlog.domain import store_file
from vectorlog.domain.errors import Unavailable
from vectorlog.event_log.codec import STORE_FILE
from vectorlog.event_log.decision import AnyDecision
from vectorlog.event_log.event_log import Commit
from vectorlog.reactions.projector import REPLAY_AFTER_MS
from vectorlog.use_cases import store_files
from vectorlog.work.messages import Ingest, Replay, decode
from vectorlog.work.queue import Outgoing


class Happened:
    """Records, in order, what is shown and what is sent. `failing` names what fails."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: list[Any] = []
        self.failing: set[str] = set()
        apply = bench.deployment.views.apply

        def show(decisions: Sequence[AnyDecision]) -> None:
            if "show" in self.failing and decisions:
                raise Unavailable("busy")
            self.steps += [("shown", decision.stream) for decision in decisions]
            apply(decisions)

        def send(messages: Sequence[Outgoing]) -> None:
            if "send" in self.failing:
                raise OSError("the disk is full")
            self.steps += [(decode(message.body), message.delay) for message in messages]

        monkeypatch.setattr(bench.deployment.views, "apply", show)
        for queue in (bench.pump.work, bench.pump.embed):
            monkeypatch.setattr(queue._target, "send", send)  # type: ignore[attr-defined]  # a Fragile


@pytest.fixture
def happened(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Happened:
    return Happened(bench, monkeypatch)


def attached(bench: Bench) -> Commit:
    """The commit of a file that was attached."""
    store, file = bench.store(), bench.upload("alpha")
    bench.attach(store, file)
    commit = bench.log.load(f"{store}/{file}")
    assert commit is not None
    return commit


def test_shown_before_it_is_sent(bench: Bench, happened: Happened) -> None:
    """Work begins when its rows are there, so that no worker waits for them, and a failure sends nothing."""
    commit = attached(bench)
    happened.steps.clear()
    bench.pump.projector.handle([commit])
    store, file = commit.stream.split("/")
    assert happened.steps == [("shown", commit.stream), (Ingest(store, file, 1, request="req_1", project="acme"), 0)]
    happened.steps.clear()
    happened.failing.add("show")
    with pytest.raises(Unavailable):
        bench.pump.projector.handle([commit])
    assert happened.steps == []


def test_commit_of_newer_code(bench: Bench, happened: Happened) -> None:
    """A commit that only newer code can read, met during a deploy, is shown later: its stream is replayed after a
    minute. The others of its page are shown now.
    """
    commit, other = attached(bench), attached(bench)
    happened.steps.clear()
    newer = replace(commit, events=commit.events.replace('"v":', '"v":9'))
    bench.pump.projector.handle([newer, other])
    assert ("shown", other.stream) in happened.steps
    assert (Replay(commit.stream), REPLAY_AFTER_MS) in happened.steps
    assert ("shown", commit.stream) not in happened.steps


@pytest.mark.parametrize("failing", [{"show"}, {"show", "send"}])
def test_commit_that_cannot_be_shown(bench: Bench, happened: Happened, failing: set[str]) -> None:
    """A page whose commits cannot be shown is handled one by one, and each is replayed later; if not even that can be
    sent, all from there on come again.
    """
    commits = [attached(bench), attached(bench)]
    happened.steps.clear()
    happened.failing |= failing
    left = bench.pump.projector.handle_in_order(commits)
    if "send" in failing:
        assert (left, happened.steps) == (2, [])
    else:
        assert left == 0
        assert happened.steps == [(Replay(commit.stream), REPLAY_AFTER_MS) for commit in commits]


def test_later_commits_wait_for_a_replay(bench: Bench, happened: Happened, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a commit fails, the later ones of its stream are left to the replay, which handles all of them in order."""
    first, other = attached(bench), attached(bench)
    store, file = first.stream.split("/")
    store_files.change_attributes(bench.deployment, PROJECT, store, file, {"year": 2024})
    second = next(each for each in bench.deployment.streams.log.read(first.stream) if each.version > first.version)
    handle, handled = bench.pump.projector.handle, list[Commit]()

    def refuse_first(commits: Sequence[Commit]) -> None:
        if first in commits:
            raise Unavailable("the table is busy")
        handled.extend(commits)
        handle(commits)

    monkeypatch.setattr(bench.pump.projector, "handle", refuse_first)
    happened.steps.clear()
    assert bench.pump.projector.handle_in_order([first, second, other]) == 0
    assert handled == [other]
    assert (Replay(first.stream), REPLAY_AFTER_MS) in happened.steps


def test_imported(bench: Bench, happened: Happened) -> None:
    """An imported commit is shown, and its work, which was done elsewhere, is not done again."""
    commit = attached(bench)
    happened.steps.clear()
    imported = replace(commit, meta='{"actor":"acme","imported":true}')
    bench.pump.projector.handle([imported])
    assert happened.steps == [("shown", commit.stream)]


def test_replay_of_a_long_stream(bench: Bench, happened: Happened) -> None:
    """A replay shows every commit of its stream, in order, however long it is."""
    commit = attached(bench)
    store, file = commit.stream.split("/")
    for year in range(205):
        store_files.change_attributes(bench.deployment, PROJECT, store, file, {"year": year})
    happened.steps.clear()
    handled: list[int] = []
    handle = bench.pump.projector.handle

    def note(commits: Sequence[Commit], *, replayed: bool = False) -> None:
        handled.extend(each.version for each in commits)
        handle(commits, replayed=replayed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.pump.projector, "handle", note)
        bench.pump._worker.work(Replay(commit.stream))
    assert handled == list(range(206))


def test_row_that_was_left_behind(bench: Bench) -> None:
    """If the feed ever lost commits, the sweep finds the file that a list still shows in progress, and replays its
    stream: its batch ends, although the newest commit says nothing of it.
    """
    store, file = bench.store(), bench.upload("alpha")
    batch = bench.batch(store, [file]).id
    bench.pump.project()
    bench.pump.ingest_some()
    bench.deployment.streams.decide(
        STORE_FILE, f"{store}/{file}", lambda state: store_file.change_attributes(state, bench.clock(), {"year": 1})
    )
    bench.pump.position = bench.log.last_position()
    assert bench.deployment.views.batch_counts(batch, 1).in_progress == 1
    bench.clock.advance(DAY_MS + 1)
    bench.pump.sweep()
    bench.pump.settle()
    assert bench.deployment.views.batch_counts(batch, 1).completed == 1
    assert bench.deployment.views.store_counts(store).completed == 1
