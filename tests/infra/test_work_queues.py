from __future__ import annotations

import re
from typing import Any

import pytest

from tests.infra.synthesized import Synthesized
from vectorlog.runtime.aws.records import REDELIVERY_DELAYS_MS

pytestmark = pytest.mark.infra


def _queue(stack: Synthesized, part: str) -> dict[str, Any]:
    (found,) = [
        each
        for name, each in stack.of("AWS::SQS::Queue").items()
        if re.fullmatch(f"WorkQueues{part}[0-9A-F]{{8}}", name)
    ]
    return dict(found["Properties"])


@pytest.mark.parametrize(
    ("part", "handler"), [("Work", "work"), ("Embed", "embed"), ("Erase", "erase"), ("Deliver", "deliver")]
)
def test_redrive(stack: Synthesized, part: str, handler: str) -> None:
    """A message is lent for six times its function's time-out, redelivered until its retries are used up, and then kept
    for 14 days.
    """
    queue, dead = _queue(stack, part), _queue(stack, f"{part}DeadLetters")
    assert queue["VisibilityTimeout"] == 6 * stack.function(handler)["Properties"]["Timeout"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == len(REDELIVERY_DELAYS_MS)
    assert queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0].startswith(f"WorkQueues{part}DeadLetters")
    assert dead["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert "RedrivePolicy" not in dead


def test_sealed(stack: Synthesized) -> None:
    """Every queue is encrypted, and refuses requests without TLS."""
    queues = stack.of("AWS::SQS::Queue")
    assert all(each["Properties"]["SqsManagedSseEnabled"] for each in queues.values())
    sealed = {
        each["Properties"]["Queues"][0]["Ref"]
        for each in stack.of("AWS::SQS::QueuePolicy").values()
        for statement in each["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    }
    assert sealed == set(queues)
    assert len(sealed) == 9
