from __future__ import annotations

from collections.abc import Iterable

import pytest

from infra.report import MAX_RESOURCES
from tests.infra.synthesized import Synthesize, Synthesized
from vectorlog.runtime.aws import stack as aws_stack
from vectorlog.runtime.aws.environment import Environment

pytestmark = pytest.mark.infra

CONSUMERS = ("projector", "work", "embed", "erase", "deliver", "dead_letters", "sweep")
STATEFUL = {
    "ChunkIndexDomain3391814A": "AWS::OpenSearchService::Domain",
    "EventLogTable9CC67CCE": "AWS::DynamoDB::Table",
    "FilesBucket7C17EE2E": "AWS::S3::Bucket",
    "FirstKeySecretFF770F08": "AWS::SecretsManager::Secret",
    "OutgoingTableC29B8E52": "AWS::DynamoDB::Table",
    "OutgoingWebhookKey60478844": "AWS::SecretsManager::Secret",
    "ViewsTable125B5EB15": "AWS::DynamoDB::Table",
}
"""Resources that hold data. CloudFormation creates a new, empty resource when a logical id changes: never change one of
these.
"""


def test_consumers_before_writers(stack: Synthesized) -> None:
    """An update replaces consumers of events and messages, and their triggers, before producers of new kinds."""
    consumers = {stack.function_id(handler) for handler in CONSUMERS}
    triggers = {
        name
        for name, each in stack.of("AWS::Lambda::EventSourceMapping").items()
        if each["Properties"]["FunctionName"]["Ref"] in consumers
    }
    assert len(triggers) == 10
    for writer in ("api", "search"):
        assert consumers | triggers <= set(_names(stack.function(writer)["DependsOn"]))


def test_logical_ids(stack: Synthesized) -> None:
    """Resources that hold data keep their logical ids, or an update would replace them with empty ones; and they
    outlive the stack.
    """
    held = {
        name: each
        for name, each in stack.json["Resources"].items()
        if str(each.get("DeletionPolicy")).startswith("Retain")
    }
    found = {name: each["Type"] for name, each in held.items() if each["Type"] in set(STATEFUL.values())}
    assert found == STATEFUL


def test_destroyed(synthesize: Synthesize) -> None:
    """With `removal=destroy` no data is left behind."""
    gone = synthesize(removal="destroy")
    kept = {
        each["Type"] for each in gone.json["Resources"].values() if str(each.get("DeletionPolicy")).startswith("Retain")
    }
    assert not kept & set(STATEFUL.values())


def test_failed_first_deploy(stack: Synthesized) -> None:
    """A first deploy that failed leaves behind nothing that is billed by the hour. It leaves tables: they cannot be
    deleted, and are free.
    """
    left = {each["Type"] for each in stack.json["Resources"].values() if each.get("DeletionPolicy") == "Retain"}
    assert left == {"AWS::DynamoDB::Table", "AWS::IAM::Role", "AWS::ApiGateway::Account"}


def test_protected(stack: Synthesized, synthesize: Synthesize) -> None:
    """The stack itself cannot be deleted by mistake, unless nothing in it is to be kept."""
    assert stack.stack.termination_protection
    assert not synthesize(removal="destroy").stack.termination_protection


def test_operators_find_it(stack: Synthesized) -> None:
    """`vectorlog … --stage` finds the stack by its name, and everything that it needs in its outputs."""
    assert stack.stack.stack_name == aws_stack.name_of("dev")
    assert {aws_stack.output(field) for field in Environment.needed()} <= set(stack.json["Outputs"])


def test_room(stack: Synthesized) -> None:
    """The stack has room for more resources."""
    assert len(stack.json["Resources"]) <= MAX_RESOURCES


def test_nowhere_in_particular(stack: Synthesized) -> None:
    """The template names no account and no region: it can be deployed anywhere."""
    assert stack.stack.environment == "aws://unknown-account/unknown-region"


def _names(names: Iterable[str] | str) -> Iterable[str]:
    return [names] if isinstance(names, str) else names
