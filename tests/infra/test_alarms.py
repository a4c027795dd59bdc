from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from infra.monitoring.watched import DEPLOY_HANDLERS
from tests.infra.synthesized import Synthesize, Synthesized
from tools import assumptions
from vectorlog.domain.store_file import ErrorCode

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
            "messages-waiting",
            "gave-up",
            "dead-letters",
            "stream-gave-up",
            "throttles",
            "sweep-stopped",
            "near-timeout",
            "messages-postponed",
        ),
        *(
            "files-failed-server",
            "files-failed-busy",
            "files-failed-share",
            "files-postponed",
            "provider-busy",
            "provider-refuses-texts",
            "webhooks-failing",
        ),
        *("api-errors", "api-slow", "tables-throttled", "tables-faulty"),
        *(
            "opensearch-red",
            "opensearch-blocks-writes",
            "opensearch-storage",
            "opensearch-memory",
            "opensearch-vectors",
            "opensearch-graph-memory",
            "opensearch-rejections",
            "opensearch-cpu",
            "opensearch-credits",
        ),
    }


def test_cost(alarms: dict[str, Any]) -> None:
    """What the alarms cost is what docs/prices.md says: each metric of one costs $0.10 a month."""
    assert sum(len(metrics(each)) for each in alarms.values()) == assumptions.read().idle.alarms
    assert all(len(metrics(each)) <= 10 for each in alarms.values()), "an alarm takes no more"


def test_heard(stack: Synthesized, alarms: dict[str, Any]) -> None:
    """Each says how urgent it is, what has happened and where to read on, and notifies the topic when it begins and
    ends.
    """
    (topic,) = stack.of("AWS::SNS::Topic")
    for each in alarms.values():
        assert each["AlarmActions"] == each["OKActions"] == [{"Ref": topic}]
        assert re.match(r"(page|ticket): [A-Z]", each["AlarmDescription"])
        assert 'Runbook: docs/runbooks.md, "' in each["AlarmDescription"]
        assert len(each["AlarmDescription"]) <= 1024, "CloudWatch takes no more"


def test_urgent(alarms: dict[str, Any]) -> None:
    """What harms users now may wake somebody; what only warns may not."""
    pages = {name for name, each in alarms.items() if each["AlarmDescription"].startswith("page: ")}
    assert pages >= {"api-errors", "errors-search", "deployment-faults", "oldest-open-file", "opensearch-red"}
    warnings = {"opensearch-graph-memory", "opensearch-credits", "opensearch-cpu", "provider-busy", "webhooks-disabled"}
    assert pages.isdisjoint(warnings | {"near-timeout", "files-failed-share"})


def test_silence(alarms: dict[str, Any]) -> None:
    """A metric that is sent every minute counts as bad when it is missing; a counter of errors does not."""
    silent = {name for name, each in alarms.items() if each["TreatMissingData"] == "breaching"}
    assert silent == {"oldest-open-file", "opensearch-red", "sweep-stopped"}
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
    there is an alarm for yellow, and with nodes that are not burstable none for credits.
    """
    chosen = synthesize(
        alarm_email="me@example.com",
        opensearch_nodes="2",
        opensearch_storage_gib="100",
        opensearch_instance="r6g.large.search",
        stage="prod",
    )
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
    assert "vectorlog-prod-opensearch-credits" not in found


def test_before_the_breaker(alarms: dict[str, Any]) -> None:
    """An operator hears of the vectors' memory while there is some left, and not only when OpenSearch has tripped."""
    warned, tripped = alarms["opensearch-graph-memory"], alarms["opensearch-vectors"]
    assert (warned["MetricName"], warned["Threshold"]) == ("KNNGraphMemoryUsagePercentage", 70)
    assert tripped["MetricName"] == "KNNCircuitBreakerTriggered"


def test_share_of_failed_files(alarms: dict[str, Any]) -> None:
    """The share of failed files is of all that ended, with every code, and says nothing of a handful."""
    (expression,) = [each["Expression"] for each in alarms["files-failed-share"]["Metrics"] if "Expression" in each]
    of = [
        {each["Name"]: each["Value"] for each in metric["Dimensions"]}
        for metric in metrics(alarms["files-failed-share"])
    ]
    assert {each.get("code") for each in of if each["outcome"] == "failed"} == set(get_args(ErrorCode))
    assert [each["outcome"] for each in of].count("completed") == 1
    assert ">= 20" in expression


def test_many_models(synthesize: Synthesize) -> None:
    """With more models than an alarm takes metrics, each model is still watched."""
    models = [f"openai:model-{number}" for number in range(12)]
    chosen = synthesize(models=",".join(models))
    watched = [
        {each["Name"]: each["Value"] for each in metric["Dimensions"]}
        for alarm in chosen.of("AWS::CloudWatch::Alarm").values()
        if "provider-busy" in alarm["Properties"]["AlarmName"]
        for metric in metrics(alarm["Properties"])
    ]
    assert [each["model"] for each in watched] == models
    assert {each["kind"] for each in watched} == {"temporary"}


def test_every_queue_is_watched(stack: Synthesized, alarms: dict[str, Any]) -> None:
    """A message that waits for an hour is heard of, whichever queue it is in."""
    told = [each["Value"] for metric in metrics(alarms["messages-waiting"]) for each in metric["Dimensions"]]
    queues = {name for name in stack.of("AWS::SQS::Queue") if "DeadLetters" not in name and "GivenUp" not in name}
    assert {each["Fn::GetAtt"][0] for each in told} == queues
    (expression,) = [each["Expression"] for each in alarms["messages-waiting"]["Metrics"] if "Expression" in each]
    assert expression.count(">= 3600") == len(queues) == 4
