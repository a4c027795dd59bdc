from __future__ import annotations

from typing import Any

import pytest

from infra.monitoring.watched import DEPLOY_HANDLERS
from tests.infra.synthesized import Synthesize, Synthesized

pytestmark = pytest.mark.infra


@pytest.fixture(scope="module")
def alarms(stack: Synthesized) -> dict[str, Any]:
    """The alarms' properties, by name without `vectorlog-dev-`."""
    found = (each["Properties"] for each in stack.of("AWS::CloudWatch::Alarm").values())
    return {each["AlarmName"].removeprefix("vectorlog-dev-"): each for each in found}


def metrics(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics of an alarm."""
    return (
        [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
        if "Metrics" in alarm
        else [alarm]
    )


def test_what_is_watched(stack: Synthesized, alarms: dict[str, Any]) -> None:
    """Everything that can stop or break has an alarm; each function that users or queues call has its own."""
    handlers = {
        each["Properties"]["Handler"].split(".")[1] for each in stack.of("AWS::Lambda::Function").values()
    } - DEPLOY_HANDLERS
    assert {name.removeprefix("errors-").replace("-", "_") for name in alarms if name.startswith("errors-")} == handlers
    assert set(alarms) >= {
        *(
            "deployment-faults",
            "oldest-open-file",
            "stream-behind",
            "work-waiting",
            "embed-waiting",
            "gave-up",
            "dead-letters",
            "stream-gave-up",
            "throttles",
        ),
        *("api-errors", "api-slow", "tables-throttled", "tables-faulty"),
        *(
            "opensearch-red",
            "opensearch-blocks-writes",
            "opensearch-storage",
            "opensearch-memory",
            "opensearch-vectors",
        ),
    }


def test_cost(alarms: dict[str, Any]) -> None:
    """There are few alarms: each metric of one costs $0.10 a month, so at most $6."""
    assert len(alarms) <= 30
    assert sum(len(metrics(each)) for each in alarms.values()) <= 60


def test_heard(stack: Synthesized, alarms: dict[str, Any]) -> None:
    """Each says what has happened and where to read on, and notifies the topic when it begins and ends."""
    (topic,) = stack.of("AWS::SNS::Topic")
    for each in alarms.values():
        assert each["AlarmActions"] == each["OKActions"] == [{"Ref": topic}]
        assert 'docs/deploying.md, "When an alarm rings"' in each["AlarmDescription"]
        assert len(each["AlarmDescription"]) <= 1024, "CloudWatch takes no more"


def test_silence(alarms: dict[str, Any]) -> None:
    """A metric that is sent every minute counts as bad when it is missing; a counter of errors does not."""
    silent = {name for name, each in alarms.items() if each["TreatMissingData"] == "breaching"}
    assert silent == {"oldest-open-file", "opensearch-red"}
    assert all(each["TreatMissingData"] in ("breaching", "notBreaching") for each in alarms.values())


def test_own_metric(stack: Synthesized, alarms: dict[str, Any]) -> None:
    """The oldest file's age is read where the sweep of this stage sends it."""
    sent = stack.environment("sweep")
    assert alarms["oldest-open-file"]["Namespace"] == sent["POWERTOOLS_METRICS_NAMESPACE"] == "vectorlog"
    assert alarms["oldest-open-file"]["Dimensions"] == [{"Name": "service", "Value": sent["POWERTOOLS_SERVICE_NAME"]}]
    assert alarms["oldest-open-file"]["MetricName"] == "OldestOpenFileSeconds"


def test_topic(stack: Synthesized) -> None:
    """The topic is encrypted by a key that CloudWatch may use for this account's alarms, and accepts nothing without
    TLS.
    """
    (topic,), (key,) = stack.of("AWS::SNS::Topic").values(), stack.of("AWS::KMS::Key").values()
    assert topic["Properties"]["KmsMasterKeyId"]
    assert key["Properties"]["EnableKeyRotation"] is True
    (policy,) = stack.of("AWS::SNS::TopicPolicy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    assert any(
        each["Effect"] == "Deny" and each["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for each in statements
    )
    allowed = [
        each
        for each in [*statements, *key["Properties"]["KeyPolicy"]["Statement"]]
        if "Service" in (each["Principal"] or {})
    ]
    assert len(allowed) == 2
    for each in allowed:
        assert each["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert each["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert stack.of("AWS::SNS::Subscription") == {}


def test_choices(synthesize: Synthesize) -> None:
    """An e-mail address is subscribed; the storage alarm is at a quarter of the configured size; with a second node
    there is an alarm for yellow.
    """
    chosen = synthesize(alarm_email="me@example.com", opensearch_nodes="2", opensearch_storage_gib="100", stage="prod")
    (subscription,) = chosen.of("AWS::SNS::Subscription").values()
    assert (subscription["Properties"]["Protocol"], subscription["Properties"]["Endpoint"]) == (
        "email",
        "me@example.com",
    )
    found = {
        each["Properties"]["AlarmName"]: each["Properties"] for each in chosen.of("AWS::CloudWatch::Alarm").values()
    }
    assert found["vectorlog-prod-opensearch-storage"]["Threshold"] == 25 * 1024
    assert found["vectorlog-prod-opensearch-storage"]["ComparisonOperator"] == "LessThanThreshold"
    assert "vectorlog-prod-opensearch-yellow" in found
