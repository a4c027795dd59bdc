"""A request can be followed: each thing that it causes writes a line that names it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.handlers.test_failures import Log
from tests.handlers.test_failures import log as log
from tests.handlers.test_samples import REQUEST
from tests.support.moto_deployment import FILE, STORE, MotoDeployment, sample
from vectorlog.runtime.aws import trail
from vectorlog.runtime.aws.trail import LoggedCalls


def test_a_request_names_its_project(moto: MotoDeployment, log: Log) -> None:
    """The function's line of a request has the project, which API Gateway's access log cannot have, and the id that the
    client got; a refused key has none.
    """
    moto.happened()
    event = sample("api_gateway_get_store")
    assert moto.handle("api", event)["statusCode"] == 200
    event["headers"]["Authorization"] = event["multiValueHeaders"]["Authorization"][0] = "Bearer sk-wrong"
    assert moto.handle("api", event)["statusCode"] == 401
    known, unknown = log.lines("request")
    assert (known["project"], known["status"], known["request_id"]) == ("acme", 200, REQUEST)
    assert known["correlation_id"] == sample("api_gateway_get_store")["requestContext"]["requestId"]
    assert known["ms"] >= 0
    assert known["route"] != ""
    assert (unknown["project"], unknown["status"]) == ("", 401)
    assert "sk-" not in log.stream.getvalue()


def test_from_a_request_to_its_work(moto: MotoDeployment, log: Log) -> None:
    """Commits, messages and calls of models name the request that caused them, in other functions and later."""
    moto.happened()
    moto.handle("projector", moto.stream())
    moto.handle("embed", sample("sqs_embed"))
    commits = log.lines("commit")
    attached = [each for each in commits if each["stream"] == f"{STORE}/{FILE}"]
    assert [each["events"] for each in attached] == [["FileAttached"]]
    assert attached[0]["request_id"] == "req_1"
    [message] = log.lines("message")
    assert (message["queue"], message["type"], message["request_id"]) == ("embed", "Ingest", "req_1")
    assert (message["store"], message["file"]) == (STORE, FILE)
    assert message["requests"] == ["req_1"]


def test_a_failed_message_names_its_request(moto: MotoDeployment, log: Log) -> None:
    """A message that fails says whose it was, with the exception."""
    event = sample("sqs_work")
    event["Records"] = event["Records"][:1]
    event["Records"][0]["body"] = json.dumps({"type": "Newer", "data": {"store": STORE, "request": "req_7"}})
    moto.handle("work", event)
    [failed] = log.lines("message_failed")
    assert (failed["request_id"], failed["store"], failed["queue"]) == ("req_7", STORE, "work")
    assert failed["exception_name"] == "KeyError"


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"type": 1}', '{"type": "x", "data": null}'])
def test_a_message_that_is_none(body: str) -> None:
    """A body that is no message is described by nothing, and raises nothing: whoever handles it says what is wrong."""
    assert trail.about(body) == {}


def test_calls_of_models(caplog: pytest.LogCaptureFixture) -> None:
    """A call of a model says how many texts it had, and not which."""
    caplog.set_level("INFO")
    LoggedCalls().embedded("openai:small", "documents", ["secret one", "secret two"], 0.25)
    [line] = caplog.records
    said: dict[str, Any] = vars(line)
    assert (said["event"], said["model"], said["texts"], said["ms"]) == ("provider_called", "openai:small", 2, 250.0)
    assert "secret" not in str(said)
