"""Routes of webhook endpoints. They belong to a project, and a key of its scope `admin` administers them."""

from __future__ import annotations

from vectorlog.api import present
from vectorlog.api.call import Call
from vectorlog.api.input.json_text import Json
from vectorlog.api.input.webhook_schemas import EndpointChange, EndpointCreation, EndpointList, EndpointTest, Rotation
from vectorlog.api.response import Response, json_response
from vectorlog.domain.outgoing_event import TYPES
from vectorlog.use_cases import webhook_requests, webhooks
from vectorlog.use_cases.webhooks import EndpointView, Settings
from vectorlog.webhooks.secrets import PREFIX


def create(call: Call) -> Response:
    """POST /webhook_endpoints."""
    call.no_query()
    body = call.body(EndpointCreation)
    settings = Settings(body.name, body.url, tuple(body.event_types))
    return json_response(_with_secret(webhooks.create(call.deployment, call.actor, settings)))


def list_all(call: Call) -> Response:
    """GET /webhook_endpoints."""
    page = webhooks.list_page(call.deployment, call.actor, call.query(EndpointList).page)
    shown = [_endpoint(view) for view in page.items]
    return json_response(present.page(shown, call.dialect, has_more=page.has_more))


def get(call: Call) -> Response:
    """GET /webhook_endpoints/<webhook_endpoint_id>."""
    call.no_query()
    return json_response(_endpoint(webhooks.get(call.deployment, call.actor, call.id("webhook_endpoint_id"))))


def change(call: Call) -> Response:
    """POST /webhook_endpoints/<webhook_endpoint_id>."""
    call.no_query()
    endpoint, body = call.id("webhook_endpoint_id"), call.body(EndpointChange)
    types = None if body.event_types is None else tuple(body.event_types)
    return json_response(
        _endpoint(
            webhooks.change(call.deployment, call.actor, endpoint, name=body.name, url=body.url, event_types=types)
        )
    )


def delete(call: Call) -> Response:
    """DELETE /webhook_endpoints/<webhook_endpoint_id>."""
    call.no_query()
    endpoint = call.id("webhook_endpoint_id")
    webhooks.delete(call.deployment, call.actor, endpoint)
    return json_response(present.deleted("webhook_endpoint.deleted", endpoint))


def rotate_secret(call: Call) -> Response:
    """POST /webhook_endpoints/<webhook_endpoint_id>/rotate_secret."""
    call.no_query()
    endpoint = call.id("webhook_endpoint_id")
    body = Rotation() if call.request.body == b"" else call.body(Rotation)  # OpenAI's example has none
    keep = bool(body.keep_old_secret_active_for_24_hours)
    view = webhooks.rotate_secret(call.deployment, call.actor, endpoint, keep_old=keep)
    return json_response(_with_secret(view))


def test(call: Call) -> Response:
    """POST /webhook_endpoints/<webhook_endpoint_id>/test."""
    call.no_query()
    endpoint, kind = call.id("webhook_endpoint_id"), call.body(EndpointTest).event_type
    status = webhook_requests.test(call.deployment, call.actor, endpoint, kind)
    return json_response(
        {
            "object": "webhook_endpoint.test",
            "webhook_endpoint_id": endpoint,
            "event_type": kind,
            "status_code": status,
            "success": True,
        }
    )


def event_types(call: Call) -> Response:
    """GET /webhook_event_types."""
    call.no_query()
    return json_response({"object": "list", "data": list(TYPES)})


def _endpoint(view: EndpointView) -> Json:
    """A webhook endpoint, without its secret. `status` and what follows it is ours."""
    state = view.state
    return {
        "id": view.id,
        "object": "webhook_endpoint",
        "created_at": state.created_at // 1000,
        "updated_at": state.updated_at // 1000,
        "name": state.name,
        "url": state.url,
        "event_types": list(state.event_types),
        "signing_secret_hint": f"{PREFIX}********{state.hint}",
        "status": "enabled" if state.active else "disabled",
        "disabled_at": None if state.disabled_at is None else state.disabled_at // 1000,
        "disabled_reason": state.disabled,
    }


def _with_secret(view: EndpointView) -> Json:
    return {**_endpoint(view), "signing_secret": view.secret}
