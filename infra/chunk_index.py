"""The chunk index: an OpenSearch domain, or one that is there already, and who may do what in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias, cast

from aws_cdk import Aws, CfnResource, CustomResource, Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.configuration import Configuration
from infra.index_domain import IndexDomain
from vectorlog.index.opensearch.roles import REQUESTS, ROLES

Requests: TypeAlias = Sequence[tuple[str, str]]
"""Methods and paths."""

HTTPS = ec2.Port.tcp(443)
MASTERS = (("PUT", "_plugins/_security/api/roles/*"), ("PUT", "_plugins/_security/api/rolesmapping/*"))
_HERE = f"arn:{Aws.PARTITION}:es:{Aws.REGION}:{Aws.ACCOUNT_ID}:domain/*"
"""In a domain's own policy: that domain. It has no name yet when its policy is written, and the policy holds for no
other.
"""
ANSWER = Duration.minutes(6)
"""CloudFormation would wait for an hour for a function that lives five minutes."""


class ChunkIndex(Construct):
    """An OpenSearch domain, unless the configuration names one; open to whom something is granted here.

    Two things guard it. IAM lets a role make the requests that it needs, by method and path. Fine-grained access keeps
    it to our indexes, which a path cannot: `_bulk` and `_msearch` name theirs in the body. The role of `access` alone
    may change that.

    A domain that the configuration names is granted by IAM alone; whoever keeps it has to let our roles into its
    fine-grained access.

    Args:
        scope: of it.
        id: of it.
        configuration: of the stack.
        access: the function `index_access`; it is not needed where the configuration names a domain.
        vpc: where the domain is; None: at a public address, behind IAM.

    Raises:
        ValueError: a domain is to be made, and `access` is missing.

    Attributes:
        endpoint: an https:// address.
        domain: None where the configuration names one.
    """

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
            service_timeout=ANSWER,
            properties={
                "Endpoint": self.endpoint,
                "Roles": {f"vectorlog_{name}": {"Permissions": role, "Holders": []} for name, role in ROLES.items()},
            },
        )
        self._let(access, MASTERS)
        if configuration.operator_role_arn:
            operator = iam.ArnPrincipal(configuration.operator_role_arn)
            self._allowed.add_statements(
                iam.PolicyStatement(actions=["es:ESHttp*"], resources=[f"{_HERE}/*"], principals=[operator])
            )
            self._hold("operate", configuration.operator_role_arn)

    def grant_search(self, function: lambda_.IFunction) -> None:
        """Lets a function search."""
        self._grant("search", function)

    def grant_write(self, function: lambda_.IFunction) -> None:
        """Lets a function make indexes, write and delete."""
        self._grant("write", function)

    def _grant(self, name: str, function: lambda_.IFunction) -> None:
        self._let(function, REQUESTS[name])
        self._hold(name, _role(function).role_arn)

    def _let(self, function: lambda_.IFunction, requests: Requests) -> None:
        """By IAM, and by the domain's own policy."""
        for statement in _statements(self._arn, requests):
            function.add_to_role_policy(statement)
        if self.domain is None:
            return
        self._allowed.add_statements(*_statements(_HERE, requests, _role(function)))
        if function.is_bound_to_vpc:
            self.domain.connections.allow_from(function, HTTPS)

    def _hold(self, name: str, arn: str) -> None:
        """In fine-grained access."""
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
