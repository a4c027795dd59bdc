from __future__ import annotations

import json
from typing import Any

import pytest

from tests.infra.synthesized import Synthesize, Synthesized

pytestmark = pytest.mark.infra

HANDLERS = (
    "api",
    "search",
    "projector",
    "work",
    "embed",
    "erase",
    "deliver",
    "dead_letters",
    "sweep",
    "first_key",
    "index_access",
)


@pytest.mark.parametrize("handler", HANDLERS)
def test_alike(stack: Synthesized, handler: str) -> None:
    """Every function is Python 3.13 on arm64, makes no traces by default, and writes JSON into its own log group with
    limited retention.
    """
    made = stack.function(handler)["Properties"]
    assert (made["Runtime"], made["Architectures"]) == ("python3.13", ["arm64"])
    assert "TracingConfig" not in made
    assert "Layers" not in made
    assert not any("OTLP" in name or "OTEL" in name for name in made["Environment"]["Variables"])
    assert made["LoggingConfig"]["LogFormat"] == "JSON"
    assert stack.json["Resources"][made["LoggingConfig"]["LogGroup"]["Ref"]]["Properties"]["RetentionInDays"] == 30
    assert "ReservedConcurrentExecutions" not in made


def test_traces(synthesize: Synthesize) -> None:
    """Every function sends its traces to the endpoint, or to the collector in the layer, which may write to X-Ray."""
    stack = synthesize(otlp_endpoint="https://collector.example.com", traced_share="0.5")
    for handler in HANDLERS:
        variables = stack.environment(handler)
        assert variables["VECTORLOG_OTLP_ENDPOINT"] == "https://collector.example.com"
        assert (variables["OTEL_TRACES_SAMPLER"], variables["OTEL_TRACES_SAMPLER_ARG"]) == (
            "parentbased_traceidratio",
            "0.5",
        )
    assert "xray:" not in json.dumps(stack.json)
    layer = "arn:aws:lambda:eu-central-1:901920570463:layer:aws-otel-collector-arm64-ver-0-117-0:1"
    stack = synthesize(adot_layer_arn=layer)
    for handler in HANDLERS:
        assert stack.environment(handler)["VECTORLOG_OTLP_ENDPOINT"] == "http://localhost:4318"
        assert stack.function(handler)["Properties"]["Layers"] == [layer]
    assert "xray:PutTraceSegments" in json.dumps(stack.of("AWS::IAM::Policy"))


def test_reserved(synthesize: Synthesize) -> None:
    """The functions that answer requests can have a share of the account's concurrency that no other one uses."""
    stack = synthesize(api_reserved="200", search_reserved="100")
    reserved = {
        handler: made["ReservedConcurrentExecutions"]
        for handler in HANDLERS
        if "ReservedConcurrentExecutions" in (made := stack.function(handler)["Properties"])
    }
    assert reserved == {"api": 200, "search": 100}


def test_all(stack: Synthesized) -> None:
    """The stack has only these functions; the CDK adds none if everything is retained."""
    assert len(stack.of("AWS::Lambda::Function")) == len(HANDLERS)


def test_logs_apart(stack: Synthesized) -> None:
    """No two functions share a log group."""
    groups = [stack.function(handler)["Properties"]["LoggingConfig"]["LogGroup"]["Ref"] for handler in HANDLERS]
    assert len(set(groups)) == len(HANDLERS)


@pytest.mark.parametrize("handler", HANDLERS)
def test_may_write_its_log(stack: Synthesized, handler: str) -> None:
    """A function may write into its log group's streams. CloudFormation's ARN of a group already ends with `:*`, which
    stands for its streams; with `:log-stream:*` appended, IAM would match no stream at all.
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
    """The function that reads files has a whole core, five minutes, and space for four files of 512 MB in parallel."""
    made = stack.function("embed")["Properties"]
    assert (made["MemorySize"], made["Timeout"]) == (1769, 300)
    assert made["EphemeralStorage"]["Size"] >= 4 * 512


def test_behind_the_gateway(stack: Synthesized) -> None:
    """No function behind the API runs longer than the 29 s after which API Gateway has answered."""
    assert all(stack.function(handler)["Properties"]["Timeout"] == 29 for handler in ("api", "search"))


def test_told_what_they_need(stack: Synthesized) -> None:
    """A function gets only the variables that it uses."""
    variables = {
        handler: {name for name in stack.environment(handler) if name.startswith("VECTORLOG_")} for handler in HANDLERS
    }
    assert "VECTORLOG_WORK_QUEUE" not in variables["search"]  # the api function tells how much waits
    assert "VECTORLOG_OPENSEARCH_ENDPOINT" not in variables["api"] | variables["projector"] | variables["sweep"]
    assert (
        "VECTORLOG_OPENSEARCH_ENDPOINT"
        in variables["search"] & variables["work"] & variables["embed"] & variables["dead_letters"]
    )
    assert {handler for handler in HANDLERS if "VECTORLOG_MODELS" in variables[handler]} == {
        *("api", "search", "work", "embed", "dead_letters")  # work: a store moves only between models that are offered
    }
    assert variables["projector"] == {
        f"VECTORLOG_{name}" for name in ("EVENTS_TABLE", "VIEWS_TABLE", "WORK_QUEUE", "EMBED_QUEUE", "ERASE_QUEUE")
    } | {"VECTORLOG_DELIVER_QUEUE", "VECTORLOG_OUTBOX_TABLE"}


def test_two_stages_in_one_account(synthesize: Synthesize) -> None:
    """Metrics, logs and traces name their stage."""
    assert synthesize(stage="prod").environment("sweep")["POWERTOOLS_SERVICE_NAME"] == "vectorlog-prod"


def test_on_this_machine(synthesize: Synthesize) -> None:
    """The architecture is a setting."""
    assert synthesize(architecture="x86_64").function("api")["Properties"]["Architectures"] == ["x86_64"]


def _joins(stack: Synthesized) -> set[str]:
    made: dict[str, dict[str, Any]] = stack.of("AWS::Lambda::Function")
    return {each["Properties"]["Handler"] for each in made.values() if "VpcConfig" in each["Properties"]}


def test_network(stack: Synthesized, synthesize: Synthesize) -> None:
    """With a network, all of our functions are in it but the one that calls the public internet; without one, none."""
    assert not _joins(stack)
    joined, inside = _joins(synthesize(vpc="new")), set(HANDLERS) - {"deliver"}
    assert joined >= {f"handlers.{handler}.handler" for handler in inside}
    assert "handlers.deliver.handler" not in joined
