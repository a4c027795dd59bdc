"""Custom resources: CloudFormation always gets the outcome."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from vectorlog.runtime.aws.custom_resource import AnswerRefused, answer

CONTEXT = cast("LambdaContext", SimpleNamespace(log_stream_name="2026/11/21/[$LATEST]abc"))


class S3:
    """Receives answers, like the bucket behind a signed URL."""

    def __init__(self) -> None:
        self.status = 200
        self.answers: list[dict[str, Any]] = []
        self.types: list[str | None] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"bucket": self}))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/answer?X-Amz-Signature=abc"


class _Handler(BaseHTTPRequestHandler):
    bucket: S3

    def do_PUT(self) -> None:
        self.bucket.types.append(self.headers["content-type"])
        self.bucket.answers.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(self.bucket.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """No log."""


@pytest.fixture
def s3() -> Iterator[S3]:
    """A bucket."""
    bucket = S3()
    threading.Thread(target=bucket.server.serve_forever, args=(0.02,), daemon=True).start()
    yield bucket
    bucket.server.shutdown()
    bucket.server.server_close()


def event(s3: S3, kind: str, **more: str) -> dict[str, Any]:
    """A request of CloudFormation."""
    return {
        "RequestType": kind,
        "ResponseURL": s3.url,
        "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/Vectorlog-dev/1",
        "RequestId": "r1",
        "ResourceType": "Custom::IndexAccess",
        "LogicalResourceId": "Roles",
        "ResourceProperties": {"ServiceToken": "arn", "Colour": "red"},
        **more,
    }


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_made(s3: S3, kind: str) -> None:
    """The resource is created from its properties, and the answer has everything that CloudFormation needs, without a
    content type.
    """
    made: list[Mapping[str, Any]] = []
    answer(event(s3, kind), CONTEXT, made.append)
    assert [each["Colour"] for each in made] == ["red"]
    assert s3.types == [""]
    assert s3.answers == [
        {
            "Status": "SUCCESS",
            "Reason": "",
            "PhysicalResourceId": "Roles",
            "StackId": event(s3, kind)["StackId"],
            "RequestId": "r1",
            "LogicalResourceId": "Roles",
        }
    ]


def test_left_alone(s3: S3) -> None:
    """Destroying a stack changes nothing, and keeps the id, so that CloudFormation deletes nothing else."""
    made: list[object] = []
    answer(event(s3, "Delete", PhysicalResourceId="p1"), CONTEXT, made.append)
    assert made == []
    assert [(each["Status"], each["PhysicalResourceId"]) for each in s3.answers] == [("SUCCESS", "p1")]


def test_failed(s3: S3) -> None:
    """A failed deploy immediately says why, and where to read more, however long the reason."""

    def make(_: object) -> None:
        raise ValueError("no such domain " + "x" * 5_000)

    answer(event(s3, "Create"), CONTEXT, make)
    [sent] = s3.answers
    assert sent["Status"] == "FAILED"
    assert sent["Reason"].startswith("ValueError: no such domain")
    assert sent["Reason"].endswith("(see log stream 2026/11/21/[$LATEST]abc)")
    assert len(json.dumps(sent)) < 4096


def test_not_taken(s3: S3) -> None:
    """If the answer was not accepted, the function fails, so that Lambda runs it again."""
    s3.status = 403
    with pytest.raises(AnswerRefused, match="403"):
        answer(event(s3, "Create"), CONTEXT, lambda _: None)
