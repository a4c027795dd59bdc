"""Routes that show the history of a thing: its commits in the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vectorlog.api import present
from vectorlog.api.call import Call
from vectorlog.api.input.json_text import Json
from vectorlog.api.input.queries import EventList
from vectorlog.api.response import Response, json_response
from vectorlog.domain.vectors import model_name
from vectorlog.event_log.event_log import Commit
from vectorlog.operations.show import streams
from vectorlog.use_cases import history
from vectorlog.use_cases.history import HistoryPage


def of_store(call: Call) -> Response:
    """GET /vector_stores/<vector_store_id>/events."""
    store, query = call.id("vector_store_id"), call.query(EventList)
    return _answer(call, history.of_store(call.deployment, call.actor, store, query.page))


def of_store_file(call: Call) -> Response:
    """GET /vector_stores/<vector_store_id>/files/<file_id>/events."""
    store, file, query = call.id("vector_store_id"), call.id("file_id"), call.query(EventList)
    return _answer(call, history.of_store_file(call.deployment, call.actor, store, file, query.page))


def of_file(call: Call) -> Response:
    """GET /files/<file_id>/events."""
    file, query = call.id("file_id"), call.query(EventList)
    return _answer(call, history.of_file(call.deployment, call.actor, file, query.page))


def _answer(call: Call, page: HistoryPage) -> Response:
    shown = [_commit(commit) for commit in page.commits]
    return json_response(present.page(shown, call.dialect, has_more=page.has_more))


def _commit(commit: Commit) -> Json:
    shown = streams.shown(commit)
    return {
        "id": str(commit.version),
        "object": "event",
        "created_at": commit.at // 1000,
        "actor": shown.actor or None,
        "request_id": shown.request or None,
        "imported": shown.imported,
        "changes": [{"type": event["type"], **_plain(event["data"])} for event in shown.events],
    }


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an event's fields. Of a manifest, only the numbers are shown: the rest is packed, or an address. A model
    has the name by which users call it.
    """
    return {name: _value(name, value) for name, value in data.items()}


def _value(name: str, value: Any) -> Any:  # noqa: ANN401  # any JSON
    if name == "manifest":
        return {"count": value["count"], "known": value.get("known", 0)}
    if name in ("model", "left_model"):
        return model_name(value)
    return _plain(value) if isinstance(value, dict) and name == "batch" else value
