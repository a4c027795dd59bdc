"""The API behind API Gateway: uploads, and the same routes as in the local edition."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from tests.support.bench import Bench
from vectorlog.api import auth
from vectorlog.api.app import Admitted, App
from vectorlog.api.input.form import FormRule
from vectorlog.api.request import Request
from vectorlog.api.response import Response
from vectorlog.deployment import Deployment
from vectorlog.domain.api_key import Credential
from vectorlog.runtime.aws.api import build, send_blob
from vectorlog.use_cases import api_keys

SAMPLE = Path(__file__).parents[3] / "events" / "api_gateway_upload.json"


@pytest.fixture
def deployment(bench: Bench) -> Deployment:
    return bench.deployment


def upload(deployment: Deployment, spool: Path, fields: dict[str, str], **headers: str) -> int:
    """The status of an upload of a small file with these fields."""
    sent = httpx.Request("POST", "http://x", files={"file": ("a.txt", b"alpha")}, data=fields)
    event: dict[str, Any] = json.loads(SAMPLE.read_text())
    event["body"] = base64.b64encode(sent.read()).decode()
    every = {"Content-Type": sent.headers["content-type"], **headers}
    event["headers"] = every
    event["multiValueHeaders"] = {name: [value] for name, value in every.items()}
    resolver = build(App(deployment, lambda _: Credential("acme", "admin"), send_blob).admit, spool)
    status: int = resolver.resolve(event, LambdaContext())["statusCode"]
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


def test_the_same_table_serves_api_gateway(deployment: Deployment, tmp_path: Path) -> None:
    """A REST event gets the same answers: a route, an unknown path, a body in base64, hostile ids."""
    resolver = build(App(deployment, auth.keys_required(deployment), send_blob).admit, tmp_path)
    _, secret = api_keys.create(deployment, "p", "first")

    def ask(method: str, path: str, body: str | None = None, *, packed: bool = False) -> tuple[int, Any]:
        event = {
            "httpMethod": method,
            "path": path,
            "headers": {"Authorization": f"Bearer {secret}"},
            "multiValueHeaders": {},
            "queryStringParameters": None,
            "multiValueQueryStringParameters": None,
            "requestContext": {"stage": "prod", "path": f"/prod{path}", "requestId": "r-1"},
            "body": body,
            "isBase64Encoded": packed,
        }
        answer = resolver.resolve(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"])

    status, made = ask("POST", "/v1/vector_stores", "eyJuYW1lIjogIm4ifQ==", packed=True)
    assert (status, made["name"]) == (200, "n")
    assert ask("GET", f"/v1/vector_stores/{made['id']}") == (200, made)
    assert ask("GET", "/nowhere")[1]["error"]["message"] == "Invalid URL (GET /nowhere)"
    assert ask("GET", '/v1/vector_stores/vs_"')[0] == 400
    assert ask("GET", f"/v1/vector_stores/{quote(made['id']).replace('_', '%5F')}") == (200, made)
    assert ask("GET", "/healthz") == (200, {"status": "ok"})


def test_the_key_comes_before_the_body(deployment: Deployment, tmp_path: Path) -> None:
    """As locally: without a key, a broken form is a 401, and nothing of it is parsed or stored."""
    event: dict[str, Any] = json.loads(SAMPLE.read_text())
    event["body"], event["isBase64Encoded"] = "no form", False
    event["headers"] = {"Content-Type": "multipart/form-data; boundary=x"}
    event["multiValueHeaders"] = {}
    spool = tmp_path / "spool"  # does not exist, so nothing can be put there
    resolver = build(App(deployment, auth.keys_required(deployment), send_blob).admit, spool)
    assert resolver.resolve(event, LambdaContext())["statusCode"] == 401
    event["headers"]["Authorization"] = f"Bearer {api_keys.create(deployment, 'p', 'first')[1]}"
    assert resolver.resolve(event, LambdaContext())["statusCode"] == 400


def test_headers_and_forms_are_read_as_locally(tmp_path: Path) -> None:
    """Several values of a header are joined, and only a POST carries a form."""
    asked: list[Request] = []

    def answer(request: Request) -> Response:
        asked.append(request)
        return Response(200)

    def admit(head: Request) -> Admitted:
        return Admitted(answer, FormRule("file", 1, "") if head.is_form else None, False, "x", "p")

    resolver = build(admit, tmp_path)
    event: dict[str, Any] = json.loads(SAMPLE.read_text())
    event["httpMethod"], event["body"], event["isBase64Encoded"] = "PUT", "not a form", False
    event["headers"] = {"Content-Type": "multipart/form-data; boundary=x", "Accept": "b"}
    event["multiValueHeaders"] = {"Content-Type": ["multipart/form-data; boundary=x"], "Accept": ["a", "b"]}
    assert resolver.resolve(event, LambdaContext())["statusCode"] == 200
    assert (asked[0].headers["accept"], asked[0].body) == ("a, b", b"not a form")


@pytest.mark.parametrize(
    ("whole", "root"),
    [
        ("/v/v1/models", "https://api.example.com/v"),
        ("/v1/models", "https://api.example.com"),
        ("/other", "https://api.example.com"),
        (None, "https://api.example.com"),
    ],
)
def test_address_of_the_root(tmp_path: Path, whole: str | None, root: str) -> None:
    """A request knows the address by which its client reached the API, with the stage or base path in it."""
    seen: list[str] = []

    def admit(head: Request) -> Response:
        seen.append(head.root)
        return Response(200)

    headers = {"Host": "api.example.com", "X-Forwarded-Proto": "https"}
    event = {
        "httpMethod": "GET",
        "path": "/v1/models",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "requestContext": {"requestId": "1-2", "path": whole},
        "body": None,
        "isBase64Encoded": False,
    }
    build(admit, tmp_path).resolve(event, LambdaContext())
    assert seen == [root]
