"""The clients of AWS: what they repeat by themselves shows in the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import botocore.endpoint
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.exceptions import ReadTimeoutError
from botocore.utils import parse_timestamp

from vectorlog.runtime.aws import clients


class Raw(BytesIO):
    """A body as botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


class Answers:
    """Answers to a client's next requests, instead of the network's: a status with a body, or an exception."""

    def __init__(self, client: BaseClient, *answers: tuple[int, dict[str, Any]] | Exception) -> None:
        self.left = list(answers)
        client.meta.events.register_first("before-send", self)

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        answer = self.left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        return AWSResponse(request.url, status, {"content-type": "application/json"}, Raw(json.dumps(body).encode()))


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of nobody, and waits that take no time."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setattr(botocore.endpoint.time, "sleep", lambda _: None)


def refusals(caplog: pytest.LogCaptureFixture) -> list[tuple[object, ...]]:
    names = "what", "attempt", "wait_s", "reason"
    return [tuple(vars(line)[name] for name in names) for line in caplog.records if line.name == "vectorlog.retry"]


@pytest.mark.long
def test_throttling_of_a_model(caplog: pytest.LogCaptureFixture) -> None:
    """Each 429 of Bedrock is a line, though its client repeats the request by itself; the answer that came is none."""
    client = clients.bedrock_for_search()
    busy = 429, {"message": "Too many requests", "__type": "ThrottlingException"}
    Answers(client, busy, busy, (200, {"embedding": [1.0]}))
    client.invoke_model(modelId="titan", body="{}")
    assert refusals(caplog) == [
        ("Bedrock Runtime InvokeModel", attempt, None, "429 ThrottlingException: Too many requests")
        for attempt in (1, 2)
    ]


def test_lost_answers(caplog: pytest.LogCaptureFixture) -> None:
    """An answer that does not come, and one of a server's error, are lines too."""
    client = clients.dynamodb()
    lost = ReadTimeoutError(endpoint_url="https://dynamodb")
    Answers(client, lost, (500, {"message": "oops", "__type": "InternalServerError"}), (200, {}))
    client.describe_limits()
    [(_, first, _, timeout), (what, second, _, error)] = refusals(caplog)
    assert (what, first, second) == ("DynamoDB DescribeLimits", 1, 2)
    assert "Read timeout" in str(timeout)
    assert error == "500 InternalServerError: oops"


def test_refusals_for_good(caplog: pytest.LogCaptureFixture) -> None:
    """What a client is told about its own request is no refusal of the provider's."""
    client = clients.dynamodb()
    Answers(client, (400, {"message": "The conditional request failed", "__type": "ConditionalCheckFailedException"}))
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        client.put_item(TableName="events", Item={"pk": {"S": "vs_1"}})
    assert refusals(caplog) == []


@pytest.mark.parametrize(
    "value",
    ["2026-11-20T12:00:00.123Z", "2026-11-20T12:00:00Z", "Wed, 25 Nov 2026 10:00:00 GMT", 1700000000.5, "1700000000"],
)
def test_times(value: object) -> None:
    """Times in listings, headers and JSON are those that botocore itself reads, with their zone."""
    assert clients.time_of(value) == parse_timestamp(value)
    assert clients.time_of(value).tzinfo is not None
