"""Uploads behind API Gateway."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from vectorlog.api import app
from vectorlog.api.gateway import Gateway
from vectorlog.deployment import Deployment

SAMPLE = Path(__file__).parents[2] / "events" / "api_gateway_upload.json"


def upload(deployment: Deployment, spool: Path, fields: dict[str, str], **headers: str) -> int:
    """The status of an upload of a small file with these fields."""
    sent = httpx.Request("POST", "http://x", files={"file": ("a.txt", b"alpha")}, data=fields)
    event: dict[str, Any] = json.loads(SAMPLE.read_text())
    event["body"] = base64.b64encode(sent.read()).decode()
    every = {"Content-Type": sent.headers["content-type"], **headers}
    event["headers"] = every
    event["multiValueHeaders"] = {name: [value] for name, value in every.items()}
    transport = Gateway(spool, lambda key, name, content_type: f"{key} {name} {content_type}")
    resolver = app.build(APIGatewayRestResolver(), deployment, authenticate=lambda _: "acme", transport=transport)
    status: int = resolver.resolve(event, object())["statusCode"]  # type: ignore[arg-type]  # no route looks at the context
    return status


@pytest.mark.parametrize(
    ("fields", "status"), [({"purpose": "assistants"}, 200), ({"purpose": "none"}, 400), ({}, 400)]
)
def test_spool_is_left_empty(deployment: Deployment, tmp_path: Path, fields: dict[str, str], status: int) -> None:
    """A function that stays warm does not fill its disk with uploads, neither with those it took nor with those it
    refused.
    """
    spool = tmp_path / "spool"
    spool.mkdir()
    assert upload(deployment, spool, fields) == status
    assert list(spool.iterdir()) == []


def test_repeated_upload_leaves_nothing(deployment: Deployment, tmp_path: Path) -> None:
    """The repeat of an upload under its key is answered from the first, and its own bytes go."""
    spool = tmp_path / "spool"
    spool.mkdir()
    for _ in range(2):
        assert upload(deployment, spool, {"purpose": "assistants"}, **{"Idempotency-Key": "k"}) == 200
    assert list(spool.iterdir()) == []
