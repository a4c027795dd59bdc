"""The API behind API Gateway: converts its events to requests, and responses to its answers."""

from __future__ import annotations

import base64
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig
from aws_lambda_powertools.event_handler import Response as ProxyResponse

from vectorlog.api import auth
from vectorlog.api.app import Admit, App, refuse
from vectorlog.api.request import Request
from vectorlog.api.response import Response, redirect
from vectorlog.api.routes import OPEN, ROUTES
from vectorlog.defaults import PREFLIGHT_SECONDS
from vectorlog.domain.errors import Invalid, Refused
from vectorlog.files.blobs import Blobs
from vectorlog.runtime.aws import trail, wiring
from vectorlog.runtime.aws.large_answers import INLINE_LIMIT, SIGNED_FOR_S, fit
from vectorlog.runtime.aws.once import once
from vectorlog.runtime.aws.readiness import ready_rarely

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from vectorlog.api.input.form import Form, FormRule

TEXT_LIMIT = 1_000_000
"""The size in bytes up to which JSON is sent as text. Its quotes are escaped, which may double it; base64 adds a third.
"""
KEY_REMEMBERED_MS = 5_000
"""How long a valid key is not looked up again, and so how long a warm function may still accept a revoked key."""


@once
def resolver() -> APIGatewayRestResolver:
    """Returns the resolver of this function's deployment."""
    authenticate = auth.keys_required(wiring.deployment(), remember_ms=KEY_REMEMBERED_MS)
    probes = {**OPEN, "/readyz": ready_rarely()}
    app = App(wiring.deployment(), authenticate, send_blob, probes, sign_part=sign_part, fit=fit)
    return build(app.admit, Path(tempfile.mkdtemp(prefix="vectorlog-")), wiring.environment().cors_origins)


def build(admit: Admit, spool: Path, origins: str = "") -> APIGatewayRestResolver:
    """Builds a resolver that passes every request to `admit`, and its body to what that returns.

    Powertools parses the event, adds CORS headers and formats the answer. The app does the routing, as in the local
    edition.

    Args:
        admit: finds out from a request's head how to answer it.
        spool: the folder for a form's files, in Lambda's /tmp.
        origins: the origins whose pages may call the API from a browser, separated by commas.
    """
    resolver = APIGatewayRestResolver(cors=_cors(origins))

    def respond() -> ProxyResponse[Any]:
        return _proxy_response(_respond(admit, resolver.current_event, spool), resolver.current_event.http_method)

    resolver.route(".+", method=sorted({route.method for route in ROUTES}))(respond)
    resolver.not_found(lambda _: respond())  # other methods; with CORS, Powertools answers OPTIONS itself
    return resolver


def answer(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers one event, and adds the headers that every response has."""
    began = time.perf_counter()
    response = resolver().resolve(event, context)
    headers: dict[str, list[str]] = response["multiValueHeaders"]
    headers["x-request-id"] = [trail.request_id(event)]
    headers["openai-processing-ms"] = [str(round((time.perf_counter() - began) * 1000))]
    return response


def send_blob(blobs: Blobs, key: str, filename: str, headers: Mapping[str, str]) -> Response:
    """Sends a small blob's bytes, and redirects to the bucket for a large one. See `SendBlob`."""
    size = blobs.size(key)
    if size is not None and size > INLINE_LIMIT:
        url = wiring.blobs().download_url(key, SIGNED_FOR_S, name=filename, content_type=headers["content-type"])
        return redirect(url, headers)
    return Response(200, headers, blobs.read(key))


def sign_part(request: Request, upload: str, part: str, size: int, seconds: int) -> str:  # noqa: ARG001
    """Returns a signed URL of the bucket. See `SignPart`."""
    from vectorlog.use_cases.upload_parts import DIRECT, part_key

    return wiring.blobs().upload_url(part_key(upload, part, DIRECT), seconds, size=size)


def _respond(admit: Admit, event: APIGatewayProxyEvent, spool: Path) -> Response:
    """Answers an event, and writes the line of its request."""
    began = time.perf_counter()
    head = Request(
        method=event.http_method.upper(),
        path=event.path,
        headers=_headers(event),
        query=event.resolved_query_string_parameters or {},
        body=b"",
        request_id=trail.request_id(event.raw_event),
        mount=_mount(event),
    )
    response = _answered(admit, head, event, spool)
    trail.answered(head, response, (time.perf_counter() - began) * 1000)
    return response


def _answered(admit: Admit, head: Request, event: APIGatewayProxyEvent, spool: Path) -> Response:
    admitted = admit(head)
    if isinstance(admitted, Response):
        return admitted
    text = event.body or ""
    try:
        sent = base64.b64decode(text) if event.is_base64_encoded else text.encode()
        body = _form(head, sent, spool, admitted.form) if admitted.form else sent
    except ValueError as error:  # neither base64 nor text, or a boundary that is not ASCII
        return refuse(head, Invalid(f"The request's body cannot be decoded: {error}.", code=None))
    except Refused as error:
        return refuse(head, error)
    return admitted.answer(replace(head, body=body))


def _mount(event: APIGatewayProxyEvent) -> str:
    """Returns what API Gateway removed from the path: its stage, or the base path of a custom domain."""
    whole = str(event.raw_event["requestContext"].get("path") or "")
    return whole.removesuffix(event.path) if whole.endswith(event.path) else ""


def _headers(event: APIGatewayProxyEvent) -> dict[str, str]:
    several: Mapping[str, Sequence[str]] = event.raw_event.get("multiValueHeaders") or {}
    joined = {name.lower(): ", ".join(values) for name, values in several.items()}
    return {**{name.lower(): value for name, value in event.headers.items()}, **joined}


def _form(head: Request, sent: bytes, spool: Path, rule: FormRule) -> Form:
    """Parses a form. See `forms.read`; most functions start for a request without a form, and never import it."""
    from vectorlog.runtime.aws import forms

    return forms.read(head.headers["content-type"], sent, spool, rule)


def _proxy_response(response: Response, method: str) -> ProxyResponse[Any]:
    """Converts a response for Powertools, which sends bytes in base64.

    JSON is sent as text, so that Lambda's log and its console show it.
    """
    body = b"" if method.upper() == "HEAD" else response.content
    headers = dict(response.headers)
    plain = headers.get("content-type") == "application/json" and "content-encoding" not in headers
    if plain and len(body) <= TEXT_LIMIT:
        return ProxyResponse(response.status, headers.pop("content-type"), body.decode(), headers=headers)
    return ProxyResponse(response.status, body=body or "", headers=headers)


def _cors(origins: str) -> CORSConfig | None:
    """Lets pages of these origins send and read any header, but no cookies. OPTIONS needs no key."""
    if not origins:
        return None
    first, *others = origins.split(",")
    return CORSConfig(first, others, allow_headers=["*"], expose_headers=["*"], max_age=PREFLIGHT_SECONDS)
