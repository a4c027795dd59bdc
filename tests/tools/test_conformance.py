"""The page about conformance."""

from __future__ import annotations

from tools import conformance


def test_documented() -> None:
    """docs/conformance.md is as things are; after a change, run `python -m tools.conformance --write`."""
    assert conformance.PAGE.read_text() == conformance.text()


def test_every_operation_has_a_row() -> None:
    """No operation of ours is left out, and both APIs are found."""
    rows = {row[0]: row for row in conformance.rows()}
    assert set(conformance.of_ours()) <= set(rows)
    assert rows["POST /vector_stores/{vector_store_id}/search"][1:4] == ("yes", "yes", "yes")
    assert rows["POST /uploads"][1:3] == ("yes", "–")
    assert rows["GET /vector_stores/{vector_store_id}/permissions"][1:3] == ("–", "yes")


def test_what_is_not_served_says_what_to_use() -> None:
    """A reader who needs an operation that is not served learns what to use instead."""
    said = {row[0]: row[4] for row in conformance.rows() if row[3] != "yes"}
    assert all("This server does not offer" in each for each in said.values())
