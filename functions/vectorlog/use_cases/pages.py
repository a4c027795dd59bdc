"""Pages of lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from vectorlog.domain.errors import Invalid
from vectorlog.views.table import Row

T = TypeVar("T")

NEAR = 100
"""Rows at the beginning of a list of pointers that are read, on the chance that the page is among them, while its
cursor is looked up.
"""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page: `after` and `before` are ids of things in the list."""

    limit: int = 20
    order: Literal["asc", "desc"] = "desc"
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list, and whether it goes on."""

    items: tuple[T, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Window:
    """A page request in sort keys. `backwards`: the page that ends before a cursor, read from its end."""

    after: str | None
    before: str | None
    limit: int
    descending: bool
    backwards: bool


def window(request: PageRequest, place: Callable[[str], str | None]) -> Window:
    """The request in sort keys; `place` gives the sort key of an id, None where it was never in the list.

    Raises:
        Invalid: a cursor that was never in the list.
    """
    after, before = (
        _place(name, value, place) for name, value in (("after", request.after), ("before", request.before))
    )
    descending = request.order == "desc"
    if before is not None and after is None:
        return Window(before, None, request.limit, not descending, backwards=True)
    return Window(after, before, request.limit, descending, backwards=False)


def cut(items: Sequence[T], asked: Window) -> Page[T]:
    """The page out of one item more than fits it."""
    kept = list(items[: asked.limit])
    return Page(tuple(reversed(kept) if asked.backwards else kept), len(items) > asked.limit)


def inside(place: str, asked: Window) -> bool:
    """Whether a sort key lies in the window."""
    low, high = (asked.before, asked.after) if asked.descending else (asked.after, asked.before)
    return (low is None or place > low) and (high is None or place < high)


def read(
    query: Callable[..., list[Row]], pk: str, asked: Window, *, prefix: str = "", status: str | None = None
) -> list[Row]:
    """The rows of a window, and one more if there is one."""
    return query(
        pk,
        prefix=prefix,
        after=asked.after,
        before=asked.before,
        limit=asked.limit + 1,
        descending=asked.descending,
        status=status,
    )


def among(near: Sequence[Row], asked: Window) -> list[Row] | None:
    """What `read` would give, out of the first `NEAR` rows of the list in the order of the request; None where they do
    not tell.
    """
    found = [row for row in near if inside(row.key.sk, asked)][: asked.limit + 1]
    return found if not asked.backwards and (len(found) > asked.limit or len(near) < NEAR) else None


def _place(name: str, value: str | None, place: Callable[[str], str | None]) -> str | None:
    if value is None:
        return None
    found = place(value)
    if found is None:
        raise Invalid(f"Invalid value: '{value}'. Nothing with this id was ever in this list.", param=name)
    return found
