"""Routes of the limits of a project, in the form of OpenAI's project rate limits.

All limits of a project are one object. A key of scope `admin` for all projects sets them freely, and one of the project
sets tighter ones.
"""

from __future__ import annotations

from vectorlog.api import auth, present, present_admin
from vectorlog.api.call import Call
from vectorlog.api.input.admin_schemas import LimitsChange, LimitsList
from vectorlog.api.present_admin import RATE_LIMIT
from vectorlog.api.response import Response, json_response
from vectorlog.domain.errors import Invalid, NotFound
from vectorlog.use_cases import api_keys, limits


def list_all(call: Call) -> Response:
    """GET /organization/projects/<project_id>/rate_limits."""
    query = call.query(LimitsList)
    cursors = {"after": query.after, "before": query.before}
    for name, cursor in cursors.items():
        if cursor not in (None, RATE_LIMIT):
            message = f"Invalid value: '{cursor}'. Nothing with this id was ever in this list."
            raise Invalid(message, param=name)
    shown = present_admin.limits(limits.get(call.deployment, _project(call)))
    beside = any(cursors.values())  # nothing is before or after the only item
    return json_response(present.page([] if beside else [shown], call.dialect, has_more=False))


def change(call: Call) -> Response:
    """POST /organization/projects/<project_id>/rate_limits/<rate_limit_id>."""
    call.no_query()
    project, body, id = _project(call), call.body(LimitsChange), call.ids["rate_limit_id"]
    if id != RATE_LIMIT:
        message = f"No such rate limit: '{id}'. All limits of a project are '{RATE_LIMIT}'."
        raise NotFound(message, param="rate_limit_id")
    view = limits.change(call.deployment, call.actor, project, body.changes, ceilings=call.credential.all_projects)
    return json_response(present_admin.limits(view))


def _project(call: Call) -> str:
    """Returns the project that the path names.

    Raises:
        Invalid: it is not a project's name.
        Forbidden: the caller does not administer it.
    """
    project = call.ids["project_id"]
    api_keys.check_project(project, "project_id")
    auth.check_administers(call.credential, project)
    return project
