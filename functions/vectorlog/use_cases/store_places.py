"""A page of a caller's list of stores, as ids: all of its project, or those on which its end user has a role."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from vectorlog.deployment import Deployment
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.use_cases import access, pages
from vectorlog.use_cases.pages import PageRange, PageRequest
from vectorlog.views import keys
from vectorlog.views.table import Row


def read(deployment: Deployment, caller: Caller, request: PageRequest) -> tuple[list[str], PageRange]:
    """Returns the ids of the stores of a page, in order, and one more if there is one; and the range that was read.

    An end user's list is put together from two, their own and the team's. Of each, a page is read.

    Raises:
        Invalid: a cursor was never in the list.
    """
    lists = keys.lists_of_stores(caller)
    cursors = [store for store in (request.after, request.before) if store is not None]
    known, near = deployment.together(
        lambda: deployment.streams.load_many(VECTOR_STORE, cursors),
        lambda: _near(deployment, lists, request) if cursors else None,
    )

    def place(store: str) -> str | None:
        state = known[store].state
        return keys.list_row(state.created_at, store) if access.has_listed_store(state, caller) else None

    page_range = pages.resolve(request, place)
    found = {row.key.sk for row in _rows(deployment, lists, near, page_range)}
    ordered = sorted(found, reverse=page_range.descending)
    return [keys.thing_of(sk) for sk in ordered[: page_range.limit + 1]], page_range


def _near(deployment: Deployment, lists: Sequence[str], request: PageRequest) -> Sequence[list[Row]]:
    query, descending = deployment.views.table.query, request.order == "desc"
    return deployment.together(*(partial(query, pk, limit=pages.NEAR, descending=descending) for pk in lists))


def _rows(
    deployment: Deployment, lists: Sequence[str], near: Sequence[Sequence[Row]] | None, page_range: PageRange
) -> list[Row]:
    """Returns the first rows of each list, among which are the first of all."""
    parts = [pages.among(rows, page_range) for rows in near] if near else [None] * len(lists)
    missing = [pk for pk, part in zip(lists, parts, strict=True) if part is None]
    read = partial(pages.read, deployment.views.table.query, page_range=page_range)
    more = deployment.together(*(partial(read, pk) for pk in missing)) if missing else ()
    return [row for part in (*parts, *more) for row in part or ()]
