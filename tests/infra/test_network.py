"""The optional network."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import Environment, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Match, Template

from infra.chunk_index import ChunkIndex
from infra.configuration import Configuration
from infra.network import Network
from tests.infra.synthesized import Synthesize

pytestmark = pytest.mark.infra
DOMAIN, ENDPOINT = "AWS::OpenSearchService::Domain", "AWS::EC2::VPCEndpoint"


def synthesized(**chosen: Any) -> Template:
    """The template of a network with a domain and a function that searches."""
    stack = Stack(env=Environment(account="123456789012", region="eu-central-1"))
    configuration = Configuration(**chosen)
    network = Network(stack, "Network", configuration=configuration)

    def function(id: str) -> lambda_.Function:
        code = lambda_.Code.from_inline("x = 1")
        return lambda_.Function(
            stack, id, runtime=lambda_.Runtime.PYTHON_3_13, handler="x.x", code=code, vpc=network.vpc
        )

    made = ChunkIndex(stack, "ChunkIndex", configuration=configuration, access=function("Access"), vpc=network.vpc)
    made.grant_search(function("Search"))
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def private() -> Template:
    """A new network, and a model of AWS."""
    return synthesized(vpc="new", opensearch_nodes=2)


def endpoints(template: Template) -> dict[str, Any]:
    """The endpoints that can be reached from within, by the last part of their services' names."""
    found = {}
    for each in template.find_resources(ENDPOINT).values():
        name = each["Properties"]["ServiceName"]
        found[(name if isinstance(name, str) else name["Fn::Join"][1][-1]).rpartition(".")[2]] = each["Properties"]
    return found


def test_none_by_default() -> None:
    """Without a configured network, none is created or billed."""
    synthesized().resource_count_is("AWS::EC2::VPC", 0)


def test_no_way_in_or_out(private: Template) -> None:
    """Functions inside reach the services that they call, and nothing else; nothing reaches them."""
    for kind in ("InternetGateway", "NatGateway", "EIP"):
        private.resource_count_is(f"AWS::EC2::{kind}", 0)
    assert set(endpoints(private)) == {"s3", "dynamodb", "dynamodb-streams", "sqs", "secretsmanager", "bedrock-runtime"}


def test_domain_is_inside(private: Template) -> None:
    """The domain has no public address: a node in each zone, open to the functions at port 443 only."""
    inside = {"SubnetIds": [Match.any_value(), Match.any_value()], "SecurityGroupIds": [Match.any_value()]}
    private.has_resource_properties(DOMAIN, {"VPCOptions": inside})
    rules = [each["Properties"] for each in private.find_resources("AWS::EC2::SecurityGroupIngress").values()]
    assert len(rules) == 2
    assert {(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in rules} == {("tcp", 443, 443)}
    assert all("SourceSecurityGroupId" in rule for rule in rules)


def test_streams_have_no_private_dns(private: Template, synthesize: Synthesize) -> None:
    """DynamoDB's streams refuse a private name for their endpoint, so functions get the endpoint's own name."""
    assert endpoints(private)["dynamodb-streams"]["PrivateDnsEnabled"] is False
    assert endpoints(private)["sqs"]["PrivateDnsEnabled"] is True
    told = {
        handler: "AWS_ENDPOINT_URL_DYNAMODB_STREAMS" in synthesize(vpc="new").environment(handler)
        for handler in ("dead_letters", "work")
    }
    assert told == {"dead_letters": True, "work": False}


def test_endpoints_before_their_first_use(synthesize: Synthesize) -> None:
    """Custom resources wait for the endpoints: without the one to S3, CloudFormation would never get their answer."""
    stack = synthesize(vpc="new")
    for kind in ("Custom::FirstKey", "Custom::IndexAccess"):
        (made,) = stack.of(kind).values()
        assert set(stack.of(ENDPOINT)) <= set(made["DependsOn"])


def test_kept_with_the_domain(synthesize: Synthesize) -> None:
    """A domain that outlives its stack keeps its network: its subnets and security group cannot be deleted before
    it.
    """
    stack = synthesize(vpc="new")
    kept = {
        name for name, each in stack.json["Resources"].items() if each.get("DeletionPolicy") == "RetainExceptOnCreate"
    }
    ((_, domain),) = stack.of(DOMAIN).items()
    inside = domain["Properties"]["VPCOptions"]
    names = {each["Ref"] for each in inside["SubnetIds"]} | {
        each["Fn::GetAtt"][0] for each in inside["SecurityGroupIds"]
    }
    assert names | set(stack.of("AWS::EC2::VPC")) <= kept
    gone = synthesize(vpc="new", removal="destroy")
    assert not any(
        str(each.get("DeletionPolicy")).startswith("Retain")
        for each in gone.json["Resources"].values()
        if "EC2" in each["Type"]
    )


def test_one_node() -> None:
    """A domain of one node is in one zone."""
    synthesized(vpc="new").has_resource_properties(
        DOMAIN, {"VPCOptions": Match.object_like({"SubnetIds": [Match.any_value()]})}
    )


def test_model_outside() -> None:
    """A model outside of AWS is reached through one NAT gateway; Bedrock's endpoint is omitted if none of its models is
    offered.
    """
    template = synthesized(vpc="new", models=("openai:text-embedding-3-small",))
    template.resource_count_is("AWS::EC2::NatGateway", 1)
    assert "bedrock-runtime" not in endpoints(template)


def test_existing_network() -> None:
    """An existing network is used as it is: nothing is added to it."""
    template = synthesized(vpc="vpc-0123456789abcdef0")
    template.resource_count_is("AWS::EC2::VPC", 0)
    assert not endpoints(template)
    template.has_resource_properties(DOMAIN, {"VPCOptions": Match.object_like({"SubnetIds": Match.any_value()})})
