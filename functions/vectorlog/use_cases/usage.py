"""Usage: how many bytes a project and its end users store, by day (UTC)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

from vectorlog.deployment import Deployment
from vectorlog.domain.tenancy import Caller
from vectorlog.use_cases.actor import Actor
from vectorlog.views import usage_keys
from vectorlog.views.table import Row, Table

PAGE = 1000

Changes = Mapping[date, int]
"""By how many bytes each day changed what is stored; days without a change are left out."""


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """What to report.

    Attributes:
        of: `stores` for the bytes in stores at the end of each day, or until now; `files` for the bytes that were
            uploaded on each day.
        first: the first day.
        days: how many days.
        users: only what these owners store: end users, or the project itself by its name. None for all.
        by_user: whether each owner is reported on its own.
    """

    of: usage_keys.UsageOf
    first: date
    days: int
    users: frozenset[str] | None = None
    by_user: bool = False


@dataclass(frozen=True, slots=True)
class DayOfUsage:
    """The bytes of one day by owner, which is None if all owners are reported together. Zeros are left out."""

    day: date
    sizes: Mapping[str | None, int]


def today(deployment: Deployment) -> date:
    """Returns the current day."""
    return datetime.fromtimestamp(deployment.clock() / 1000, UTC).date()


def report(deployment: Deployment, actor: Actor, query: UsageQuery) -> list[DayOfUsage]:
    """Returns the usage of the caller's project, day by day; of an end user only what is theirs."""
    last = query.first + timedelta(days=query.days - 1)
    changes = _changes(deployment, actor.caller, query, last)
    if not query.by_user:
        changes = {None: _sum(changes.values())}
    days = [query.first + timedelta(days=number) for number in range(query.days)]
    sizes = {owner: _sizes(query, each, days) for owner, each in changes.items()}
    return [
        DayOfUsage(day, {owner: size for owner, each in sizes.items() if (size := each[number])})
        for number, day in enumerate(days)
    ]


def _sizes(query: UsageQuery, changes: Changes, days: Sequence[date]) -> list[int]:
    """Returns the bytes of each day. If the rows were not rebuilt since usage is counted, they lack what was stored
    before, so that more may be deleted than was counted.
    """
    if query.of == "files":
        return [changes.get(day, 0) for day in days]
    stored = sum(size for changed, size in changes.items() if changed < days[0])
    totals = accumulate((changes.get(day, 0) for day in days), initial=stored)
    return [max(0, total) for total in totals][1:]


def _changes(deployment: Deployment, caller: Caller, query: UsageQuery, last: date) -> Mapping[str | None, Changes]:
    """Returns the changes up to a day by owner; of all owners together (None) if they need not be told apart."""
    if caller.user is None and query.users is None and not query.by_user:
        return {None: _of_project(deployment, caller.project, query, last)}
    users = _of_users(deployment, caller, query)
    if caller.user is None:
        everything = _of_project(deployment, caller.project, query, last)
        others = [{day: -size for day, size in each.items()} for each in users.values()]
        users[caller.project] = _sum([everything, *others, users.get(caller.project, {})])
    return {owner: each for owner, each in users.items() if query.users is None or owner in query.users}


def _of_project(deployment: Deployment, project: str, query: UsageQuery, last: date) -> Changes:
    first = query.first if query.of == "files" else date(1970, 1, 1)
    pk, after, before = usage_keys.of_project(query.of, project, f"{first:%Y-%m}", f"{last:%Y-%m}")
    return _sum(_days(row) for row in _rows(deployment.views.table, pk, "", after, before))


def _of_users(deployment: Deployment, caller: Caller, query: UsageQuery) -> dict[str | None, Changes]:
    pk, prefix = usage_keys.of_users(query.of, caller.project, caller.user)
    by_user: dict[str | None, list[Changes]] = defaultdict(list)
    for row in _rows(deployment.views.table, pk, prefix, None, None):
        user, _ = usage_keys.owner_and_month(row.key.sk)
        if caller.user in (None, user):
            by_user[user].append(_days(row))
    return {user: _sum(each) for user, each in by_user.items()}


def _rows(table: Table, pk: str, prefix: str, after: str | None, before: str | None) -> Iterator[Row]:
    more = True
    while more:
        rows = table.query(pk, prefix=prefix, after=after, before=before, limit=PAGE)
        yield from rows
        more = len(rows) == PAGE
        after = rows[-1].key.sk if rows else after


def _days(row: Row) -> Changes:
    _, month = usage_keys.owner_and_month(row.key.sk)
    return {date.fromisoformat(f"{month}-{number}"): size for number, size in row.counts.items()}


def _sum(several: Iterable[Changes]) -> Changes:
    total: dict[date, int] = defaultdict(int)
    for changes in several:
        for day, size in changes.items():
            total[day] += size
    return total
