"""Log groups, all with the configured retention."""

from __future__ import annotations

from typing import cast

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.configuration import Configuration


def log_group(scope: Construct, id: str, *, configuration: Configuration, name: str | None = None) -> logs.LogGroup:
    """It goes with the stack, whatever the removal policy: nobody can deploy a second time over a log group that was left behind."""
    made = logs.LogGroup(scope, id, log_group_name=name, removal_policy=RemovalPolicy.DESTROY)
    cast("logs.CfnLogGroup", made.node.default_child).retention_in_days = configuration.log_retention_days
    return made
