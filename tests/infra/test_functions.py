from __future__ import annotations

from typing import Any

import pytest

from tests.infra.synthesized import Synthesize, Synthesized

pytestmark = pytest.mark.infra

HANDLERS = ("api", "search", "projector", "work", "embed", "dead_letters", "sweep", "first_key", "index_access")


@pytest.mark.parametrize("handler", HANDLERS)
def test_alike(stack: Synthesized, handler: str) -> None:
    """Every function is Python 3.13 on arm64, traced, and writes JSON into a log group of its own that does not keep it
    for ever.
    """
    made = stack.function(handler)["Properties"]
    assert (made["Runtime"], made["Architectures"]) == ("python3.13", ["arm64"])
    assert made["TracingConfig"] == {"Mode": "Active"}
    assert made["LoggingConfig"]["LogFormat"] == "JSON"
    assert stack.json["Resources"][made["LoggingConfig"]["LogGroup"]["Ref"]]["Properties"]["RetentionInDays"] == 30
    assert "ReservedConcurrentExecutions" not in made


def test_all(stack: Synthesized) -> None:
    """The stack has no function but these; the CDK brings none of its own where everything is kept."""
    assert len(stack.of("AWS::Lambda::Function")) == len(HANDLERS)


def test_logs_apart(stack: Synthesized) -> None:
    """No two functions share a log group."""
    groups = [stack.function(handler)["Properties"]["LoggingConfig"]["LogGroup"]["Ref"] for handler in HANDLERS]
    assert len(set(groups)) == len(HANDLERS)


@pytest.mark.parametrize("handler", HANDLERS)
def test_may_write_its_log(stack: Synthesized, handler: str) -> None:
    """A function may write into its log group's streams. The ARN that CloudFormation gives of a group ends with `:*`,
    which stands for them; IAM takes it by its letters, so with `:log-stream:*` behind it, it would stand for no stream
    at all.
    """
    group = stack.function(handler)["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
    role = stack.function(handler)["Properties"]["Role"]
    (statements,) = [
        each["Properties"]["PolicyDocument"]["Statement"]
        for each in stack.of("AWS::IAM::Policy").values()
        if each["Properties"]["Roles"] == [{"Ref": role["Fn::GetAtt"][0]}]
    ]
    (written,) = [each["Resource"] for each in statements if "logs:PutLogEvents" in each["Action"]]
    assert written == {"Fn::GetAtt": [group, "Arn"]}


def test_embed(stack: Synthesized) -> None:
    """What reads files has a whole core, five minutes, and room for the four files that it reads at once, 512 MB
    each.
    """
    made = stack.function("embed")["Properties"]
    assert (made["MemorySize"], made["Timeout"]) == (1769, 300)
    assert made["EphemeralStorage"]["Size"] >= 4 * 512


def test_behind_the_gateway(stack: Synthesized) -> None:
    """No function behind the API goes on when API Gateway has answered for it, after 29 s."""
    assert all(stack.function(handler)["Properties"]["Timeout"] == 29 for handler in ("api", "search"))


def test_told_what_they_need(stack: Synthesized) -> None:
    """A function is told what it uses, and nothing that it never touches."""
    told = {
        handler: {name for name in stack.environment(handler) if name.startswith("VECTORLOG_")} for handler in HANDLERS
    }
    assert "VECTORLOG_WORK_QUEUE" not in told["api"] | told["search"]
    assert "VECTORLOG_OPENSEARCH_ENDPOINT" not in told["api"] | told["projector"] | told["sweep"]
    assert "VECTORLOG_OPENSEARCH_ENDPOINT" in told["search"] & told["work"] & told["embed"] & told["dead_letters"]
    assert told["projector"] == {
        f"VECTORLOG_{name}" for name in ("EVENTS_TABLE", "VIEWS_TABLE", "WORK_QUEUE", "EMBED_QUEUE")
    }


def test_two_stages_in_one_account(synthesize: Synthesize) -> None:
    """Metrics, logs and traces of a stage say which it is."""
    assert synthesize(stage="prod").environment("sweep")["POWERTOOLS_SERVICE_NAME"] == "vectorlog-prod"


def test_on_this_machine(synthesize: Synthesize) -> None:
    """The architecture is a choice."""
    assert synthesize(architecture="x86_64").function("api")["Properties"]["Architectures"] == ["x86_64"]


def _joins(stack: Synthesized) -> set[str]:
    made: dict[str, dict[str, Any]] = stack.of("AWS::Lambda::Function")
    return {each["Properties"]["Handler"] for each in made.values() if "VpcConfig" in each["Properties"]}


def test_network(stack: Synthesized, synthesize: Synthesize) -> None:
    """Where there is a network, every function of ours is in it; where there is none, no function is."""
    assert not _joins(stack)
    assert _joins(synthesize(vpc="new")) >= {f"handlers.{handler}.handler" for handler in HANDLERS}
