"""The log lines by which a request is followed: what was answered, which commits it caused, which messages followed
from them, and which calls of models were made. Each is one line with `event`, and names the request.

The saved query `request` of the stack finds them all (`infra/monitoring/queries.py`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vectorlog.event_log.provenance import origin_of

if TYPE_CHECKING:
    from vectorlog.api.request import Request
    from vectorlog.api.response import Response
    from vectorlog.embedding.meter import Purpose
    from vectorlog.event_log.event_log import Commit

log = logging.getLogger(__name__)


def request_id(event: Mapping[str, Any]) -> str:
    """Returns an event's request id: API Gateway's id, as in its access log, in the form `req_` and 32 hex digits."""
    return "req_" + str(event["requestContext"]["requestId"]).replace("-", "")


def answered(request: Request, response: Response, ms: float) -> None:
    """Writes the line of a request: an access log that names the project, which API Gateway's cannot."""
    fields = {
        "event": "request",
        "request_id": request.request_id,
        "project": response.project or "",
        "route": response.operation,
        "method": request.method,
        "path": request.path,
        "status": response.status,
        "ms": round(ms, 1),
    }
    log.info("%s %s %s", request.method, request.path, response.status, extra=fields)


def committed(commits: Sequence[Commit]) -> None:
    """Writes a line for each commit that came with the log's stream."""
    for commit in commits:
        origin = origin_of(commit.meta)
        fields = {
            "event": "commit",
            "request_id": "" if origin.imported else origin.request,
            "project": origin.project,
            "stream": commit.stream,
            "version": commit.version,
            "events": [event["type"] for event in json.loads(commit.events)],
        }
        log.info("commit %s of %s", commit.version, commit.stream, extra=fields)


def about(body: str) -> dict[str, Any]:
    """Returns what a message's lines say of it: its type, and the request and project that caused it."""
    try:
        message = json.loads(body)
        data = message["data"]
        said = {"type": message["type"], "request_id": data.get("request", ""), "project": data.get("project", "")}
        of = {name: data[name] for name in ("store", "file", "batch", "stream") if name in data}
    except (ValueError, KeyError, TypeError, AttributeError):  # whoever handles it says what is wrong with it
        return {}
    return said | of


def handled(queue: str, body: str, ms: float) -> None:
    """Writes the line of a message that was handled."""
    said = about(body)
    fields = {"event": "message", "queue": queue, "ms": round(ms, 1), **said}
    log.info("handled %s of queue %s", said.get("type", "a message"), queue, extra=fields)


class LoggedCalls:
    """Implements Meter by a line for each call of a model."""

    def embedded(self, model: str, purpose: Purpose, texts: Sequence[str], seconds: float) -> None:
        """See Meter."""
        fields = {"event": "provider_called", "model": model, "purpose": purpose, "texts": len(texts)}
        log.info("%s embedded %s texts", model, len(texts), extra=fields | {"ms": round(1000 * seconds, 1)})
