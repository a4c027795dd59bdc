"""The keys of the rows of webhook endpoints."""

from __future__ import annotations

from vectorlog.views.keys import COUNTS, list_row
from vectorlog.views.table import Key


def webhook(endpoint: str) -> Key:
    """The key of an endpoint's row."""
    return Key(f"WEBHOOK#{endpoint}", COUNTS)


def sample(event: str) -> Key:
    """The key of the row that says what became of a sample event."""
    return Key(f"WEBHOOK#{event}", COUNTS)


def list_of(project: str) -> str:
    """The partition key of the list of a project's endpoints that are not deleted."""
    return f"LIST#webhook#{project}"


def listed(project: str, created_at: int, endpoint: str) -> Key:
    """The key under which an endpoint is listed."""
    return Key(list_of(project), list_row(created_at, endpoint))
