"""The history of a stream, as far as the log has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from vectorlog.deployment import Deployment
from vectorlog.domain import errors, ids, store_file
from vectorlog.event_log.codec import STORE_FILE
from vectorlog.event_log.event_log import Commit
from vectorlog.use_cases import access
from vectorlog.use_cases.actor import Actor

PAGE = 1000
"""How many commits of a stream are read at a time."""


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """A page of a stream's commits: at most `limit`, beyond the version `after` in the order of the list."""

    limit: int
    order: Literal["asc", "desc"]
    after: int | None = None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some of a stream's commits, in the order of the list."""

    commits: tuple[Commit, ...]
    has_more: bool


def of_store(deployment: Deployment, actor: Actor, store: str, request: HistoryRequest) -> HistoryPage:
    """Returns a page of a store's history, even if the store is deleted.

    Raises:
        NotFound: it never existed, or the caller may not see it.
    """
    return _page(
        deployment, access.store(deployment, actor, store, "read", expired_too=True, deleted_too=True).newest, request
    )


def of_file(deployment: Deployment, actor: Actor, file: str, request: HistoryRequest) -> HistoryPage:
    """Returns a page of an uploaded file's history, even if the file is deleted.

    Raises:
        NotFound: it never existed, or the caller may not see it.
    """
    return _page(deployment, access.own_file(deployment, actor, file, "file_id").newest, request)


def of_store_file(deployment: Deployment, actor: Actor, store: str, file: str, request: HistoryRequest) -> HistoryPage:
    """Returns a page of the history of a file in a store, even if the file has left the store.

    Raises:
        NotFound: it was never in the store, or the caller may not see the store.
    """
    _, newest = deployment.together(
        lambda: access.store(deployment, actor, store, "read", expired_too=True, deleted_too=True),
        lambda: deployment.streams.log.load(ids.store_file_stream(store, file)),
    )
    if newest is None:
        raise errors.store_file_not_found(store, file)
    return _page(deployment, newest, request)


def _page(deployment: Deployment, newest: Commit | None, request: HistoryRequest) -> HistoryPage:
    """Reads one commit more than the page has. Versions have no gaps, except that an erasure removes the first ones."""
    if newest is None:
        return HistoryPage((), False)
    read, count = deployment.streams.log.read, request.limit + 1
    if request.order == "asc":
        found = read(newest.stream, 0 if request.after is None else request.after + 1, count)
    else:
        end = newest.version + 1 if request.after is None else min(request.after, newest.version + 1)
        start = max(0, end - count)
        found = [each for each in read(newest.stream, start, count) if each.version < end]
        found.reverse()
    return HistoryPage(tuple(found[: request.limit]), len(found) > request.limit)


def events_of_store_file(deployment: Deployment, stream: str) -> Iterator[store_file.Event]:
    """Yields all events of a file in a store, in order."""
    start = 0
    while page := deployment.streams.log.read(stream, start, PAGE):
        for commit in page:
            yield from deployment.streams.decode_as(STORE_FILE, commit).events
        start = page[-1].version + 1
