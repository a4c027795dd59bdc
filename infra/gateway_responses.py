"""API Gateway's own errors, in the same envelope as the API's (docs/contract.md, section 8)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from aws_cdk import aws_apigateway as apigateway

from infra.configuration import Configuration
from vectorlog.defaults import GATEWAY_SECONDS, GATEWAY_TOO_LARGE

OWN_MESSAGE = "$context.error.messageString"
"""API Gateway's own message, which it quotes and escapes."""
NOT_FOUND = (
    "Invalid URL. There is no such path below /$context.stage; paths look like /$context.stage/v1/vector_stores."
)
"""It does not repeat the path: API Gateway's templates insert text without escaping it, so a path could break the JSON.
"""
SLOW_DOWN = "Too many requests. Please repeat the request in a moment."
REFUSED = "The request was refused before it reached the API. Check its address and its headers."
TIMED_OUT = f"The request took longer than {GATEWAY_SECONDS} seconds. Please repeat it."
FAILED = "The server had an error while processing your request. Quote its id when you report it: $context.requestId"
RETRY_S = 1
"""A token bucket that allows more than one request a second has the next token by then."""


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """An error of API Gateway, as clients get it.

    Attributes:
        message: a template; API Gateway fills in `$context…`.
        status: None keeps API Gateway's own status.
    """

    message: str
    status: int | None = None
    code: str | None = None
    type: str = "invalid_request_error"
    headers: Mapping[str, str] = field(default_factory=dict)

    def template(self) -> str:
        """The body."""
        error = {"message": self.message, "type": self.type, "param": None, "code": self.code}
        return json.dumps({"error": error}).replace(f'"{OWN_MESSAGE}"', OWN_MESSAGE)


_NOT_FOUND = GatewayResponse(NOT_FOUND, 404)
_LATER = {"retry-after": str(RETRY_S)}
_SLOW_DOWN = GatewayResponse(SLOW_DOWN, 429, "rate_limit_exceeded", headers=_LATER)

RESPONSES: Mapping[str, GatewayResponse] = {
    # For a path without a route, API Gateway says that a signature is missing, or wrong if a bearer token was sent.
    # None of our routes needs a signature, so each of these means that the path does not exist.
    "MISSING_AUTHENTICATION_TOKEN": _NOT_FOUND,
    "INVALID_SIGNATURE": _NOT_FOUND,
    "EXPIRED_TOKEN": _NOT_FOUND,
    "RESOURCE_NOT_FOUND": _NOT_FOUND,
    "UNSUPPORTED_MEDIA_TYPE": GatewayResponse(OWN_MESSAGE, 415),
    "REQUEST_TOO_LARGE": GatewayResponse(GATEWAY_TOO_LARGE, 413, "request_too_large"),
    "THROTTLED": _SLOW_DOWN,
    "WAF_FILTERED": GatewayResponse(REFUSED, 403, "permission_denied"),
    # Not API Gateway's own message: it may repeat the Authorization header, which holds the caller's key.
    "DEFAULT_4XX": GatewayResponse(REFUSED),
    "INTEGRATION_TIMEOUT": GatewayResponse(TIMED_OUT, 504, "service_unavailable", "server_error", _LATER),
    "DEFAULT_5XX": GatewayResponse(FAILED, None, None, "server_error"),
}
"""By API Gateway's type of response (its guide, "Gateway response types"). Those of authorizers, API keys, usage plans
and request validators cannot occur here, and that of a web ACL only where there is one.
"""


def add_to(rest_api: apigateway.RestApi, *, configuration: Configuration) -> None:
    """Adds each response. If CORS is on, any origin may read them: they hold nobody's data, and API Gateway can name
    only one origin.
    """
    every = {"x-request-id": "context.requestId"}
    if configuration.cors_origins:
        every |= {"access-control-allow-origin": "'*'", "access-control-expose-headers": "'x-request-id, retry-after'"}
    for kind, response in RESPONSES.items():
        if kind == "WAF_FILTERED" and not configuration.web_acl_arn:
            continue
        rest_api.add_gateway_response(
            kind.title().replace("_", ""),
            type=apigateway.ResponseType.of(kind),
            status_code=None if response.status is None else str(response.status),
            response_headers=every | {name: f"'{value}'" for name, value in response.headers.items()},
            templates={"application/json": response.template()},
        )
