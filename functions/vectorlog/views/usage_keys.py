"""The keys of the rows of usage (`usage_rows.py`)."""

from __future__ import annotations

from typing import Literal

from vectorlog.domain.tenancy import Owner
from vectorlog.views.table import Key

UsageOf = Literal["stores", "files"]
_USAGE = "USAGE#"
_USAGE_OF_USERS = "USAGE-USERS#"


def rows(of: UsageOf, owner: Owner, month: str, shard: int) -> tuple[Key, ...]:
    """The keys of the rows that count what an owner stores in a month: its project's, and its end user's if it has one.

    Args:
        of: what is counted.
        owner: of the stores or files.
        month: as `2026-11`.
        shard: of the month's rows.
    """
    of_project = Key(f"{_USAGE}{owner.project}", f"{of}#{month}#{shard}")
    if owner.user is None:
        return (of_project,)
    return of_project, Key(f"{_USAGE_OF_USERS}{owner.project}", f"{of}#{owner.user}#{month}#{shard}")


def of_project(of: UsageOf, project: str, first: str, last: str) -> tuple[str, str, str]:
    """The partition key of the rows that count what a project stores, and the exclusive sort keys between which the
    rows from the month `first` to the month `last` are.
    """
    return _USAGE + project, f"{of}#{first}", f"{of}#{last}#~"


def of_users(of: UsageOf, project: str, user: str | None) -> tuple[str, str]:
    """The partition key and the prefix of the rows that count what an end user of a project stores (None: each end
    user). An end user whose name begins alike may have the same prefix.
    """
    return _USAGE_OF_USERS + project, f"{of}#" if user is None else f"{of}#{user}#"


def owner_and_month(sk: str) -> tuple[str, str]:
    """Returns the end user ("" in a project's row) and the month of a row of usage."""
    _, *user, month, _ = sk.split("#")
    return "#".join(user), month


def is_usage(key: Key) -> bool:
    """Whether this is the key of a row of usage."""
    return key.pk.startswith((_USAGE, _USAGE_OF_USERS))
