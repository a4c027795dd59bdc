from __future__ import annotations

from typing import Any

import pytest

from tests.infra.synthesized import Synthesize, Synthesized

pytestmark = pytest.mark.infra


def _mappings(stack: Synthesized, handler: str) -> list[dict[str, Any]]:
    name = stack.function_id(handler)
    made = (each["Properties"] for each in stack.of("AWS::Lambda::EventSourceMapping").values())
    return [each for each in made if each["FunctionName"] == {"Ref": name}]


def test_stream(stack: Synthesized) -> None:
    """The projector gets every commit from the first on. Failures are found by halving; records are given up after
    hours, not after a number of attempts, and go to a queue that is read.
    """
    (mapping,) = _mappings(stack, "projector")
    given_up = mapping["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
    assert mapping["EventSourceArn"]["Fn::GetAtt"] == [
        stack.json["Outputs"]["EventsTable"]["Value"]["Ref"],
        "StreamArn",
    ]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["MaximumRetryAttempts"] == -1
    assert 3600 <= mapping["MaximumRecordAgeInSeconds"] <= 12 * 3600
    assert mapping["ParallelizationFactor"] == 1
    assert any(each["EventSourceArn"]["Fn::GetAtt"][0] == given_up for each in _mappings(stack, "dead_letters"))


@pytest.mark.parametrize(
    ("handler", "batches"),
    [("work", [1]), ("embed", [10]), ("erase", [1]), ("deliver", [1]), ("dead_letters", [1] * 5)],
)
def test_queues(stack: Synthesized, handler: str, batches: list[int]) -> None:
    """Queues give the same batches as in `./dev aws`, and accept reports of failed messages."""
    mappings = _mappings(stack, handler)
    assert [each["BatchSize"] for each in mappings] == batches
    assert all(each["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for each in mappings)


def test_every_queue_is_read(stack: Synthesized) -> None:
    """Every queue has a reader, dead letters included."""
    read = {
        each["Properties"]["EventSourceArn"]["Fn::GetAtt"][0]
        for each in stack.of("AWS::Lambda::EventSourceMapping").values()
    }
    assert set(stack.of("AWS::SQS::Queue")) <= read


def test_embedding_is_limited(synthesize: Synthesize) -> None:
    """As many embed functions run in parallel as configured, which the model's quota limits."""
    (mapping,) = _mappings(synthesize(embed_concurrency="25"), "embed")
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 25}


def test_work_is_limited(stack: Synthesized, synthesize: Synthesize) -> None:
    """Work that no client waits for takes no more of the account's concurrency than is configured."""
    assert [_mapping["ScalingConfig"] for _mapping in _mappings(stack, "work")] == [{"MaximumConcurrency": 20}]
    (mapping,) = _mappings(synthesize(work_concurrency="5"), "work")
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 5}


def test_clock(stack: Synthesized) -> None:
    """The sweep runs once a minute."""
    (rule,) = [each["Properties"] for each in stack.of("AWS::Events::Rule").values()]
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert rule["Targets"][0]["Arn"]["Fn::GetAtt"] == [stack.function_id("sweep"), "Arn"]
