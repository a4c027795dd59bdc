"""Which resources outlive the stack, and how long logs are kept."""

from __future__ import annotations

from typing import cast

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.configuration import Configuration


def removal_policy(configuration: Configuration) -> RemovalPolicy:
    """The policy of resources that hold data, and of those that they depend on: a destroy retains them unless the
    configuration says otherwise.

    A first deploy that fails removes them: they are empty, and every further attempt would leave a domain behind that
    costs money.
    """
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if configuration.keeps else RemovalPolicy.DESTROY


def log_group(scope: Construct, id: str, *, configuration: Configuration, name: str | None = None) -> logs.LogGroup:
    """A log group. It is deleted with the stack, whatever the removal policy: a group that was left behind would make
    the next deploy fail.
    """
    made = logs.LogGroup(scope, id, log_group_name=name, removal_policy=RemovalPolicy.DESTROY)
    cast("logs.CfnLogGroup", made.node.default_child).retention_in_days = configuration.log_retention_days
    return made
