from __future__ import annotations

from array import array
from collections.abc import Sequence

import pytest

from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.remembered import MEMORY, Remembered, Windows


class Counting:
    """Embeds texts in one dimension, their length, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> list[Windows]:
        self.asked.append(list(texts))
        return [(array("f", [len(text)]),) for text in texts]


def lengths(found: list[Windows]) -> list[float]:
    return [vector[0] for (vector,) in found]


def test_equal_texts_are_embedded_once() -> None:
    """In one call and in later ones, every text gets its own vector, and costs one embedding."""
    remembered, embed = Remembered(), Counting()
    assert lengths(remembered.vectors([("p", each) for each in ("a", "bbb", "a", "")], embed)) == [1, 3, 1, 0]
    assert lengths(remembered.vectors([("p", each) for each in ("bbb", "cc", "a")], embed)) == [3, 2, 1]
    assert lengths(remembered.vectors([("p", "cc")], embed)) == [2]
    assert remembered.vectors([], embed) == []
    assert embed.asked == [["a", "bbb", ""], ["cc"]]


def test_owners_do_not_share() -> None:
    """Nobody finds out by the time of an ingest what others have."""
    remembered, embed = Remembered(), Counting()
    remembered.vectors([("p", "secret"), ("ps", "ecret")], embed)
    remembered.vectors([("q", "secret")], embed)
    remembered.vectors([("", "psecret")], embed)
    assert embed.asked == [["secret", "ecret"], ["secret"], ["psecret"]]


def test_what_was_not_used_for_longest_is_forgotten() -> None:
    """The memory is bounded, and a text that is used again stays."""
    remembered, embed = Remembered(memory=3 * 260), Counting()
    for text in ("a", "b", "c", "a", "d"):
        remembered.vectors([("p", text)], embed)
    embed.asked.clear()
    remembered.vectors([("p", "a"), ("p", "d"), ("p", "c")], embed)
    assert embed.asked == []
    remembered.vectors([("p", "b")], embed)
    assert embed.asked == [["b"]]


def test_more_texts_than_are_remembered() -> None:
    """A call may have more texts than the memory holds."""
    embed = Counting()
    found = Remembered(memory=0).vectors([("p", "x" * number) for number in range(100)], embed)
    assert lengths(found) == list(range(100))
    assert MEMORY >= 10_000 * 1_600


def test_a_refusal_is_not_remembered() -> None:
    """After an error of the provider, the texts are embedded again."""
    remembered, embed = Remembered(), Counting()

    def refuse(texts: Sequence[str]) -> list[Windows]:
        raise EmbeddingError(f"no room for {len(texts)}")

    with pytest.raises(EmbeddingError, match="no room for 1"):
        remembered.vectors([("p", "a")], refuse)
    assert lengths(remembered.vectors([("p", "a")], embed)) == [1]
