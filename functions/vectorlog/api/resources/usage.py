"""Routes of usage reports: OpenAI's, and MKA1's two (docs/contract.md, section 4.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from vectorlog.api.call import Call
from vectorlog.api.input import usage_queries
from vectorlog.api.input.json_text import Json
from vectorlog.api.input.usage_queries import DAY_S, FilesUsage, OrganizationUsage, Range, StoresUsage
from vectorlog.api.response import Response, json_response
from vectorlog.use_cases import usage
from vectorlog.use_cases.usage import DayOfUsage, UsageQuery
from vectorlog.views.usage_keys import UsageOf

ShowResult = Callable[[str | None, int], Json]
"""Returns a result as JSON, given the owner and the bytes."""


def of_organization(call: Call) -> Response:
    """GET /organization/usage/vector_stores."""
    query, project = call.query(OrganizationUsage), call.actor.caller.project

    def show(_: str | None, size: int) -> Json:
        grouped = project if query.group_by else None
        return {"object": "organization.usage.vector_stores.result", "usage_bytes": size, "project_id": grouped}

    return _report(call, query, "stores", show, covers=query.project_ids is None or project in query.project_ids)


def of_vector_stores(call: Call) -> Response:
    """GET /usage/vector_stores."""
    return _of_users(call, call.query(StoresUsage), "stores", "organization.usage.vector_stores.result")


def of_files(call: Call) -> Response:
    """GET /usage/files."""
    return _of_users(call, call.query(FilesUsage), "files", "organization.usage.files.result")


def _of_users(call: Call, query: StoresUsage, of: UsageOf, kind: str) -> Response:
    project, grouped = call.actor.caller.project, frozenset[str](query.group_by or ())

    def show(owner: str | None, size: int) -> Json:
        org = project if "org_id" in grouped else None
        return {"object": kind, "usage_bytes": size, "user_id": owner, "api_key_id": None, "org_id": org}

    covers = query.org_ids is None or project in query.org_ids
    return _report(call, query, of, show, covers=covers, users=query.users, by_user="user_id" in grouped)


def _report(
    call: Call,
    query: Range,
    of: UsageOf,
    show: ShowResult,
    *,
    covers: bool,
    users: frozenset[str] | None = None,
    by_user: bool = False,
) -> Response:
    """Answers with a page of buckets, one for each day. `covers` is whether the caller's project is asked for."""
    first, count, has_more = query.days(usage.today(call.deployment))
    days: Sequence[DayOfUsage] = [DayOfUsage(first + timedelta(days=number), {}) for number in range(count)]
    if covers and count:
        days = usage.report(call.deployment, call.actor, UsageQuery(of, first, count, users, by_user))
    next_page = usage_queries.cursor(first + timedelta(days=count)) if has_more else None
    return json_response(
        {
            "object": "page",
            "data": [_bucket(each.day, [show(owner, size) for owner, size in each.sizes.items()]) for each in days],
            "has_more": has_more,
            "next_page": next_page,
        }
    )


def _bucket(day: date, results: Sequence[Json]) -> Json:
    start = usage_queries.start_of(day)
    return {"object": "bucket", "start_time": start, "end_time": start + DAY_S, "results": list(results)}
