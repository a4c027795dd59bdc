"""Every metric that an alarm watches is really sent: an alarm on a misspelt metric never rings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

import pytest

from tests.infra.synthesized import Synthesize, Synthesized
from tests.infra.test_alarms import metrics
from tests.support import moto_aws
from tests.support.moto_deployment import MotoDeployment
from vectorlog.domain.store_file import ErrorCode
from vectorlog.runtime.aws import once
from vectorlog.runtime.aws.metrics import CloudWatchMetrics
from vectorlog.runtime.aws.records import Records
from vectorlog.runtime.aws.waking import Waker
from vectorlog.telemetry import deliveries
from vectorlog.telemetry.telemetry import FileRef, Telemetry
from vectorlog.work.queue import Received

pytestmark = pytest.mark.infra

SERVICE = "vectorlog-dev"
MODEL = "bedrock:amazon.titan-embed-text-v2:0"
AWS = {
    "AWS/ApiGateway": {"5XXError", "Count", "Latency"},
    "AWS/AOSS": {"SearchRequestErrors", "IngestionRequestErrors"},
    "AWS/DynamoDB": {"ReadThrottleEvents", "WriteThrottleEvents", "SystemErrors"},
    "AWS/ES": {
        "ClusterStatus.red",
        "ClusterStatus.yellow",
        "ClusterIndexWritesBlocked",
        "FreeStorageSpace",
        "JVMMemoryPressure",
        "KNNCircuitBreakerTriggered",
        "KNNGraphMemoryUsagePercentage",
        "ThreadpoolSearchRejected",
        "ThreadpoolWriteRejected",
        "CPUUtilization",
    },
    "AWS/Lambda": {"Errors", "Throttles", "Duration", "Invocations", "IteratorAge"},
    "AWS/SQS": {
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesVisible",
        "ApproximateNumberOfMessagesNotVisible",
    },
}
"""Names in the services' own guides: "Monitoring REST API execution with Amazon CloudWatch metrics", "Monitoring
OpenSearch Serverless with Amazon CloudWatch", "DynamoDB metrics and dimensions", "Monitoring OpenSearch cluster metrics
with Amazon CloudWatch", "Types of metrics for Lambda functions", "Available CloudWatch metrics for Amazon SQS".
"""

Sent = set[tuple[str, frozenset[tuple[str, str]]]]
"""Names of metrics, each with its dimensions and their values."""


class _Queue:
    """A queue whose messages all fail."""

    def accept(self, record: Mapping[str, Any]) -> Received:
        return Received(record["body"], "p/s", record["receiptHandle"], 1)

    def release(self, receipt: str, delay: int) -> None: ...


def _everything(telemetry: Telemetry) -> None:
    """Lets every failure happen of which an alarm may know."""
    ref, sent = FileRef("vs_1", "file-1", 1), telemetry.metrics
    telemetry.files_completed(1)
    for code in get_args(ErrorCode):
        telemetry.file_failed(ref, code, "It is so.", version=1, replayed=False)
    telemetry.file_given_up(ref, "it failed every time")
    telemetry.file_postponed(ref, "slow down", 1)
    for fault in ("busy", "text", "deployment"):
        telemetry.provider_refused(MODEL, "no", fault)
    telemetry.host_refused("no memory")
    telemetry.request_failed("req_1", method="GET", path="/", route="x", status=500, reason="bug", fault=True)
    deliveries.failed(sent, "we_1", "p", "vs_1", "evt_1", "no answer", 1, 1)
    deliveries.failed(sent, deliveries.BUS, "p", "vs_1", "evt_1", "no answer", 1, 1)
    deliveries.disabled(sent, "we_1", "p", "no answer")
    for wake in (lambda: None, lambda: 1 / 0):
        Waker(wake, metrics=sent)()  # type: ignore[arg-type]  # its result is not used
    for queue in ("work", "embed", "erase", "deliver"):
        record = {"body": "{}", "receiptHandle": "r", "messageId": "m"}
        records = Records(_Queue(), queue, sent)  # type: ignore[arg-type]  # what it uses of one
        assert records.together([record], lambda received: received) == ["m"]


def _read(lines: Iterable[str]) -> Sent:
    """The metrics in lines of the embedded metric format."""
    sent: Sent = set()
    for line in lines:
        found = json.loads(line) if line.startswith("{") else {}
        for group in found.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert group["Namespace"] == "vectorlog"
            of = [frozenset((name, found[name]) for name in names) for names in group["Dimensions"]]
            sent |= {(metric["Name"], dimensions) for metric in group["Metrics"] for dimensions in of}
    return sent


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[], Sent]:
    """Gives what this stage's functions have sent so far."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", SERVICE)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "vectorlog")
    return lambda: _read(capsys.readouterr().out.splitlines())


def _swept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs the real sweep, on moto."""
    from handlers import observed

    with moto_aws.aws(), pytest.MonkeyPatch.context() as patch:
        moto = MotoDeployment(patch)
        patch.delenv("POWERTOOLS_METRICS_DISABLED")
        patch.setattr(observed.metrics, "service", SERVICE)
        patch.setattr(observed.metrics, "namespace", "vectorlog")
        moto.handle("sweep", {})
    once.forget()


def test_own_metrics_are_sent(
    stack: Synthesized, synthesize: Synthesize, sent: Callable[[], Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an alarm watches of ours, some part of the code sends, with the same dimensions and values."""
    _swept(monkeypatch)
    _everything(Telemetry(CloudWatchMetrics()))
    found = sent()
    stacks = (stack, synthesize(index="serverless", event_bus="true"))
    ours = [each for which in stacks for each in _watched(which) if each["Namespace"] == "vectorlog"]
    assert len(ours) > 30
    for each in ours:
        dimensions = frozenset((one["Name"], one["Value"]) for one in each["Dimensions"])
        assert (each["MetricName"], dimensions) in found, "nothing sends it"


def test_other_metrics_are_those_of_aws(stack: Synthesized, synthesize: Synthesize) -> None:
    """Every other metric is in the guide of its service."""
    stacks = (stack, synthesize(index="serverless"), synthesize(opensearch_nodes="2"))
    for each in (metric for which in stacks for metric in _watched(which)):
        assert each["Namespace"] == "vectorlog" or each["MetricName"] in AWS[each["Namespace"]]


def _watched(stack: Synthesized) -> list[dict[str, Any]]:
    """The metrics of all alarms."""
    return [metric for each in stack.of("AWS::CloudWatch::Alarm").values() for metric in metrics(each["Properties"])]
