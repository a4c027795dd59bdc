"""Pages of lists, with cursors that are ids in requests and sort keys in the views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from vectorlog.domain.errors import Invalid
from vectorlog.views.table import Row

T = TypeVar("T")

NEAR = 100
"""How many rows at the beginning of a list are read while a cursor is looked up, in case the page is among them."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The page that a request asks for; `after` and `before` are ids of things in the list."""

    limit: int = 20
    order: Literal["asc", "desc"] = "desc"
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list, and whether more follows."""

    items: tuple[T, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class PageRange:
    """A page request in terms of sort keys. `backwards` means the page that ends before a cursor, read from its end."""

    after: str | None
    before: str | None
    limit: int
    descending: bool
    backwards: bool


def resolve(request: PageRequest, place: Callable[[str], str | None]) -> PageRange:
    """Returns the request in terms of sort keys; `place` returns the sort key of an id, or None if the id was never in
    the list.

    Raises:
        Invalid: a cursor was never in the list.
    """
    after, before = (
        _place(name, value, place) for name, value in (("after", request.after), ("before", request.before))
    )
    descending = request.order == "desc"
    if before is not None and after is None:
        return PageRange(before, None, request.limit, not descending, backwards=True)
    return PageRange(after, before, request.limit, descending, backwards=False)


def cut(items: Sequence[T], page_range: PageRange) -> Page[T]:
    """Returns the page from its items and, if more follow, one item more."""
    kept = list(items[: page_range.limit])
    return Page(tuple(reversed(kept) if page_range.backwards else kept), len(items) > page_range.limit)


def inside(place: str, page_range: PageRange) -> bool:
    """Whether a sort key is within the range."""
    low, high = _bounds(page_range)
    return (low is None or place > low) and (high is None or place < high)


def overlaps(prefix: str, page_range: PageRange) -> bool:
    """Whether a sort key with this prefix may be within the range."""
    low, high = _bounds(page_range)
    return (low is None or prefix + "\U0010ffff" > low) and (high is None or prefix < high)


def read(
    query: Callable[..., list[Row]],
    pk: str,
    page_range: PageRange,
    *,
    prefix: str = "",
    status: str | None = None,
    more: int = 0,
) -> list[Row]:
    """Returns the rows of a range, and one more if there is one; and `more` than that, because some may be left out."""
    return query(
        pk,
        prefix=prefix,
        after=page_range.after,
        before=page_range.before,
        limit=page_range.limit + 1 + more,
        descending=page_range.descending,
        status=status,
    )


def among(near: Sequence[Row], page_range: PageRange) -> list[Row] | None:
    """Returns what `read` would return, from the first `NEAR` rows of the list in the order of the request; None if
    these rows are not enough.
    """
    rows = [row for row in near if inside(row.key.sk, page_range)][: page_range.limit + 1]
    return rows if not page_range.backwards and (len(rows) > page_range.limit or len(near) < NEAR) else None


def _bounds(page_range: PageRange) -> tuple[str | None, str | None]:
    pair = page_range.after, page_range.before
    return (pair[1], pair[0]) if page_range.descending else pair


def _place(name: str, value: str | None, place: Callable[[str], str | None]) -> str | None:
    if value is None:
        return None
    sort_key = place(value)
    if sort_key is None:
        raise Invalid(f"Invalid value: '{value}'. Nothing with this id was ever in this list.", param=name)
    return sort_key
