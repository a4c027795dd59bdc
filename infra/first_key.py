"""The first API key, in a secret that is created with the stack."""

from __future__ import annotations

from typing import cast

from aws_cdk import CfnResource, CustomResource, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.configuration import Configuration
from infra.grants import Grants
from infra.retention import removal_policy

SERVICE_TIMEOUT = Duration.minutes(3)
"""How long CloudFormation waits for the function, which ends after a minute; its default is an hour."""


class FirstKey(Construct):
    """A secret whose value one of our functions writes once; no template or output ever holds it.

    Attributes:
        secret_arn: where the key is.
        read: the command that shows it.
    """

    def __init__(
        self, scope: Construct, id: str, *, configuration: Configuration, maker: lambda_.Function, grants: Grants
    ) -> None:
        super().__init__(scope, id)
        secret = secretsmanager.CfnSecret(
            self, "Secret", description=f"Vectorlog {configuration.stage}: the first API key"
        )
        secret.apply_removal_policy(removal_policy(configuration))
        self.secret_arn = secret.ref
        grants.append(maker)
        grants.write_rows(maker)
        allowed = ["secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue"]
        maker.add_to_role_policy(iam.PolicyStatement(actions=allowed, resources=[self.secret_arn]))
        made = CustomResource(
            self,
            "Key",
            resource_type="Custom::FirstKey",
            service_token=maker.function_arn,
            service_timeout=SERVICE_TIMEOUT,
            properties={"Secret": self.secret_arn},
        )
        cast("CfnResource", made.node.default_child).node.add_dependency(maker)  # its rights come after it
        self.read = (
            f"aws secretsmanager get-secret-value --secret-id {self.secret_arn} --query SecretString --output text"
        )
