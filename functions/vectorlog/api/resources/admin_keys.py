"""Routes of keys, in the form of OpenAI's admin API keys.

A key of scope `admin` administers the keys of its own project, or of every project if it is for all projects.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from vectorlog.api import auth, present, present_admin
from vectorlog.api.call import Call
from vectorlog.api.input.admin_schemas import KeyCreation, KeyList
from vectorlog.api.response import Response, json_response
from vectorlog.domain.api_key import SECRET_PREFIX
from vectorlog.domain.errors import Forbidden, Invalid, NotFound
from vectorlog.use_cases import api_keys
from vectorlog.use_cases.api_keys import Creator, KeyView


def create(call: Call) -> Response:
    """POST /organization/admin_api_keys."""
    call.no_query()
    body, credential = call.body(KeyCreation), call.credential
    project = credential.project if body.project_id is None else body.project_id
    api_keys.check_project(project, "project_id")
    first = credential == auth.OPEN
    all_projects = first and body.scope == "admin" if body.all_projects is None else body.all_projects
    if first and body.scope != "admin":
        raise Invalid(
            "The first key must be of scope 'admin', because a server that has a key answers only to keys.",
            param="scope",
        )
    if not credential.administers(project) or (all_projects and not credential.all_projects):
        raise Forbidden(
            f"You have insufficient permissions for this operation. This key administers project "
            f"'{credential.project}' only."
        )
    expires = body.expires_in_seconds
    view, secret = api_keys.create(
        call.deployment,
        project,
        body.name,
        body.scope,
        expires_at=None if expires is None else call.deployment.clock() + expires * 1000,
        all_projects=all_projects,
        by=Creator(call.actor.meta, credential.key, _repeatable_secret(call), call.actor.key),
    )
    return json_response(present_admin.new_key(view, secret))


def list_all(call: Call) -> Response:
    """GET /organization/admin_api_keys."""
    query, credential = call.query(KeyList), call.credential
    project = query.project_id or (None if credential.all_projects else credential.project)
    if project is not None and not credential.administers(project):
        raise Forbidden(
            f"You have insufficient permissions for this operation. This key administers project "
            f"'{credential.project}' only."
        )
    page = api_keys.list_page(call.deployment, project, query.page)
    shown = [present_admin.key(view) for view in page.items]
    return json_response(present.page(shown, call.dialect, has_more=page.has_more))


def get(call: Call) -> Response:
    """GET /organization/admin_api_keys/<key_id>."""
    call.no_query()
    return json_response(present_admin.key(_administered(call)))


def delete(call: Call) -> Response:
    """DELETE /organization/admin_api_keys/<key_id>."""
    call.no_query()
    view = _administered(call)
    if view.state.all_projects and not call.credential.all_projects:
        raise Forbidden(
            "You have insufficient permissions for this operation. Only a key for all projects can delete another one."
        )
    api_keys.revoke(call.deployment, view.id, call.actor.meta)
    return json_response(present.deleted("organization.admin_api_key.deleted", view.id))


def _administered(call: Call) -> KeyView:
    """Returns the key that the path names.

    Raises:
        NotFound: there is no such key, it is revoked, or it is of a project that the caller does not administer.
    """
    view = api_keys.get(call.deployment, call.id("key_id"))
    if not call.credential.administers(view.state.project):
        raise NotFound(f"No such key: {view.id}", param="key_id")
    return view


def _repeatable_secret(call: Call) -> str | None:
    """Returns the secret of the key that this request creates, if the request may be repeated and was sent with a key.

    No secret is stored, so the answer to a repeated request can show it only if it follows from the request. It is
    derived from the secret that the request was sent with, which nobody else can do.
    """
    own = auth.bearer(call.request.headers)
    if call.actor.key is None or own is None:
        return None
    digest = hmac.digest(own.encode(), b"vectorlog new key\0" + call.actor.key.key.encode(), hashlib.sha256)
    return SECRET_PREFIX + base64.urlsafe_b64encode(digest).decode().rstrip("=")
