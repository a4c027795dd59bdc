"""Every function's rights, as a table in `rights.txt`. After an intended change, `WRITE_RIGHTS=1 ./dev test infra`
updates it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.synthesized import Synthesize, Synthesized

pytestmark = pytest.mark.infra

TABLE = Path(__file__).with_name("rights.txt")
WILD = {
    "dynamodb:ListStreams": "Lambda lists the streams before it reads one; the action takes no resource",
    "xray:PutTelemetryRecords": "X-Ray has no resources to name",
    "xray:PutTraceSegments": "X-Ray has no resources to name",
}
"""Actions on every resource, and why no narrower one is possible."""
NETWORK = "Lambda makes and removes network interfaces whose names nobody knows before; in a network only"


def test_rights(stack: Synthesized) -> None:
    """A function may do what the table says, and nothing else, so a change of rights shows in the diff."""
    found = "\n".join(_table(stack)) + "\n"
    if os.environ.get("WRITE_RIGHTS"):
        TABLE.write_text(found)
    assert found == TABLE.read_text()


def test_no_wildcards(stack: Synthesized) -> None:
    """No action is a pattern, and none is allowed everywhere without a reason."""
    for function, action, resource in _rights(stack):
        assert "*" not in action, (function, action)
        assert resource != "*" or action in WILD, (function, action)


def test_no_wildcards_in_a_network(synthesize: Synthesize) -> None:
    """A network adds only the rights that Lambda itself needs."""
    for function, action, resource in _rights(synthesize(vpc="new")):
        assert resource != "*" or action in WILD or action.startswith("ec2:"), (function, action, NETWORK)


def test_no_managed_policies(stack: Synthesized) -> None:
    """No function has a policy managed by AWS, which may grow."""
    roles = [stack.json["Resources"][_role(each)] for each in stack.of("AWS::Lambda::Function").values()]
    assert not any(role["Properties"].get("ManagedPolicyArns") for role in roles)


def test_log_is_only_appended_to(stack: Synthesized) -> None:
    """No function but one can delete a commit."""
    log = stack.json["Outputs"]["EventsTable"]["Value"]["Ref"]
    rights = {(function, action) for function, action, resource in _rights(stack) if resource == log}
    assert {action for function, action in rights if function != "erase"} == {"dynamodb:PutItem", "dynamodb:Query"}
    assert {action for function, action in rights if function == "erase"} == {
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:DeleteItem",
    }


def test_models(synthesize: Synthesize) -> None:
    """Search and embed may call only the configured models; only functions that need the endpoint's key can read it,
    and only that secret.
    """
    secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:openai"
    chosen = synthesize(
        models="bedrock:cohere.embed-english-v3,openai:text-embedding-3-small", embedding_secret_arn=secret
    )
    invoke = {(function, resource) for function, action, resource in _rights(chosen) if action == "bedrock:InvokeModel"}
    assert invoke == {
        (each, "bedrock:<Region>::foundation-model/cohere.embed-english-v3") for each in ("search", "embed")
    }
    readers = {
        function
        for function, action, resource in _rights(chosen)
        if (action, resource) == ("secretsmanager:GetSecretValue", secret)
    }
    assert readers == {"api", "search", "embed", "dead_letters"}


def test_models_of_searches(synthesize: Synthesize) -> None:
    """Only the search function can read the keys of what rewrites and reranks, and no other secret with them."""
    rewriting, reranking = (f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{name}" for name in ("a", "b"))
    chosen = synthesize(
        rewriting_model="small",
        rewriting_secret_arn=rewriting,
        reranking_model="cross",
        reranking_base_url="https://rerank.example/v1",
        reranking_secret_arn=reranking,
    )
    readers = {
        (function, resource)
        for function, action, resource in _rights(chosen)
        if action == "secretsmanager:GetSecretValue" and resource.startswith("arn:")
    }
    assert readers == {("search", rewriting), ("search", reranking)}


def _table(stack: Synthesized) -> list[str]:
    return [f"{function:13}{action:40}{resource}" for function, action, resource in _rights(stack)]


def _rights(stack: Synthesized) -> list[tuple[str, str, str]]:
    """Function, action, resource."""
    found = set()
    for made in stack.of("AWS::Lambda::Function").values():
        for statement in _statements(stack, _role(made)):
            assert statement["Effect"] == "Allow"
            for action in _listed(statement["Action"]):
                handler = str(made["Properties"]["Handler"]).removeprefix("handlers.").removesuffix(".handler")
                found |= {(handler, str(action), _named(resource)) for resource in _listed(statement["Resource"])}
    return sorted(found)


def _role(function: dict[str, Any]) -> str:
    return str(function["Properties"]["Role"]["Fn::GetAtt"][0])


def _statements(stack: Synthesized, role: str) -> Iterator[dict[str, Any]]:
    for policy in stack.json["Resources"][role]["Properties"].get("Policies", ()):
        yield from policy["PolicyDocument"]["Statement"]
    for policy in stack.of("AWS::IAM::Policy").values():
        if {"Ref": role} in policy["Properties"]["Roles"]:
            yield from policy["Properties"]["PolicyDocument"]["Statement"]


def _named(resource: Any) -> str:
    """An ARN of the template as text: logical ids for names, and what follows."""
    match resource:
        case str():
            return resource
        case {"Ref": name}:
            return name.removeprefix("AWS::") if name != "AWS::Partition" else ""
        case {"Fn::GetAtt": [name, attribute]}:
            return str(name) if attribute == "Arn" else f"{name}.{attribute}"
        case {"Fn::Join": ["", parts]}:
            return re.sub(
                r"^arn::", "", "".join(f"<{_named(part)}>" if _is_pseudo(part) else _named(part) for part in parts)
            )
        case _:
            raise AssertionError(f"an ARN of a new form: {resource}")


def _is_pseudo(part: Any) -> bool:
    return isinstance(part, dict) and str(part.get("Ref", "")).startswith("AWS::") and part["Ref"] != "AWS::Partition"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
