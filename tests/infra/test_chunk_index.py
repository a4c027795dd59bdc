"""The OpenSearch domain, and the rights in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Match, Template

from infra.chunk_index import ChunkIndex
from infra.configuration import Configuration
from infra.network import Network
from vectorlog.index.opensearch.roles import ROLES

pytestmark = pytest.mark.infra
DOMAIN = "AWS::OpenSearchService::Domain"
OPERATOR = "arn:aws:iam::123456789012:role/operator"


def synthesized(**chosen: Any) -> Template:
    """The template of an index that one function searches and another one writes."""
    stack, configuration = Stack(), Configuration(**chosen)
    network = Network(stack, "Network", configuration=configuration)

    def function(id: str) -> lambda_.Function:
        code, runtime = lambda_.Code.from_inline("x = 1"), lambda_.Runtime.PYTHON_3_13
        return lambda_.Function(stack, id, runtime=runtime, handler="x.x", code=code, vpc=network.vpc)

    access = None if configuration.opensearch_endpoint else function("Access")
    made = ChunkIndex(stack, "ChunkIndex", configuration=configuration, access=access, vpc=network.vpc)
    made.grant_search(function("Search"))
    made.grant_write(function("Write"))
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def template() -> Template:
    """The index with default settings."""
    return synthesized()


def resources(template: Template, kind: str) -> dict[str, Any]:
    """The properties of the resources of a type."""
    return {id: each["Properties"] for id, each in template.find_resources(kind).items()}


def policies(template: Template) -> dict[str, list[str]]:
    """What IAM allows each function in the domain: actions and paths."""
    found: dict[str, list[str]] = {}
    for id, policy in resources(template, "AWS::IAM::Policy").items():
        found[id.partition("ServiceRole")[0]] = [
            line for each in policy["PolicyDocument"]["Statement"] for line in _lines(each)
        ]
    return {id: [line for line in lines if line.startswith("es:")] for id, lines in found.items()}


def _lines(statement: Mapping[str, Any]) -> list[str]:
    listed = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
    return [f"{statement['Action']} {_path(each)}" for each in listed]


def _path(resource: Any) -> str:
    if resource == "*":
        return "*"
    last = resource["Fn::Join"][1][-1]
    return str(last).removeprefix(":domain/*")


IAM = {
    "Access": ["es:ESHttpPut /_plugins/_security/api/roles/*", "es:ESHttpPut /_plugins/_security/api/rolesmapping/*"],
    "Search": ["es:ESHttpPost /_msearch", "es:ESHttpPost /_mtermvectors"],
    "Write": [
        "es:ESHttpPost /_bulk",
        "es:ESHttpPost /vectorlog-*/_refresh",
        "es:ESHttpPost /vectorlog-*/_delete_by_query",
        "es:ESHttpPut /vectorlog-*",
        "es:ESHttpPut /vectorlog-*/_mapping",
    ],
}


class TestDomain:
    def test_is_encrypted(self, template: Template) -> None:
        """Nothing of it is readable on disk or in transit."""
        options = {"EnforceHTTPS": True, "TLSSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10"}
        enabled = {"Enabled": True}
        template.has_resource_properties(
            DOMAIN,
            {
                "DomainEndpointOptions": options,
                "EncryptionAtRestOptions": enabled,
                "NodeToNodeEncryptionOptions": enabled,
            },
        )

    def test_is_the_version_that_is_tested(self, template: Template) -> None:
        """The deployed engine is the one that the adapter's tests ran on, and an upgrade keeps its data."""
        template.has_resource(
            DOMAIN, {"Properties": {"EngineVersion": "OpenSearch_3.5"}, "UpdatePolicy": {"EnableVersionUpgrade": True}}
        )

    def test_survives(self, template: Template) -> None:
        """Destroying the stack leaves the index, unless the configuration says otherwise."""
        template.has_resource(DOMAIN, {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"})
        synthesized(removal="destroy").has_resource(DOMAIN, {"DeletionPolicy": "Delete"})

    @pytest.mark.parametrize(("nodes", "zones"), [(2, 2), (3, 3), (4, 2)])
    def test_several_nodes(self, nodes: int, zones: int) -> None:
        """Nodes have the configured type, and no failure of a zone takes all of them."""
        template = synthesized(
            opensearch_nodes=nodes, opensearch_instance="r7g.large.search", opensearch_storage_gib=100
        )
        cluster = {
            "InstanceCount": nodes,
            "InstanceType": "r7g.large.search",
            "ZoneAwarenessConfig": {"AvailabilityZoneCount": zones},
        }
        disk = {"EBSEnabled": True, "VolumeSize": 100, "VolumeType": "gp3"}
        template.has_resource_properties(DOMAIN, {"ClusterConfig": Match.object_like(cluster), "EBSOptions": disk})

    def test_nodes_that_zones_cannot_share(self) -> None:
        """A number of nodes that OpenSearch would refuse after minutes is refused immediately."""
        with pytest.raises(ValueError, match="opensearch_nodes"):
            Configuration(opensearch_nodes=5)

    def test_logs(self, template: Template) -> None:
        """Slow requests and errors are logged; only the domain may write there, by one of the account's ten log
        policies.
        """
        [domain] = resources(template, DOMAIN).values()
        assert {name for name, log in domain["LogPublishingOptions"].items() if log["Enabled"]} == {
            "SEARCH_SLOW_LOGS",
            "INDEX_SLOW_LOGS",
            "ES_APPLICATION_LOGS",
        }
        [policy] = resources(template, "AWS::Logs::ResourcePolicy").values()
        document = json.dumps(policy["PolicyDocument"])
        assert "es.amazonaws.com" in document
        assert "aws:SourceAccount" in document
        assert {each["RetentionInDays"] for each in resources(template, "AWS::Logs::LogGroup").values()} == {30}

    def test_brings_no_functions_of_the_cdk(self, template: Template) -> None:
        """The deployed roles are those of this repository."""
        template.resource_count_is("AWS::Lambda::Function", 3)


class TestAccess:
    def test_iam(self, template: Template) -> None:
        """Each function may make exactly the requests that it makes."""
        assert policies(template) == IAM

    def test_domain_policy(self, template: Template) -> None:
        """The domain admits the same functions for the same requests, and nobody else; never without a signature."""
        [domain] = resources(template, DOMAIN).values()
        found: dict[str, list[str]] = {}
        for statement in domain["AccessPolicies"]["Statement"]:
            assert statement["Effect"] == "Allow"
            role = statement["Principal"]["AWS"]["Fn::GetAtt"][0].partition("ServiceRole")[0]
            found.setdefault(role, []).extend(_lines(statement))
        assert found == IAM

    def test_fine_grained(self, template: Template) -> None:
        """Inside, a search role can only search, and only our indexes; only one function may change that, and it has no
        password.
        """
        [access] = resources(template, "Custom::IndexAccess").values()
        held = {
            name: [arn["Fn::GetAtt"][0].partition("ServiceRole")[0] for arn in role["Holders"]]
            for name, role in access["Roles"].items()
        }
        assert held == {"vectorlog_search": ["Search"], "vectorlog_write": ["Write"], "vectorlog_operate": []}
        assert {name: role["Permissions"] for name, role in access["Roles"].items()} == {
            f"vectorlog_{name}": role for name, role in ROLES.items()
        }
        master = {"MasterUserARN": {"Fn::GetAtt": [Match.string_like_regexp("^AccessServiceRole"), "Arn"]}}
        security = {"Enabled": True, "InternalUserDatabaseEnabled": False, "MasterUserOptions": master}
        template.has_resource_properties(DOMAIN, {"AdvancedSecurityOptions": security})

    def test_are_given_in_time(self, template: Template) -> None:
        """The function that grants rights inside is called after its own rights exist."""
        [function] = [
            each for id, each in template.find_resources("AWS::Lambda::Function").items() if id.startswith("Access")
        ]
        assert any(id.startswith("AccessServiceRoleDefaultPolicy") for id in function["DependsOn"])

    def test_operator(self) -> None:
        """The configured role can inspect, repair and rebuild the indexes."""
        template = synthesized(operator_role_arn=OPERATOR)
        [access] = resources(template, "Custom::IndexAccess").values()
        [domain] = resources(template, DOMAIN).values()
        assert access["Roles"]["vectorlog_operate"]["Holders"] == [OPERATOR]
        assert OPERATOR in json.dumps(domain["AccessPolicies"])

    def test_endpoint_that_is_there(self) -> None:
        """If a domain is named, none is created, and the same rights are granted on that one."""
        arn = "arn:aws:es:eu-central-1:123456789012:domain/shared"
        template = synthesized(
            opensearch_endpoint="https://search-shared.eu-central-1.es.amazonaws.com", opensearch_domain_arn=arn
        )
        template.resource_count_is(DOMAIN, 0)
        template.resource_count_is("Custom::IndexAccess", 0)
        template.has_resource_properties(
            "AWS::IAM::Policy",
            {
                "PolicyDocument": {
                    "Statement": [
                        {
                            "Action": "es:ESHttpPost",
                            "Effect": "Allow",
                            "Resource": [f"{arn}/_msearch", f"{arn}/_mtermvectors"],
                        }
                    ]
                }
            },
        )


def test_masters() -> None:
    """Dedicated masters are three, so that one may fail; by default data nodes do their work."""
    (made,) = resources(synthesized(opensearch_nodes=2, opensearch_masters="m7g.large.search"), DOMAIN).values()
    cluster = made["ClusterConfig"]
    assert cluster["DedicatedMasterEnabled"] is True
    assert (cluster["DedicatedMasterCount"], cluster["DedicatedMasterType"]) == (3, "m7g.large.search")
    (made,) = resources(synthesized(), DOMAIN).values()
    assert made["ClusterConfig"].get("DedicatedMasterEnabled") is not True


def test_layout() -> None:
    """What new indexes are made with reaches the functions that make them, and by the outputs the rebuild."""
    chosen = Configuration(
        opensearch_shards=10,
        opensearch_partition=3,
        opensearch_vectors="disk",
        opensearch_endpoint="https://search-x.eu-central-1.es.amazonaws.com",
        opensearch_domain_arn="arn:aws:es:eu-central-1:123456789012:domain/x",
    )
    index = ChunkIndex(Stack(), "ChunkIndex", configuration=chosen, access=None)
    assert {name: value for name, value in index.values.items() if name != "opensearch_endpoint"} == {
        "opensearch_shards": "10",
        "opensearch_partition": "3",
        "opensearch_vectors": "disk",
    }
    with pytest.raises(ValueError, match="below opensearch_shards"):
        Configuration(opensearch_shards=3, opensearch_partition=3)
