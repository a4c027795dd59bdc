"""Formats permissions as JSON objects."""

from __future__ import annotations

from vectorlog.api.input.json_text import Json
from vectorlog.use_cases.permissions import Permission


def permission(view: Permission) -> Json:
    """A role that someone holds on a store."""
    return {
        "object": "vector_store.permission",
        "vector_store_id": view.store,
        **_grantee(view.user),
        "role": view.held.role,
    }


def effective_permission(view: Permission) -> Json:
    """The role that someone holds on a store, and where it comes from."""
    return {**permission(view), "source": view.held.source}


def permission_removed(store: str, user: str | None) -> Json:
    """The response to the removal of a permission."""
    return {
        "object": "vector_store.permission.deleted",
        "vector_store_id": store,
        **_grantee(user),
        "deleted": True,
    }


def _grantee(user: str | None) -> Json:
    return {"grantee_type": "team" if user is None else "user", "user_id": user}
