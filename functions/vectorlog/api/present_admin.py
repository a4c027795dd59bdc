"""Formats keys and limits as JSON objects. Times are in seconds."""

from __future__ import annotations

from vectorlog.api.input.json_text import Json
from vectorlog.domain.api_key import SECRET_PREFIX
from vectorlog.use_cases.api_keys import KeyView


def key(view: KeyView) -> Json:
    """A key, without its secret. `scope`, `project_id`, `all_projects` and `created_by` are ours."""
    state = view.state
    return {
        "id": view.id,
        "object": "organization.admin_api_key",
        "name": state.name,
        "redacted_value": f"{SECRET_PREFIX}********{state.hint}",
        "created_at": state.created_at // 1000,
        "expires_at": None if state.expires_at is None else state.expires_at // 1000,
        "last_used_at": None if state.used_at is None else state.used_at // 1000,
        "owner": {
            "type": "project",
            "object": "organization.project",
            "id": state.project,
            "name": state.project,
            "created_at": state.created_at // 1000,
            "role": state.scope,
        },
        "project_id": state.project,
        "scope": state.scope,
        "all_projects": state.all_projects,
        "created_by": state.created_by or None,
    }


def new_key(view: KeyView, secret: str) -> Json:
    """A key that was just created, with its secret."""
    return {**key(view), "value": secret}
