from __future__ import annotations

import json
from typing import Any

import pytest

from tests.infra.synthesized import Synthesized

pytestmark = pytest.mark.infra


@pytest.fixture(scope="module")
def widgets(stack: Synthesized) -> list[dict[str, Any]]:
    """The widgets as CloudWatch receives them, with a placeholder for names from CloudFormation."""
    (dashboard,) = stack.of("AWS::CloudWatch::Dashboard").values()
    assert dashboard["Properties"]["DashboardName"] == "vectorlog-dev"
    parts = dashboard["Properties"]["DashboardBody"]["Fn::Join"][1]
    found: list[dict[str, Any]] = json.loads("".join(part if isinstance(part, str) else "name" for part in parts))[
        "widgets"
    ]
    return found


def test_questions(widgets: list[dict[str, Any]]) -> None:
    """It asks three questions, in order, and answers each with graphs below it."""
    order = sorted(widgets, key=lambda each: each["y"])
    heads = [each["properties"]["markdown"].splitlines()[0] for each in order if each["type"] == "text"]
    assert heads == ["# Is it healthy?", "# Is it stuck?", "# What does it cost?", "# When an alarm rings"]
    titles = [each["properties"]["title"] for each in order if each["type"] == "metric"]
    assert titles.index("Requests") < titles.index("Oldest open file, s") < titles.index("DynamoDB: units consumed")


def test_files(widgets: list[dict[str, Any]]) -> None:
    """Files are drawn by how they went on, and those that failed by the code that their users see."""
    (graph,) = [each for each in widgets if each["properties"].get("title") == "Files by outcome"]
    drawn = [dict(zip(metric[2:-1:2], metric[3:-1:2], strict=True)) for metric in graph["properties"]["metrics"]]
    assert {(each["outcome"], each.get("code")) for each in drawn} >= {
        ("completed", None),
        ("postponed", None),
        ("given_up", None),
        ("failed", "invalid_file"),
        ("failed", "server_error"),
    }
    assert all(set(each) <= {"service", "outcome", "code"} for each in drawn)


def test_cost(widgets: list[dict[str, Any]]) -> None:
    """It shows everything that is billed: capacity units, memory times time, embedding calls, storage, logs, messages,
    requests.
    """
    drawn = json.dumps(widgets)
    for name in (
        "ConsumedWriteCapacityUnits",
        "ConsumedReadCapacityUnits",
        "Duration",
        "InputTokenCount",
        "BucketSizeBytes",
    ):
        assert name in drawn
    for name in ("ClusterUsedSpace", "IncomingBytes", "NumberOfMessagesSent"):
        assert name in drawn


def test_gigabyte_seconds(stack: Synthesized, widgets: list[dict[str, Any]]) -> None:
    """Lambda's bill is computed with the memory of each function."""
    (graph,) = [each for each in widgets if each["properties"].get("title") == "Lambda: GB-seconds"]
    (expression,) = [metric[0]["expression"] for metric in graph["properties"]["metrics"] if "expression" in metric[0]]
    for each in stack.of("AWS::Lambda::Function").values():
        handler, memory = each["Properties"]["Handler"].split(".")[1], each["Properties"]["MemorySize"]
        assert f"{round(memory / 1024, 4)} * FILL({handler}, 0) / 1000" in expression


def test_runbook(stack: Synthesized, widgets: list[dict[str, Any]]) -> None:
    """Every alarm has a light, and a line that says what to do."""
    alarms = {
        each["Properties"]["AlarmName"].removeprefix("vectorlog-dev-")
        for each in stack.of("AWS::CloudWatch::Alarm").values()
    }
    runbook = next(
        each["properties"]["markdown"]
        for each in widgets
        if "When an alarm rings" in each["properties"].get("markdown", "")
    )
    assert {line.split("**")[1] for line in runbook.splitlines() if line.startswith("| **")} == alarms
    (lights,) = [each for each in widgets if each["type"] == "alarm"]
    assert len(lights["properties"]["alarms"]) == len(alarms)
