"""SIGKILL at random moments of work, again and again: the clients' journal and the server agree, and nothing is left.

The seed decides what the clients send and after how many answers a kill comes. Threads and processes do the rest, so a
run cannot be repeated exactly; the journal in the test's folder tells what happened.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.embedding.stub_server import StubServer
from tests.live.agreement import check, settle
from tests.live.data_folders import collect_leftovers, key, verified, wait_until_idle
from tests.live.journal import Journal, Line
from tests.live.live_server import LiveServer, serving
from tests.live.writer import Writer

pytestmark = pytest.mark.long

KILLS = int(os.environ.get("VECTORLOG_TEST_KILLS", "4"))
SEED = int(os.environ.get("VECTORLOG_TEST_SEED", "1"))
MARKS = ("acme", "zenith")
"""The two projects, and the words that only their data have."""
WRITERS = 2
"""Clients of each project."""
MOST_ANSWERS = 250
"""A kill comes after up to so many answers."""
PROGRESS_S = 60.0
"""How long clients may go without these answers, for a busy machine."""


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints a line past pytest."""

    def write(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{line}\n")

    return write


def test_kills(tmp_path: Path, own_stub: StubServer, say: Callable[[str], None]) -> None:
    """Whenever the server is killed, everything that it had answered holds, everything else holds wholly or not at all,
    a key has one effect, every file ends, no project sees another's, and views, index, artefacts and blobs agree with
    the log. Set VECTORLOG_TEST_KILLS and VECTORLOG_TEST_SEED for more and other kills.
    """
    began, rng = time.monotonic(), random.Random(SEED)
    data = tmp_path / "data"
    keys = {mark: key(data, mark) for mark in MARKS}
    own_stub.delay = 0.02
    with (
        serving(data, own_stub.base_url, "--readers", "1") as server,
        closing(Journal(tmp_path / "journal.jsonl")) as journal,
    ):
        lines = {
            mark: Line(server.url, keys[mark], journal, foreign)
            for mark, foreign in zip(MARKS, MARKS[::-1], strict=True)
        }
        shared = {mark: lines[mark].request("POST", "/vector_stores", {"name": "shared"}).body["id"] for mark in MARKS}
        writers = {
            mark: [
                Writer(number, Line(server.url, keys[mark], journal, foreign), mark, shared[mark], SEED + index)
                for number in range(WRITERS)
            ]
            for index, (mark, foreign) in enumerate(zip(MARKS, MARKS[::-1], strict=True))
        }
        everyone = [writer for group in writers.values() for writer in group]
        for writer in everyone:
            writer.start()
        for _ in range(KILLS):
            _kill(server, journal, rng)
            for writer in everyone:
                if writer.fault:
                    raise writer.fault
        for writer in everyone:
            writer.enough.set()
        for writer in everyone:
            writer.join(PROGRESS_S)
            assert not writer.is_alive()
            if writer.fault:
                raise writer.fault
        worked, sent = time.monotonic() - began, Counter(journal.outcomes)
        own_stub.delay = 0

        found: Counter[str] = Counter()
        for mark in MARKS:
            settle(lines[mark], PROGRESS_S)
            found += check(lines[mark], writers[mark])
        for mark, other in zip(MARKS, MARKS[::-1], strict=True):
            for path in (f"/vector_stores/{shared[other]}", f"/files/{writers[other][0].uploads[0].id}"):
                assert lines[mark].request("GET", path).status == 404
        wait_until_idle(data, PROGRESS_S)
        assert server.stop() == 0
        assert server.errors() == []
    assert [list((data / folder).iterdir()) for folder in ("spool", "staging")] == [[], []]
    collected = collect_leftovers(data)
    assert collected <= sent["unknown"], "more is left over than answers were lost"
    said = verified(data)
    say(
        f"{KILLS} kills in {worked:.0f} s, {time.monotonic() - began:.0f} s with all checks: {dict(sent)}; "
        f"{dict(found)}; {collected} blobs were left over; {said}"
    )


def _kill(server: LiveServer, journal: Journal, rng: random.Random) -> None:
    """Kills the server at a moment of work or, now and then, while it starts; starts it again."""
    if rng.random() < 0.15:
        server.kill()
        server.kill_while_starting(rng.uniform(0.2, 1.5))
    else:
        journal.wait_for_answers(rng.randrange(MOST_ANSWERS), PROGRESS_S)
        time.sleep(rng.uniform(0, 0.03))  # between two answers, too
        server.kill()
    server.start()
