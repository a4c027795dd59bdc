"""Failures in the functions' logs and metrics, as CloudWatch gets them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from handlers import observed
from tests.handlers.test_samples import REQUEST
from tests.support.moto_deployment import FILE, STORE, Context, MotoDeployment, sample
from tests.support.stubs import StubEmbedder
from vectorlog.reactions import sweep as sweeping
from vectorlog.views.deadlines import INGEST_DEADLINE_MS

FUNCTIONS = Path(__file__).parents[2] / "functions"
FAILED = {"store": STORE, "file": FILE, "generation": 1, "request_id": "req_1"}


class Log:
    """What the functions write to their log."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def lines(self, event: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.stream.getvalue().splitlines() if line.startswith("{")]
        return [line for line in found if line.get("event") == event]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    written = Log()
    monkeypatch.setattr(observed.logger.logger_handler, "stream", written.stream)
    return written


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch, moto: MotoDeployment, capsys: pytest.CaptureFixture[str]) -> Any:
    """Gives the counts of one metric so far, by its dimensions."""
    monkeypatch.delenv("POWERTOOLS_METRICS_DISABLED")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "vectorlog")
    printed: list[str] = []

    def counted(name: str) -> dict[tuple[str, ...], float]:
        printed.extend(capsys.readouterr().out.splitlines())
        sums: dict[tuple[str, ...], float] = {}
        for line in printed:
            found = json.loads(line) if line.startswith("{") else {}
            if "_aws" in found and name in found:
                [names] = found["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
                key = tuple(found[each] for each in sorted(set(names) - {"service"}))
                sums[key] = sums.get(key, 0) + sum(found[name])
        return sums

    return counted


def damage(moto: MotoDeployment, content: bytes = b"damaged beyond-repair") -> None:
    """Puts other bytes in the file's place."""
    moto.happened()
    [key] = moto.kept("files/")
    moto.s3.put_object(Bucket="bucket", Key=key, Body=content)


class TestLines:
    def test_unreadable(self, moto: MotoDeployment, log: Log, metrics: Any) -> None:
        """A file that cannot be read: the log's consumer says so in JSON, with the id of the request that attached it
        and that of its own call; nothing of the file is in it.
        """
        damage(moto)
        assert moto.handle("embed", sample("sqs_embed")) == {"batchItemFailures": []}
        moto.handle("projector", moto.stream())
        [line] = log.lines("file_failed")
        assert (
            line.items()
            >= {
                **FAILED,
                "version": 1,
                "code": "invalid_file",
                "reason": "The file is damaged. Save it again.",
                "level": "WARNING",
                "function_request_id": Context.aws_request_id,
            }.items()
        )
        assert "beyond-repair" not in log.stream.getvalue()
        assert metrics("Files") == {("invalid_file", "failed"): 1}

    def test_request_of_another_function(self, moto: MotoDeployment, log: Log) -> None:
        """The id that the client got from the API comes out where another function ingests what was asked for."""
        damage(moto)
        event = sample("api_gateway_get_store")
        path = f"/v1/vector_stores/{STORE}/files"
        names = {"resource": "/v1/vector_stores/{vector_store_id}/files", "path": path, "httpMethod": "POST"}
        attach = {"file_id": FILE, "attributes": {"again": True}}
        answer = moto.handle("api", {**event, **names, "isBase64Encoded": False, "body": json.dumps(attach)})
        assert answer["statusCode"] == 200, answer
        assert answer["multiValueHeaders"]["x-request-id"] == [REQUEST]
        moto.handle("projector", moto.stream())
        moto.mapping(moto.embed, "embed").step()
        moto.handle("projector", moto.stream())
        assert REQUEST in {line["request_id"] for line in log.lines("file_failed")}

    def test_throttled(self, moto: MotoDeployment, log: Log, metrics: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """A provider that is busy: its file is postponed, and for how long is said."""
        moto.happened()
        monkeypatch.setattr(StubEmbedder, "throttled", True)
        moto.handle("embed", sample("sqs_embed"))
        [line] = log.lines("file_postponed")
        assert line.items() >= {**FAILED, "reason": "slow down", "wait_ms": 1000, "level": "WARNING"}.items()
        assert metrics("Files") == {("postponed",): 1}

    def test_index_fails(self, moto: MotoDeployment, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file whose ingest failed for a reason of ours is postponed until its message comes again."""
        moto.happened()
        monkeypatch.setattr(moto.index, "add", lambda *_: 1 / 0)
        assert moto.handle("embed", sample("sqs_embed"))["batchItemFailures"]
        [line] = log.lines("file_postponed")
        assert (
            line.items()
            >= {
                **FAILED,
                "reason": "an internal error (ZeroDivisionError)",
                "wait_ms": 5_000,
            }.items()
        )

    def test_given_up(self, moto: MotoDeployment, log: Log, metrics: Any) -> None:
        """A dead letter's file is given up, which is said, and then failed."""
        moto.happened()
        moto.handle("dead_letters", sample("sqs_dead_letters"))
        moto.handle("projector", moto.stream())
        [given_up], [failed] = log.lines("file_given_up"), log.lines("file_failed")
        assert given_up.items() >= {**FAILED, "reason": "it failed every time", "level": "ERROR"}.items()
        assert failed.items() >= {**FAILED, "code": "server_error", "level": "ERROR"}.items()
        assert metrics("Files") == {("given_up",): 1, ("server_error", "failed"): 1}

    def test_deadline(self, moto: MotoDeployment, log: Log) -> None:
        """A file that is past its deadline is given up by the sweep, in the name of the request that attached it."""
        moto.happened()
        moto.handle("projector", sample("dynamodb_stream"))
        moto.now += INGEST_DEADLINE_MS
        moto.handle("sweep", sample("schedule"))
        moto.handle("projector", moto.stream())
        [given_up], [failed] = log.lines("file_given_up"), log.lines("file_failed")
        assert given_up.items() >= FAILED.items()
        assert failed.items() >= {**FAILED, "reason": sweeping.OVERDUE.message}.items()

    def test_completed(self, moto: MotoDeployment, log: Log, metrics: Any) -> None:
        """A file that serves is counted, and needs no line."""
        moto.happened()
        moto.handle("embed", sample("sqs_embed"))
        moto.handle("projector", moto.stream())
        assert metrics("Files") == {("completed",): 1}
        assert log.lines("file_failed") == log.lines("file_postponed") == []


def test_ids_of_a_request(moto: MotoDeployment, log: Log) -> None:
    """Lines of the API's functions name the request as the client does, as the access log does, and the call."""
    moto.happened()
    moto.handle("api", sample("api_gateway_get_store"))
    observed.logger.info("anything", extra={"event": "probe"})
    [line] = log.lines("probe")
    gateway = sample("api_gateway_get_store")["requestContext"]["requestId"]
    assert line["request_id"] == REQUEST == "req_" + gateway.replace("-", "")
    assert (line["correlation_id"], line["function_request_id"]) == (gateway, Context.aws_request_id)


@pytest.mark.parametrize("service", ["vectorlog", "vectorlog-dev"])
def test_form(service: str) -> None:
    """The package's lines are JSON with their fields, once each, whatever the stage calls its service."""
    program = (
        "import logging; logging.basicConfig()\n"  # as Lambda's runtime has done before
        "from handlers import observed\n"
        "logging.getLogger('vectorlog.reactions').warning('hello %s', 'there', extra={'store': 'vs_1'})\n"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": str(FUNCTIONS),
        "POWERTOOLS_SERVICE_NAME": service,
    }
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    [line] = [json.loads(each) for each in ran.stdout.splitlines()]
    assert (line["message"], line["store"], line["service"]) == ("hello there", "vs_1", service)
    assert "hello" not in ran.stderr
