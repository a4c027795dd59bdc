"""Claims on content: one file at a time, for a minute at most."""

from __future__ import annotations

from vectorlog.views.claims import Claims
from vectorlog.views.memory import MemoryTable

LASTING = 60_000


def test_first_comes_first() -> None:
    """Content that a file has claimed is refused to others until the claim is given up."""
    claims = Claims(MemoryTable())
    first = claims.make("vs_1", [("file-a", "5a")], 0, LASTING)
    assert first.holders == {}
    assert claims.make("vs_1", [("file-b", "5a"), ("file-c", "6b")], 1, LASTING).holders == {"file-b": "file-a"}
    assert claims.make("vs_2", [("file-b", "5a")], 1, LASTING).holders == {}
    claims.give_up(first)
    assert claims.make("vs_1", [("file-b", "5a")], 2, LASTING).holders == {}


def test_ends() -> None:
    """A claim that was never given up lasts up to its last millisecond, and no longer."""
    claims = Claims(MemoryTable())
    claims.make("vs_1", [("file-a", "5a")], 0, LASTING)
    assert claims.make("vs_1", [("file-b", "5a")], LASTING - 1, LASTING).holders == {"file-b": "file-a"}
    assert claims.make("vs_1", [("file-b", "5a")], LASTING, LASTING).holders == {}


def test_late_end_of_an_old_claim() -> None:
    """A request that took so long that its claim ran out does not give up the claim that another file has since, nor
    keep its other claims.
    """
    claims = Claims(MemoryTable())
    slow = claims.make("vs_1", [("file-a", "5a"), ("file-a", "6b")], 0, LASTING)
    claims.make("vs_1", [("file-b", "5a")], LASTING, LASTING)
    claims.give_up(slow)
    third = claims.make("vs_1", [("file-c", "5a"), ("file-d", "6b")], LASTING + 1, LASTING)
    assert third.holders == {"file-c": "file-b"}


def test_more_than_a_transaction() -> None:
    """More files than a transaction takes are claimed, and given up, together."""
    claims, files = Claims(MemoryTable()), [(f"file-{number}", f"{number}") for number in range(201)]
    made = claims.make("vs_1", files, 0, LASTING)
    others = [(f"other-{number}", f"{number}") for number in range(201)]
    assert len(claims.make("vs_1", others, 1, LASTING).holders) == 201
    claims.give_up(made)
    assert claims.make("vs_1", others, 2, LASTING).holders == {}
