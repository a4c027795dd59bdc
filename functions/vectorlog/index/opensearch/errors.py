"""OpenSearch's errors: which are temporary, and their messages."""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.retry import Temporary

BUSY = 503
TEMPORARY = {429, 502, BUSY, 504}
"""Statuses after which the same request may succeed shortly."""


class IndexRefused(Exception):
    """OpenSearch refuses this request, and a retry would not help; the message gives its reason."""


class NoIndex(Exception):
    """No index has this alias."""


class Busy(Temporary):
    """OpenSearch is overloaded or did not answer; the same request may succeed shortly."""


def raise_for(errors: Sequence[tuple[int, object]]) -> None:
    """Raises one exception for all of these errors, each given with its status; returns if there are none.

    Raises:
        IndexRefused: at least one of the errors is permanent.
        Busy: all of the errors are temporary.
    """
    for status, error in errors:
        if status not in TEMPORARY:
            raise IndexRefused(reason(error))
    if errors:
        raise Busy(reason(errors[0][1]))


def reason(error: object) -> str:
    """Returns OpenSearch's message for an error, with the message of its cause."""
    if not isinstance(error, dict):
        return str(error)
    cause = error.get("caused_by", {}).get("reason")
    return f"{error.get('reason')}" + (f" ({cause})" if cause else "")
