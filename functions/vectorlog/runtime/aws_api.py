"""The API behind API Gateway."""

from __future__ import annotations

import tempfile
from functools import cache, partial
from pathlib import Path

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from vectorlog.api import app, auth
from vectorlog.api.gateway import Gateway
from vectorlog.runtime import aws

SIGNED_FOR_S = 300
"""How long an address of a download holds."""


@cache
def resolver() -> APIGatewayRestResolver:
    """The route table, on this deployment's edition."""
    edition = aws.edition()
    spool = Path(tempfile.mkdtemp(prefix="vectorlog-"))
    transport = Gateway(spool, partial(aws.blobs().download_url, seconds=SIGNED_FOR_S))
    return app.build(APIGatewayRestResolver(), edition, authenticate=auth.keys_required(edition), transport=transport)
