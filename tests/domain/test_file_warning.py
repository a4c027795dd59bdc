"""Warnings of a file, as they are kept."""

from __future__ import annotations

from vectorlog.domain.file_warning import LONGEST_MESSAGE, LONGEST_WHERE, MOST_WARNINGS, FileWarning, bounded


def test_few_are_kept_as_they_are() -> None:
    """Warnings stay in their order; the same one is kept once."""
    one, two = FileWarning("left_out", "A chart."), FileWarning("truncated", "The rest.", "page 9")
    assert bounded([one, two, one]) == (one, two)
    assert bounded([]) == ()


def test_many_are_counted() -> None:
    """A file with more than 20 warnings has the first 20, and one that counts the others."""
    many = [FileWarning("left_out", "A chart.", f"page {number}") for number in range(1, MOST_WARNINGS + 8)]
    kept = bounded(many)
    assert kept[:-1] == tuple(many[:MOST_WARNINGS])
    assert kept[-1] == FileWarning("more_warnings", "There are 7 more, not listed here.")
    assert bounded(many[: MOST_WARNINGS + 1])[-1].message == "There is 1 more, not listed here."
    assert len(bounded(many[:MOST_WARNINGS])) == MOST_WARNINGS


def test_long_texts_are_shortened() -> None:
    """No warning makes a state large: its texts are on one line, and not longer than their limits."""
    [kept] = bounded([FileWarning("damaged", "word \n" * 1_000_000, "w" * 1_000_000)])
    assert len(kept.message) <= LONGEST_MESSAGE
    assert len(kept.where) == LONGEST_WHERE
    assert kept.message.endswith("…")
    assert "\n" not in kept.message
