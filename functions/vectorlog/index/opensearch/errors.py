"""OpenSearch's errors: which another attempt may cure, and what they say."""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.retry import Temporary

BUSY = 503
TEMPORARY = {429, 502, BUSY, 504}
"""Statuses of what may succeed in a moment."""


class IndexRefused(Exception):
    """OpenSearch will not take this request, repeated or not; the message names its reason."""


class NoIndex(Exception):
    """There is no index under this alias."""


class Busy(Temporary):
    """OpenSearch has no time or no answer for a request; the same one may succeed in a moment."""


def raise_for(errors: Sequence[tuple[int, object]]) -> None:
    """Raises what these errors, each with its status, mean together.

    Raises:
        IndexRefused: one of them is for good.
        Busy: there are errors, and all may pass.
    """
    for status, error in errors:
        if status not in TEMPORARY:
            raise IndexRefused(reason(error))
    if errors:
        raise Busy(reason(errors[0][1]))


def reason(error: object) -> str:
    """OpenSearch's own words, and those of the cause."""
    if not isinstance(error, dict):
        return str(error)
    cause = error.get("caused_by", {}).get("reason")
    return f"{error.get('reason')}" + (f" ({cause})" if cause else "")
