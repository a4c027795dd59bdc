"""Traces go to the endpoint that the deployment names, and without one nothing of them is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

FUNCTIONS = Path(__file__).parents[3] / "functions"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PROGRAM = """
import json, os, sys
import boto3
from vectorlog.runtime.aws.tracing import traced

class Context:
    function_name, aws_request_id = "vectorlog-api", "52fdfc07"

@traced
def handler(event, context):
    boto3.client("sqs", endpoint_url=os.environ["ELSEWHERE"]).list_queues()
    if event.get("fail"):
        raise ValueError("no")
    return {"ok": True}

try:
    print(handler(json.loads(sys.argv[1]), Context()))
except ValueError as error:
    print(f"raised {error}")
print("opentelemetry" in sys.modules)
"""


class Collector:
    """Takes traces, and answers whatever else is asked with an empty object."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.services: set[str] = set()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path == "/v1/traces":
                    collector.take(body)
                self.send_response(200)
                self.send_header("content-type", "application/x-amz-json-1.0")
                self.end_headers()
                self.wfile.write(b"{}" if self.path != "/v1/traces" else b"")

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {each.key: each.value.string_value for each in resource.resource.attributes}
            self.services.add(names["service.name"])
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    serving = threading.Thread(target=made.server.serve_forever)
    serving.start()
    yield made
    made.server.shutdown()
    serving.join()
    made.server.server_close()


def run(collector: Collector, event: object, **variables: str) -> list[str]:
    """What a process of a function prints that handles this event."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(FUNCTIONS),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "POWERTOOLS_SERVICE_NAME": "vectorlog-prod",
        "ELSEWHERE": collector.url,
        **variables,
    }
    command = [sys.executable, "-c", PROGRAM, json.dumps(event)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.splitlines()


def test_a_request_is_traced_through_its_calls(collector: Collector) -> None:
    """The trace that a client began goes on in the function, and has the calls that it made; all is sent before the
    answer, because Lambda freezes the process then. It names the request as the log does.
    """
    event = {
        "httpMethod": "GET",
        "headers": {"Traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
        "requestContext": {"requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"},
    }
    printed = run(collector, event, VECTORLOG_OTLP_ENDPOINT=collector.url)
    assert printed == ["{'ok': True}", "True"]
    assert collector.services == {"vectorlog-prod"}
    assert {span.trace_id.hex() for span in collector.spans} == {TRACE}
    by_name = {span.name: span for span in collector.spans}
    whole, call = by_name["vectorlog-api"], by_name["SQS.ListQueues"]
    assert call.parent_span_id == whole.span_id
    said = {each.key: each.value for each in whole.attributes}
    requests = said["vectorlog.requests"].array_value.values
    assert [each.string_value for each in requests] == ["req_c6af9ac67b6111e69a4193e8deadbeef"]


def test_a_failure_is_traced_and_raised(collector: Collector) -> None:
    """What a handler raises reaches Lambda, and its span says so; messages name the requests that caused them."""
    body = json.dumps({"type": "Forget", "data": {"file": "file-1", "request": "req_7"}})
    printed = run(collector, {"fail": True, "Records": [{"body": body}]}, VECTORLOG_OTLP_ENDPOINT=collector.url)
    assert printed[0] == "raised no"
    (whole,) = [span for span in collector.spans if span.name == "vectorlog-api"]
    assert [event.name for event in whole.events] == ["exception"]
    assert "req_7" in str(whole.attributes)


def test_no_traces_without_an_endpoint(collector: Collector) -> None:
    """By default nothing is sent, and nothing of OpenTelemetry is imported."""
    assert run(collector, {}) == ["{'ok': True}", "False"]
    assert collector.spans == []


def test_a_collector_that_is_away_fails_nothing(collector: Collector) -> None:
    """An invocation is answered though its traces cannot be sent."""
    assert run(collector, {}, VECTORLOG_OTLP_ENDPOINT="http://127.0.0.1:9")[0] == "{'ok': True}"
