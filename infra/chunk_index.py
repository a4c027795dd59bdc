"""The chunk index: a new OpenSearch domain or an existing one, and the rights in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias, cast

from aws_cdk import Aws, CfnResource, CustomResource, Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.configuration import Configuration
from infra.index_domain import IndexDomain
from vectorlog.index.opensearch.roles import REQUESTS, ROLES

Requests: TypeAlias = Sequence[tuple[str, str]]
"""Methods and paths."""

HTTPS = ec2.Port.tcp(443)
MASTER_REQUESTS = (("PUT", "_plugins/_security/api/roles/*"), ("PUT", "_plugins/_security/api/rolesmapping/*"))
_HERE = f"arn:{Aws.PARTITION}:es:{Aws.REGION}:{Aws.ACCOUNT_ID}:domain/*"
"""In a domain's own policy, this means that domain: it has no name yet when its policy is written, and the policy
applies to no other.
"""
SERVICE_TIMEOUT = Duration.minutes(6)
"""How long CloudFormation waits for the function, which ends after five minutes; its default is an hour."""


class ChunkIndex(Construct):
    """An OpenSearch domain, unless the configuration names one. Only functions that are granted rights here reach it.

    Two things guard it. IAM allows a role the requests that it needs, by method and path. Fine-grained access limits
    the role to our indexes, which paths cannot do: `_bulk` and `_msearch` name indexes in the body. Only the role of
    `access` may change fine-grained access.

    On a domain that the configuration names, rights are granted by IAM only; its owner must admit our roles to its
    fine-grained access.

    Args:
        scope: parent construct.
        id: name below the parent.
        configuration: of the stack.
        access: the function `index_access`; not needed if the configuration names a domain.
        vpc: network of the domain; None gives it a public address, guarded by IAM.

    Raises:
        ValueError: a domain is to be created, and `access` is missing.

    Attributes:
        endpoint: an https:// address.
        domain: None where the configuration names one.
        collection: None; see IndexCollection.
    """

    collection: str | None = None

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        configuration: Configuration,
        access: lambda_.IFunction | None,
        vpc: ec2.IVpc | None = None,
    ) -> None:
        super().__init__(scope, id)
        self.endpoint, self._arn = configuration.opensearch_endpoint, configuration.opensearch_domain_arn
        self._layout = {
            "opensearch_shards": str(configuration.opensearch_shards),
            "opensearch_partition": str(configuration.opensearch_partition),
            "opensearch_vectors": configuration.opensearch_vectors,
        }
        self.domain = None
        if self.endpoint:
            return
        if access is None:
            raise ValueError("a domain of our own needs the function index_access")
        made = IndexDomain(self, "Domain", configuration=configuration, master=_role(access), vpc=vpc)
        self.domain, self._allowed = made.domain, made.allowed
        self.endpoint, self._arn = f"https://{self.domain.domain_endpoint}", self.domain.domain_arn
        self._holders: dict[str, list[str]] = {name: [] for name in ROLES}
        self._roles = CustomResource(
            self,
            "Roles",
            resource_type="Custom::IndexAccess",
            service_token=access.function_arn,
            service_timeout=SERVICE_TIMEOUT,
            properties={
                "Endpoint": self.endpoint,
                "Roles": {f"vectorlog_{name}": {"Permissions": role, "Holders": []} for name, role in ROLES.items()},
            },
        )
        self._allow(access, MASTER_REQUESTS)
        if configuration.operator_role_arn:
            operator = iam.ArnPrincipal(configuration.operator_role_arn)
            self._allowed.add_statements(
                iam.PolicyStatement(actions=["es:ESHttp*"], resources=[f"{_HERE}/*"], principals=[operator])
            )
            self._map_role("operate", configuration.operator_role_arn)

    @property
    def values(self) -> dict[str, str]:
        """Values by field of `Environment`."""
        return {"opensearch_endpoint": self.endpoint, **self._layout}

    def grant_waking(self, function: lambda_.Function, queue: sqs.IQueue) -> None:
        """Nothing has to be woken."""

    def grant_search(self, function: lambda_.IFunction) -> None:
        """Lets a function search."""
        self._grant("search", function)

    def grant_write(self, function: lambda_.IFunction) -> None:
        """Lets a function create indexes, write and delete."""
        self._grant("write", function)

    def _grant(self, name: str, function: lambda_.IFunction) -> None:
        self._allow(function, REQUESTS[name])
        self._map_role(name, _role(function).role_arn)

    def _allow(self, function: lambda_.IFunction, requests: Requests) -> None:
        """Grants requests by IAM and by the domain's own policy."""
        for statement in _statements(self._arn, requests):
            function.add_to_role_policy(statement)
        if self.domain is None:
            return
        self._allowed.add_statements(*_statements(_HERE, requests, _role(function)))
        if function.is_bound_to_vpc:
            self.domain.connections.allow_from(function, HTTPS)

    def _map_role(self, name: str, arn: str) -> None:
        """Maps a role in fine-grained access."""
        if self.domain is None:
            return
        self._holders[name].append(arn)
        roles = cast("CfnResource", self._roles.node.default_child)
        roles.add_property_override(f"Roles.vectorlog_{name}.Holders", self._holders[name])


def _role(function: lambda_.IFunction) -> iam.IRole:
    return cast("iam.IRole", function.role)


def _statements(domain: str, requests: Requests, *principals: iam.IPrincipal) -> Iterator[iam.PolicyStatement]:
    for method in dict.fromkeys(method for method, _ in requests):
        paths = [path for each, path in requests if each == method]
        yield iam.PolicyStatement(
            actions=[f"es:ESHttp{method.capitalize()}"],
            resources=[f"{domain}/{path}" for path in paths],
            principals=list(principals) or None,
        )
