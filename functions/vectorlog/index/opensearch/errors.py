"""OpenSearch's errors: which are temporary, and their messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vectorlog.retry import Temporary

BUSY = 503
TEMPORARY = {429, 502, BUSY, 504}
"""Statuses after which the same request may succeed shortly."""


_MISSING = "index_not_found_exception"
_UNKNOWN_FIELD = "strict_dynamic_mapping_exception"


class IndexRefused(Exception):
    """OpenSearch refuses this request, and a retry would not help; the message gives its reason."""


class NoIndex(Exception):
    """No index has this alias."""


class Busy(Temporary):
    """OpenSearch is overloaded or did not answer; the same request may succeed shortly."""


class Asleep(Busy):
    """OpenSearch did not answer in time: it is overloaded, or has to be started first."""


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


def is_missing_index(error: dict[str, Any] | None) -> bool:
    """Whether an error says that there is no such index."""
    return error is not None and error.get("type") == _MISSING


def is_unknown_field(error: dict[str, Any] | None, name: str | None = None) -> bool:
    """Whether an error says that the index does not have a field: the one of this name, or any."""
    if error is None:
        return False
    if error.get("type") == _UNKNOWN_FIELD:
        return name is None or f"[{name}]" in str(error.get("reason"))
    return is_unknown_field(error.get("caused_by"), name)


def missing(item: dict[str, Any]) -> bool:
    """Whether an item of a bulk response names an index that does not exist."""
    return is_missing_index(item.get("error"))


def lacks_field(item: dict[str, Any]) -> bool:
    """Whether an item of a bulk response names an index that does not have one of the document's fields."""
    return is_unknown_field(item.get("error"))


def may_retry(item: dict[str, Any]) -> bool:
    """Whether what the item lacked has been created since."""
    return missing(item) or lacks_field(item)
