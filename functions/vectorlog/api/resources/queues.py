"""The route that says what waits in the work queues of the deployment."""

from __future__ import annotations

from vectorlog.api import auth, present
from vectorlog.api.call import Call
from vectorlog.api.input.json_text import Json
from vectorlog.api.response import Response, json_response
from vectorlog.work.queue import Backlog


def list_all(call: Call) -> Response:
    """GET /organization/queues. Queues hold messages of every project, so it takes a key for all of them."""
    call.no_query()
    auth.check_administers(call.credential, call.credential.project, all_projects=True)
    shown = [_queue(name, each) for name, each in call.deployment.backlogs().items()]
    return json_response(present.page(shown, call.dialect, has_more=False))


def _queue(name: str, held: Backlog) -> Json:
    return {
        "id": name,
        "object": "organization.queue",
        "waiting": held.waiting,
        "in_progress": held.in_progress,
        "delayed": held.delayed,
        "oldest_at": None if held.oldest_at is None else held.oldest_at // 1000,
    }
