"""The routes of the Model Context Protocol."""

from __future__ import annotations

from collections.abc import Mapping

from vectorlog.api import unprefixed
from vectorlog.api.call import JSON_EXPECTED, Call
from vectorlog.api.input.form import Form
from vectorlog.api.mcp import protocol
from vectorlog.api.mcp.tools import Tools
from vectorlog.api.request import Request
from vectorlog.api.response import Response, json_response
from vectorlog.deployment import Deployment
from vectorlog.domain.errors import Invalid


def answer(call: Call) -> Response:
    """POST /mcp, and POST /mcp/<vector_store_id> for one store."""
    call.no_query()
    store = call.id("vector_store_id") if call.ids else None
    if isinstance(call.request.body, Form):
        raise Invalid(JSON_EXPECTED, code=None)
    return protocol.answer(call.request.body, call.request.headers, Tools(call, store))


def metadata(deployment: Deployment, request: Request, ids: Mapping[str, str]) -> Response:  # noqa: ARG001  # a Page
    """GET /.well-known/oauth-protected-resource and the same with the path of a resource after it (RFC 9728).

    It names no authorization server: keys are created by the operator, and sent as bearer tokens.
    """
    path = request.path.removeprefix(unprefixed.RESOURCE) or unprefixed.MCP
    return json_response(
        {
            "resource": f"{request.root}{path}",
            "resource_name": "Vectorlog",
            "bearer_methods_supported": ["header"],
            "resource_documentation": f"{request.root}/docs",
        }
    )
