"""How new code comes to the functions that users wait for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.infra.synthesized import Synthesize, Synthesized

pytestmark = pytest.mark.infra


@pytest.fixture(scope="module")
def canary(synthesize: Synthesize) -> Synthesized:
    """A stage that tries new code on a tenth of the calls."""
    return synthesize(rollout="canary")


def of_alias(stack: Synthesized, handler: str) -> str:
    """The logical id of a function's alias."""
    (found,) = [
        name
        for name, each in stack.of("AWS::Lambda::Alias").items()
        if each["Properties"]["FunctionName"] == {"Ref": stack.function_id(handler)}
    ]
    return found


def mappings(stack: Synthesized) -> dict[str, Any]:
    """The triggers of queues and the stream."""
    return stack.of("AWS::Lambda::EventSourceMapping")


def test_at_once(stack: Synthesized) -> None:
    """By default there are no versions, and a stage that has none stays as it is."""
    for kind in ("AWS::Lambda::Alias", "AWS::Lambda::Version", "AWS::CodeDeploy::DeploymentGroup"):
        assert stack.of(kind) == {}


@pytest.mark.parametrize("handler", ["api", "search", "embed"])
def test_taken_back(canary: Synthesized, handler: str) -> None:
    """CodeDeploy shifts the alias of each, and takes the new version back when the function's alarms ring."""
    alias = canary.json["Resources"][of_alias(canary, handler)]
    update = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    group = canary.json["Resources"][update["DeploymentGroupName"]["Ref"]]["Properties"]
    assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent10Minutes"
    assert set(group["AutoRollbackConfiguration"]["Events"]) >= {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"}
    assert group["AlarmConfiguration"]["Enabled"] is True
    alarms = canary.of("AWS::CloudWatch::Alarm")
    watching = {
        alarms[each["Name"]["Ref"]]["Properties"]["AlarmName"] for each in group["AlarmConfiguration"]["Alarms"]
    }
    assert f"vectorlog-dev-errors-{handler}" in watching
    assert len(watching) == 2


def test_calls_go_to_the_aliases(canary: Synthesized) -> None:
    """The API calls the aliases of api and search, and the queue that of embed: a call of the function itself would
    reach new code at once.
    """
    called = json.dumps(list(canary.of("AWS::ApiGateway::Method").values()))
    permitted = [each["Properties"]["FunctionName"] for each in canary.of("AWS::Lambda::Permission").values()]
    for handler in ("api", "search"):
        alias, function = of_alias(canary, handler), canary.function_id(handler)
        assert f'"Ref": "{alias}"' in called
        assert f'"Fn::GetAtt": ["{function}"' not in called
        assert {"Ref": alias} in permitted
    mapped = json.dumps([each["Properties"]["FunctionName"] for each in mappings(canary).values()])
    assert f'"{of_alias(canary, "embed")}"' in mapped
    assert f'"{canary.function_id("embed")}"' not in mapped


def test_consumers_before_writers(canary: Synthesized) -> None:
    """New code that sends messages still waits for the mapping of the alias that handles them."""
    alias = of_alias(canary, "embed")
    (mapping,) = [name for name, each in mappings(canary).items() if f'"{alias}"' in json.dumps(each)]
    for writer in ("api", "search"):
        assert {mapping, alias} <= set(canary.function(writer)["DependsOn"])
