"""The route that says what a request's key stands for."""

from __future__ import annotations

from vectorlog.api import auth
from vectorlog.api.call import Call
from vectorlog.api.response import Response, json_response


def get(call: Call) -> Response:
    """GET /whoami."""
    call.no_query()
    credential = call.credential
    return json_response(
        {
            "object": "caller",
            "project_id": credential.project,
            "user_id": call.actor.caller.user,
            "scope": credential.scope,
            "all_projects": credential.all_projects,
            "key_id": credential.key or None,
            "key_required": credential != auth.OPEN,
            "expires_at": None if credential.expires_at is None else credential.expires_at // 1000,
        }
    )
