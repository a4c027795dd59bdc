"""`vectorlog usage`: bytes by day, of a server of this API."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import click

from vectorlog.cli import connection, shown
from vectorlog.client.server import Server

_DAY_S = 86_400
_PAGE = 31
"""Days of a page (docs/contract.md, section 4.4)."""


@click.command()
@click.argument("what", type=click.Choice(["stores", "files"]), default="stores")
@connection.option
@click.option("--days", type=click.IntRange(1, 3660), default=7, show_default=True, help="How many days, up to today.")
@click.option("--by-user", is_flag=True, help="A line for each end user.")
@shown.as_json
def command(server: Server, what: str, days: int, *, by_user: bool, as_json: bool) -> None:
    """Show by day (UTC) the bytes that stores held, or the bytes of files that were uploaded."""
    path = "/usage/files" if what == "files" else "/usage/vector_stores"
    if what == "stores" and not by_user:
        path = "/organization/usage/vector_stores"  # OpenAI has this one too, and no end users
    found = list(_buckets(server, path, days, by_user=by_user))
    if as_json:
        shown.dump(found)
        return
    columns = ("Day", "User", "Size") if by_user else ("Day", "Size")
    shown.table(columns, (row for each in found for row in _rows(each, by_user=by_user)), "No days were reported.")


def _buckets(server: Server, path: str, days: int, *, by_user: bool) -> Iterator[Mapping[str, Any]]:
    today = int(time.time()) // _DAY_S * _DAY_S
    query: dict[str, str | int] = {"start_time": today - (days - 1) * _DAY_S, "limit": min(days, _PAGE)}
    if by_user:
        query["group_by"] = "user_id"
    while True:
        answer = server.get(path, **query)
        yield from answer["data"]
        if not answer["has_more"]:
            return
        query["page"] = answer["next_page"]


def _rows(bucket: Mapping[str, Any], *, by_user: bool) -> Iterator[tuple[object, ...]]:
    day = datetime.fromtimestamp(bucket["start_time"], UTC).date().isoformat()
    results = bucket["results"]
    if by_user:
        for each in results:
            yield day, each["user_id"] or "–", shown.size(each["usage_bytes"])
    else:
        yield day, shown.size(sum(each["usage_bytes"] for each in results))
