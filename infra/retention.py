"""What outlives the stack, and for how long logs are kept."""

from __future__ import annotations

from typing import cast

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.configuration import Configuration


def removal_policy(configuration: Configuration) -> RemovalPolicy:
    """For what holds data, and for what that cannot be without: a destroy leaves it, unless the configuration says
    otherwise.

    A first deploy that fails takes it back: it is empty then, and nobody looks for the domain that each further try
    would leave behind.
    """
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if configuration.keeps else RemovalPolicy.DESTROY


def log_group(scope: Construct, id: str, *, configuration: Configuration, name: str | None = None) -> logs.LogGroup:
    """It goes with the stack, whatever the removal policy: nobody can deploy a second time over a log group that was
    left behind.
    """
    made = logs.LogGroup(scope, id, log_group_name=name, removal_policy=RemovalPolicy.DESTROY)
    cast("logs.CfnLogGroup", made.node.default_child).retention_in_days = configuration.log_retention_days
    return made
