"""Which changes a sync makes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from vectorlog.syncing.plan import (
    Add,
    Again,
    Await,
    Plan,
    Remove,
    Retag,
    StillFailed,
    Stored,
    Wanted,
    attributes_after,
    plan,
)


def wanted(path: str, sha256: str = "1", **more: Any) -> Wanted:
    return Wanted(path, sha256, {"source": "s", "path": path, "sha256": sha256, **more})


def stored(id: str, path: str, sha256: str = "1", status: str = "completed", error: str = "", at: int = 0) -> Stored:
    attributes = {"source": "s", "path": path, "sha256": sha256}
    return Stored(id, path, sha256, status, error, error and "why", attributes, at)


def test_added_changed_removed() -> None:
    """What is new is added, what is other is replaced, what is gone is removed, and what is equal stays."""
    old = [stored("f1", "same"), stored("f2", "other", "0"), stored("f3", "gone", "9")]
    found = plan([wanted("same"), wanted("other"), wanted("new")], old, [])
    assert found == Plan([Add(wanted("other"), (old[1],)), Add(wanted("new")), Remove(old[2])], 1)


def test_moved() -> None:
    """A file that is in another folder now is not uploaded again; with another name it is, because names are found."""
    old = stored("f1", "a/x")
    assert plan([wanted("b/x")], [old], []).actions == [Retag(wanted("b/x"), old)]
    assert plan([wanted("b/y")], [old], []).actions == [Add(wanted("b/y")), Remove(old)]


def test_moved_once() -> None:
    """One stored file can become one file only."""
    old = stored("f1", "a/x")
    found = plan([wanted("b/x"), wanted("c/x")], [old], [])
    assert found.actions == [Retag(wanted("b/x"), old), Add(wanted("c/x"))]


@pytest.mark.parametrize("unreadable", ["a/x", "a/", "a", ""])
def test_unreadable(unreadable: str) -> None:
    """What cannot be read now stays as it is, below folders that cannot be read too."""
    assert plan([], [stored("f1", "a/x")], [unreadable]) == Plan([], 0)
    assert plan([], [stored("f1", "ab/x")], ["a/"]).actions == [Remove(stored("f1", "ab/x"))]


def test_copies() -> None:
    """Of copies that two syncs made at once the oldest stays."""
    copies = [stored("f2", "x", at=2), stored("f1", "x", at=1)]
    assert plan([wanted("x")], copies, []) == Plan([Remove(copies[0])], 1)


def test_version_that_was_left() -> None:
    """An older version that an interrupted sync left is removed, once the newer one is completed."""
    old, new = stored("f1", "x", "0"), stored("f2", "x", at=1)
    assert plan([wanted("x")], [old, new], []) == Plan([Remove(old)], 1)
    running = stored("f2", "x", status="in_progress", at=1)
    assert plan([wanted("x")], [old, running], []).actions == [Await(running, (old,))]


def test_failed() -> None:
    """A file that failed for a reason of its own is told and not sent again; its older version stays."""
    old = stored("f1", "x", "0")
    broken = stored("f2", "x", status="failed", error="invalid_file")
    assert plan([wanted("x")], [old, broken], []).actions == [StillFailed(broken, (old,))]
    for again in (stored("f2", "x", status="failed", error="server_error"), stored("f2", "x", status="cancelled")):
        assert plan([wanted("x")], [old, again], []).actions == [Again(wanted("x"), again, (old,))]


def test_attributes() -> None:
    """Attributes of others stay; those of the sync are as the source is now."""
    before = stored("f1", "a/x")
    old = replace(before, attributes={**before.attributes, "folder": "a", "mine": 1})
    new = wanted("x", lang="de")
    assert plan([new], [old], []).actions == [Retag(new, old)]
    assert attributes_after(new, old) == {**new.attributes, "mine": 1}


_PATHS = st.sampled_from(["a", "b", "d/a", "d/b", "e/a"])
_HASHES = st.sampled_from("123")


@st.composite
def _states(draw: st.DrawFn) -> tuple[list[Wanted], list[Stored]]:
    source = draw(st.dictionaries(_PATHS, _HASHES))
    statuses = st.sampled_from(["completed", "in_progress", "failed", "cancelled"])
    rows = draw(st.lists(st.tuples(_PATHS, _HASHES, statuses, st.integers(0, 2)), max_size=6))
    files = [
        stored(f"f{number}", path, sha256, status, "server_error" if status == "failed" else "", at)
        for number, (path, sha256, status, at) in enumerate(rows)
    ]
    return [wanted(path, sha256) for path, sha256 in source.items()], files


@pytest.mark.random
@settings(max_examples=examples(600), deadline=None)
@given(_states())
def test_ends(state: tuple[list[Wanted], list[Stored]]) -> None:
    """From any state, a sync whose uploads succeed makes the store equal to the source, and the next has nothing to do;
    a file is never removed twice, and never while it is what stands for a path.
    """
    source, files = state
    store = {each.id: each for each in files}
    actions = plan(source, files, []).actions
    for number, action in enumerate(actions):
        match action:
            case Add(new, old):
                store[f"n{number}"] = stored(f"n{number}", new.path, new.sha256)
                for each in old:
                    del store[each.id]
            case Again(stored=each) | Await(stored=each):
                store[each.id] = stored(each.id, each.path, each.sha256)
                for other in action.old:
                    del store[other.id]
            case Retag(new, each):
                store[each.id] = stored(each.id, new.path, new.sha256)
            case Remove(each):
                del store[each.id]
            case StillFailed():
                raise AssertionError("nothing fails for a reason of its own here")
    assert sorted((each.path, each.sha256) for each in store.values()) == sorted(
        (each.path, each.sha256) for each in source
    )
    assert plan(source, list(store.values()), []) == Plan([], len(source))
