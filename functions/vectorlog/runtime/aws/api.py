"""The API behind API Gateway."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig

from vectorlog.api import app, auth
from vectorlog.api.gateway import Gateway, request_id
from vectorlog.runtime.aws import wiring
from vectorlog.runtime.aws.once import once

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

SIGNED_FOR_S = 300
"""How long an address of a download holds."""
KEY_REMEMBERED_MS = 5_000
"""For so long after a key was seen valid a request with it reads nothing; so a revoked key may still open a warm
function.
"""
PREFLIGHT_S = 3600
"""How long a browser may remember what it may ask; two hours are the most that one of them takes."""


@once
def resolver() -> APIGatewayRestResolver:
    """The route table, on this deployment's edition."""
    deployment = wiring.deployment()
    transport = Gateway(Path(tempfile.mkdtemp(prefix="vectorlog-")), _signed)
    authenticate = auth.keys_required(deployment, remember_ms=KEY_REMEMBERED_MS)
    here = APIGatewayRestResolver(cors=_browsers(wiring.environment().cors_origins))
    return app.build(here, deployment, authenticate=authenticate, transport=transport)


def _signed(key: str, name: str, content_type: str) -> str:
    return wiring.blobs().download_url(key, SIGNED_FOR_S, name=name, content_type=content_type)


def _browsers(origins: str) -> CORSConfig | None:
    """Pages there may send and read any header, and no cookies; OPTIONS is answered without a key."""
    if not origins:
        return None
    first, *others = origins.split(",")
    return CORSConfig(first, others, allow_headers=["*"], expose_headers=["*"], max_age=PREFLIGHT_S)


def answer(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The answer to one event, with the headers that every answer carries."""
    began = time.perf_counter()
    made = resolver().resolve(event, context)
    headers: dict[str, list[str]] = made["multiValueHeaders"]
    headers.pop(app.PROJECT, None)
    headers["x-request-id"] = [request_id(event)]
    headers["openai-processing-ms"] = [str(round((time.perf_counter() - began) * 1000))]
    return made
