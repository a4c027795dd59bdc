"""Routes of the permissions on a vector store."""

from __future__ import annotations

from vectorlog.api import present_permissions as present
from vectorlog.api.call import Call
from vectorlog.api.input.permission_schemas import Grant, grantee
from vectorlog.api.response import Response, json_response
from vectorlog.use_cases import permissions


def list_all(call: Call) -> Response:
    """GET /vector_stores/<vector_store_id>/permissions."""
    call.no_query()
    found = permissions.list_all(call.deployment, call.actor, call.id("vector_store_id"))
    return json_response({"object": "list", "data": [present.permission(each) for each in found]})


def grant(call: Call) -> Response:
    """POST /vector_stores/<vector_store_id>/permissions."""
    call.no_query()
    store, body = call.id("vector_store_id"), call.body(Grant)
    return json_response(
        present.permission(permissions.grant(call.deployment, call.actor, store, body.user_id, body.role))
    )


def get(call: Call) -> Response:
    """GET /vector_stores/<vector_store_id>/permissions/<user_id>."""
    call.no_query()
    store, user = call.id("vector_store_id"), grantee(call.ids["user_id"])
    return json_response(present.effective_permission(permissions.get(call.deployment, call.actor, store, user)))


def revoke(call: Call) -> Response:
    """DELETE /vector_stores/<vector_store_id>/permissions/<user_id>."""
    call.no_query()
    store, user = call.id("vector_store_id"), grantee(call.ids["user_id"])
    permissions.revoke(call.deployment, call.actor, store, user)
    return json_response(present.permission_removed(store, user))
