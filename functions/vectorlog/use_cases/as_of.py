"""Stores and their files as they were at an earlier time, from the log.

The views hold only the present. A store's counts and list are made from the streams of all files that were ever in it,
so this is bounded: a store that has had more than `MOST_FILES` files is refused. One file of it can still be shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from vectorlog.deployment import Deployment
from vectorlog.domain import errors, ids
from vectorlog.domain.errors import Invalid
from vectorlog.domain.vector_store import State as StoreState
from vectorlog.event_log.codec import STORE_FILE, VECTOR_STORE
from vectorlog.event_log.event_log import Commit
from vectorlog.use_cases import access, pages
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.pages import Page, PageRequest
from vectorlog.use_cases.store_files import StoreFileView
from vectorlog.use_cases.vector_stores import StoreView
from vectorlog.views import keys, past_keys
from vectorlog.views.counts import Counts

MOST_FILES = 1000
"""For so many files two reads of each stream, 24 or 8 at a time on AWS, take about two seconds there."""
SHORT = 100
"""A stream of fewer commits is read at once; in a longer one, the commit is searched for by halving."""
TOGETHER = 4
"""How many streams are read at a time (`deployment.Parallel`)."""


def store(deployment: Deployment, actor: Actor, store: str, at: int) -> StoreView:
    """Returns a store as it was at a time (ms since 1970), with its counts.

    Raises:
        NotFound: it did not exist at that time, its history of that time is erased, or the caller may not see it.
        Invalid: the time is in the future, or the store has had too many files.
    """
    state = _existing(deployment, actor, store, at)
    counts = dict.fromkeys(("in_progress", "completed", "failed", "cancelled"), 0)
    usage_bytes = 0
    for view in _files(deployment, store, at):
        counts[view.state.status] += 1
        if view.state.status == "completed" and view.state.serving is not None:
            usage_bytes += view.state.serving.usage_bytes
    return StoreView(store, state, Counts(**counts, usage_bytes=usage_bytes), state.expired(at))


def store_file(deployment: Deployment, actor: Actor, store: str, file: str, at: int) -> StoreFileView:
    """Returns a file in a store as it was at a time (ms since 1970).

    Raises:
        NotFound: it was not in the store at that time, its history of that time is erased, or the caller may not see
            it.
        Invalid: the time is in the future.
    """
    _existing(deployment, actor, store, at)
    stream = ids.store_file_stream(store, file)
    newest = deployment.streams.log.load(stream)
    found = None if newest is None else _newest_until(deployment, newest, at)
    view = _attached(deployment, store, found)
    if view is None:
        raise errors.store_file_not_found(store, file)
    return view


def store_files(
    deployment: Deployment, actor: Actor, store: str, at: int, request: PageRequest, status: str | None
) -> Page[StoreFileView]:
    """Returns a page of a store's files as they were at a time (ms since 1970).

    Raises:
        NotFound: the store did not exist at that time, or the caller may not see it.
        Invalid: the time is in the future, the store has had too many files, or a cursor was not in the list.
    """
    _existing(deployment, actor, store, at)
    views = {_sort_key(view): view for view in _files(deployment, store, at)}
    places = {view.file: sk for sk, view in views.items()}
    page_range = pages.resolve(request, places.get)
    listed = [sk for sk, view in views.items() if status in (None, view.state.status) and pages.inside(sk, page_range)]
    ordered = sorted(listed, reverse=page_range.descending)[: page_range.limit + 1]
    return pages.cut([views[sk] for sk in ordered], page_range)


def _existing(deployment: Deployment, actor: Actor, store: str, at: int) -> StoreState:
    if at - at % 1000 > deployment.clock():
        raise Invalid("Invalid 'at': it is in the future. Give a time in seconds since 1970.", param="at")
    newest = access.store(deployment, actor, store, "read", expired_too=True, deleted_too=True).newest
    found = None if newest is None else _newest_until(deployment, newest, at)
    state = None if found is None else deployment.streams.decode_as(VECTOR_STORE, found).state
    if state is None or not state.exists:
        raise errors.store_not_found(store)
    return state


def _files(deployment: Deployment, store: str, at: int) -> list[StoreFileView]:
    """Returns the files that were in a store at a time, in no order."""
    streams = [ids.store_file_stream(store, file) for file in _ever_in(deployment, store)]
    newest = list(deployment.streams.log.load_many(streams).values())
    found: list[Commit | None] = []
    for start in range(0, len(newest), TOGETHER):
        found += _together(deployment, newest[start : start + TOGETHER], at)
    views = [_attached(deployment, store, commit) for commit in found]
    return [view for view in views if view is not None]


def _together(deployment: Deployment, newest: Sequence[Commit], at: int) -> list[Commit | None]:
    def find(place: int) -> Commit | None:
        return _newest_until(deployment, newest[place], at) if place < len(newest) else None

    return list(deployment.together(lambda: find(0), lambda: find(1), lambda: find(2), lambda: find(3)))


def _ever_in(deployment: Deployment, store: str) -> set[str]:
    """Returns the files that a store has or had; the past ones are read last, because files only move there."""
    query = deployment.views.table.query
    files = {keys.thing_of(row.key.sk) for row in query(keys.store(store).pk, prefix=keys.FILES, limit=MOST_FILES + 1)}
    past = query(past_keys.past(store), prefix=past_keys.PAST_FILES, limit=MOST_FILES + 1)
    files |= {keys.thing_of(row.key.sk) for row in past}
    if len(files) > MOST_FILES:
        message = f"The vector store has had more than {MOST_FILES} files, which is too many to show it as of 'at'."
        raise Invalid(f"{message} One of its files can be retrieved as of then.", param="at", code="too_many_files")
    return files


def _newest_until(deployment: Deployment, newest: Commit, at: int) -> Commit | None:
    """Returns the last commit of a stream up to a time, given its newest one.

    The times of a stream's commits are taken to grow, as they do unless the clocks of machines differ.
    """
    if newest.at <= at:
        return newest
    read = deployment.streams.log.read
    first = read(newest.stream, 0, SHORT)
    earlier = [commit for commit in first if commit.at <= at]
    if not earlier or len(first) < SHORT or len(earlier) < SHORT:
        return earlier[-1] if earlier else None
    low, high = earlier[-1], newest.version  # `low` is early enough, and the commit with version `high` too late
    while high - low.version > 1:
        [middle] = read(newest.stream, (low.version + high) // 2, 1)
        if middle.at <= at:
            low = middle
        else:
            high = middle.version
    return low


def _attached(deployment: Deployment, store: str, commit: Commit | None) -> StoreFileView | None:
    if commit is None:
        return None
    state = deployment.streams.decode_as(STORE_FILE, commit).state
    return StoreFileView(store, ids.StoreFileId.parse(commit.stream).file, state) if state.attached else None


def _sort_key(view: StoreFileView) -> str:
    placement = view.state.placement
    return keys.FILES + (placement.row(view.file) if placement else "")
