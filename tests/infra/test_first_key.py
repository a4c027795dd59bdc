from __future__ import annotations

import json

import pytest

from tests.infra.synthesized import Synthesize, Synthesized

pytestmark = pytest.mark.infra


def test_kept_in_a_secret(stack: Synthesized, synthesize: Synthesize) -> None:
    """The first key is in a secret that outlives the stack; template and outputs name the secret and never hold a
    key.
    """
    name = stack.json["Outputs"]["FirstKeySecret"]["Value"]["Ref"]
    secret = stack.of("AWS::SecretsManager::Secret")[name]
    assert set(secret["Properties"]) == {"Description"}
    assert secret["DeletionPolicy"] == "RetainExceptOnCreate"
    assert "get-secret-value" in json.dumps(stack.json["Outputs"]["ReadFirstKey"]["Value"])
    gone = synthesize(removal="destroy").of("AWS::SecretsManager::Secret")
    assert gone[name]["DeletionPolicy"] == "Delete"


def test_made_once(stack: Synthesized) -> None:
    """A function of ours creates it once it has its rights; CloudFormation does not wait an hour for a dead
    function.
    """
    (made,) = stack.of("Custom::FirstKey").values()
    maker = stack.function_id("first_key")
    assert made["Properties"]["ServiceToken"]["Fn::GetAtt"] == [maker, "Arn"]
    assert int(made["Properties"]["ServiceTimeout"]) < 600
    assert any(
        name.startswith("FunctionsFirstKeyRoleDefaultPolicy")
        for name in [*made["DependsOn"], *stack.function("first_key")["DependsOn"]]
    )
