"""The collection of OpenSearch Serverless, and the rights in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from infra.configuration import Configuration
from infra.index_collection import IndexCollection
from infra.network import Network
from tests.infra.synthesized import Synthesize
from vectorlog.index.opensearch.roles import COLLECTION_RIGHTS

pytestmark = pytest.mark.infra
OPERATOR = "arn:aws:iam::123456789012:role/operator"
KIND = "AWS::OpenSearchServerless::"


def synthesized(**chosen: Any) -> Template:
    """The template of a collection that one function searches and two others write."""
    stack, configuration = Stack(), Configuration(index="serverless", **chosen)
    network = Network(stack, "Network", configuration=configuration)

    def function(id: str) -> lambda_.Function:
        code, runtime = lambda_.Code.from_inline("x = 1"), lambda_.Runtime.PYTHON_3_13
        return lambda_.Function(stack, id, runtime=runtime, handler="x.x", code=code, vpc=network.vpc)

    made = IndexCollection(stack, "IndexCollection", configuration=configuration, vpc=network.vpc)
    made.grant_search(function("Search"))
    for id in ("Write", "Repair"):
        made.grant_write(function(id))
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def template() -> Template:
    """The collection with default settings."""
    return synthesized()


def resources(template: Template, kind: str) -> dict[str, Any]:
    """The properties of the resources of a type."""
    return {id: each["Properties"] for id, each in template.find_resources(kind).items()}


def text(joined: Any) -> str:
    """A string with the names of what CloudFormation puts into it."""
    if isinstance(joined, str):
        return joined
    ((function, argument),) = joined.items()
    match function:
        case "Fn::Join":
            return str(argument[0]).join(map(text, argument[1]))
        case "Fn::GetAtt":
            return str(argument[0]).partition("ServiceRole")[0]
    return "<id>"


def policies(template: Template) -> dict[str, Any]:
    """The documents of data access, by the last part of the policy's name."""
    found = resources(template, f"{KIND}AccessPolicy").values()
    return {text(each["Name"]).rpartition("-")[2]: json.loads(text(each["Policy"])) for each in found}


def test_sleeps(template: Template) -> None:
    """While nobody uses it, it has no capacity; in use, it has no more than the configuration says."""
    [group] = resources(template, f"{KIND}CollectionGroup").values()
    assert group["Generation"] == "NEXTGEN"
    assert group["CapacityLimits"] == {
        "MinIndexingCapacityInOcu": 0,
        "MinSearchCapacityInOcu": 0,
        "MaxIndexingCapacityInOcu": 4,
        "MaxSearchCapacityInOcu": 4,
    }
    [collection] = resources(template, f"{KIND}Collection").values()
    assert (collection["Type"], collection["CollectionGroupName"]) == ("VECTORSEARCH", group["Name"])


def test_name_has_room(template: Template) -> None:
    """AWS takes names of 3 to 28 characters for collections, and of 32 for policies."""
    for kind, most in (("Collection", 28), ("AccessPolicy", 32), ("SecurityPolicy", 32)):
        for made in resources(template, KIND + kind).values():
            assert len(text(made["Name"]).replace("<id>", "12345678")) <= most


def test_rights(template: Template) -> None:
    """Search can only read documents, and what writes cannot delete an index; both only in our indexes."""
    found = policies(template)
    assert found.keys() == {"search", "write"}
    for name, [policy] in found.items():
        rules = {rule["ResourceType"]: rule for rule in policy["Rules"]}
        assert rules["index"]["Resource"] == ["index/vectorlog-<id>/vectorlog-*"]
        assert tuple(rules["index"]["Permission"]) == COLLECTION_RIGHTS[name].indexes
    assert found["search"][0]["Principal"] == ["Search"]
    assert found["write"][0]["Principal"] == ["Write", "Repair"]
    assert "collection" not in {rule["ResourceType"] for rule in found["search"][0]["Rules"]}
    assert "aoss:DeleteIndex" not in json.dumps(found)


