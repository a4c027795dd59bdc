"""The chunk index in a collection of OpenSearch Serverless, which costs its storage only while nobody uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from aws_cdk import Aws, Fn, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_opensearchserverless as serverless
from aws_cdk import aws_opensearchservice as opensearch
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.chunk_index import HTTPS
from infra.configuration import Configuration
from infra.retention import removal_policy
from vectorlog.index.opensearch.roles import COLLECTION_RIGHTS, PATTERN, CollectionRights


class IndexCollection(Construct):
    """A collection of the generation NextGen, in a group of its own whose capacity may fall to zero. Only roles that
    are granted rights here reach it.

    Two things guard it. IAM allows a role to call the collection at all; a data access policy says what it may do, with
    our indexes only.

    Its name is made of the stack's id, so that a stack that is destroyed and made again does not meet the collection
    that it has left behind.

    Args:
        scope: parent construct.
        id: name below the parent.
        configuration: of the stack.
        vpc: network from which alone it can be reached; None gives it a public address, guarded by signatures.

    Attributes:
        endpoint: an https:// address.
        collection: its name.
        domain: None; see ChunkIndex.
    """

    domain: opensearch.IDomain | None = None

    def __init__(self, scope: Construct, id: str, *, configuration: Configuration, vpc: ec2.IVpc | None) -> None:
        super().__init__(scope, id)
        self._holders: dict[str, list[str]] = {}
        self._guard: ec2.SecurityGroup | None = None
        stack_id = Fn.select(0, Fn.split("-", Fn.select(2, Fn.split("/", Aws.STACK_ID))))
        name = f"vectorlog-{stack_id}"
        self.collection: str | None = name
        described = f"Vectorlog {configuration.stage}"
        encryption = self._policy("encryption", self._rule("collection") | {"AWSOwnedKey": True})
        network = self._policy("network", [self._rule("collection") | self._reached_from(vpc)])
        limit = configuration.index_ocus
        group = serverless.CfnCollectionGroup(
            self,
            "Group",
            name=name,
            description=described,
            generation="NEXTGEN",
            standby_replicas="ENABLED",
            capacity_limits=serverless.CfnCollectionGroup.CapacityLimitsProperty(
                min_indexing_capacity_in_ocu=0,
                min_search_capacity_in_ocu=0,
                max_indexing_capacity_in_ocu=limit,
                max_search_capacity_in_ocu=limit,
            ),
        )
        self._made = serverless.CfnCollection(
            self,
            "Collection",
            name=name,
            description=described,
            type="VECTORSEARCH",
            standby_replicas="ENABLED",
            collection_group_name=name,
        )
        for needed in (group, encryption, network):
            self._made.add_dependency(needed)
        for kept in (group, encryption, network, self._made):
            kept.apply_removal_policy(removal_policy(configuration))
        self.endpoint = self._made.attr_collection_endpoint
        if configuration.operator_role_arn:
            self._access("operate", [configuration.operator_role_arn])

    @property
    def values(self) -> dict[str, str]:
        """Values by field of `Environment`."""
        return {"opensearch_endpoint": self.endpoint, "opensearch_form": "collection"}

    def grant_waking(self, function: lambda_.Function, queue: sqs.IQueue) -> None:
        """Lets a function have the collection woken, by a message to this queue."""
        function.add_to_role_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue_arn]))

    def grant_search(self, function: lambda_.IFunction) -> None:
        """Lets a function search."""
        self._grant("search", function)

    def grant_write(self, function: lambda_.IFunction) -> None:
        """Lets a function create indexes, write and delete."""
        self._grant("write", function)

    def _grant(self, right: str, function: lambda_.IFunction) -> None:
        role = cast("iam.IRole", function.role)
        function.add_to_role_policy(iam.PolicyStatement(actions=["aoss:APIAccessAll"], resources=[self._made.attr_arn]))
        self._access(right, [role.role_arn])
        if self._guard is not None and function.is_bound_to_vpc:
            self._guard.connections.allow_from(function, HTTPS)

    def _access(self, right: str, holders: Sequence[str]) -> None:
        """Adds principals to the data access policy of a right."""
        id = f"{right.capitalize()}Access"
        known = cast("serverless.CfnAccessPolicy | None", self.node.try_find_child(id))
        self._holders.setdefault(right, []).extend(holders)
        rights = COLLECTION_RIGHTS[right]
        document = Stack.of(self).to_json_string([{"Rules": self._rules(rights), "Principal": self._holders[right]}])
        if known is not None:
            known.policy = document
            return
        serverless.CfnAccessPolicy(self, id, name=f"{self.collection}-{right}", type="data", policy=document)

    def _rules(self, rights: CollectionRights) -> list[Mapping[str, object]]:
        indexes: Mapping[str, object] = {
            "ResourceType": "index",
            "Resource": [f"index/{self.collection}/{PATTERN}"],
            "Permission": list(rights.indexes),
        }
        collection: Mapping[str, object] = {
            "ResourceType": "collection",
            "Resource": [f"collection/{self.collection}"],
            "Permission": list(rights.collection),
        }
        return [indexes, collection] if rights.collection else [indexes]

    def _policy(self, kind: str, document: object) -> serverless.CfnSecurityPolicy:
        text = Stack.of(self).to_json_string(document)
        name = f"{self.collection}-{kind[:3]}"
        return serverless.CfnSecurityPolicy(self, kind.capitalize(), name=name, type=kind, policy=text)

    def _rule(self, kind: str) -> dict[str, object]:
        return {"Rules": [{"ResourceType": kind, "Resource": [f"collection/{self.collection}"]}]}

    def _reached_from(self, vpc: ec2.IVpc | None) -> dict[str, object]:
        if vpc is None:
            return {"AllowFromPublic": True}
        self._guard = group = ec2.SecurityGroup(self, "SecurityGroup", vpc=vpc, allow_all_outbound=False)
        endpoint = serverless.CfnVpcEndpoint(
            self,
            "Endpoint",
            name=self.collection,
            vpc_id=vpc.vpc_id,
            subnet_ids=vpc.select_subnets().subnet_ids,
            security_group_ids=[group.security_group_id],
        )
        return {"AllowFromPublic": False, "SourceVPCEs": [endpoint.attr_id]}