def test_iam(template: Template) -> None:
    """Each function may call this collection, and no other."""
    for policy in resources(template, "AWS::IAM::Policy").values():
        [statement] = [each for each in policy["PolicyDocument"]["Statement"] if each["Action"] == "aoss:APIAccessAll"]
        assert text(statement["Resource"]).startswith("IndexCollection")


def test_operator() -> None:
    """The configured role can inspect, repair and rebuild the indexes."""
    [policy] = policies(synthesized(operator_role_arn=OPERATOR))["operate"]
    assert policy["Principal"] == [OPERATOR]


def test_network(template: Template) -> None:
    """Without a network it has a public address, which signatures guard; with one it has none."""
    documents = [json.loads(text(each["Policy"])) for each in resources(template, f"{KIND}SecurityPolicy").values()]
    assert {"AllowFromPublic": True}.items() <= next(each[0] for each in documents if isinstance(each, list)).items()
    inside = synthesized(vpc="new")
    documents = [json.loads(text(each["Policy"])) for each in resources(inside, f"{KIND}SecurityPolicy").values()]
    [network] = next(each for each in documents if isinstance(each, list))
    assert (network["AllowFromPublic"], len(network["SourceVPCEs"])) == (False, 1)
    admitted = resources(inside, "AWS::EC2::SecurityGroupIngress").values()
    assert len([each for each in admitted if "SourceSecurityGroupId" in each and each["ToPort"] == 443]) == 3


def test_survives(template: Template) -> None:
    """Destroying the stack leaves the collection with all that it needs, unless the configuration says otherwise."""
    for kind in ("Collection", "CollectionGroup", "SecurityPolicy"):
        for made in template.find_resources(KIND + kind).values():
            assert made["DeletionPolicy"] == "RetainExceptOnCreate"
    [made] = synthesized(removal="destroy").find_resources(f"{KIND}Collection").values()
    assert made["DeletionPolicy"] == "Delete"


def test_in_a_stack(synthesize: Synthesize) -> None:
    """The stack makes it instead of a domain; functions know what it is, and embed has the time to wait for it."""
    stack = synthesize(index="serverless")
    assert not stack.of("AWS::OpenSearchService::Domain")
    assert not stack.of("Custom::IndexAccess")
    assert len(stack.json["Resources"]) <= 400
    functions = {
        each["Properties"]["Handler"]: each["Properties"] for each in stack.of("AWS::Lambda::Function").values()
    }
    told = {
        name.split(".")[1]
        for name, each in functions.items()
        if each["Environment"]["Variables"].get("VECTORLOG_OPENSEARCH_FORM") == "collection"
    }
    assert told == {"api", "search", "embed", "work", "dead_letters"}
    assert functions["handlers.embed.handler"]["Timeout"] == 600


def test_api_can_wake_it(synthesize: Synthesize) -> None:
    """The api function may send messages to the work queue only where there is something to wake."""

    def sends(**chosen: str) -> set[str]:
        policies = synthesize(**chosen).of("AWS::IAM::Policy")
        [api] = [each["Properties"] for name, each in policies.items() if name.startswith("FunctionsApiRole")]
        statements = api["PolicyDocument"]["Statement"]
        sending = [each for each in statements if "sqs:SendMessage" in each["Action"]]
        found = [each["Resource"] for each in sending]
        listed = [one for each in found for one in (each if isinstance(each, list) else [each])]
        return {each["Fn::GetAtt"][0][:14] for each in listed}

    assert sends(index="serverless") - sends() == {"WorkQueuesWork"}


@pytest.mark.parametrize(
    "chosen",
    [
        {"index": "endpoint"},
        {
            "index": "serverless",
            "opensearch_endpoint": "https://search.example",
            "opensearch_domain_arn": "arn:aws:es:eu-central-1:123456789012:domain/shared",
        },
    ],
)
def test_settings_that_do_not_go_together(chosen: dict[str, Any]) -> None:
    """An endpoint is needed where one is asked for, and refused where a collection is."""
    with pytest.raises(ValueError, match="opensearch_endpoint"):
        Configuration(**chosen)
