"""What outlives the stack."""

from __future__ import annotations

from aws_cdk import RemovalPolicy

from infra.configuration import Configuration


def kept(configuration: Configuration) -> RemovalPolicy:
    """For what holds data, and for what that cannot be without: a destroy leaves it, unless the configuration says otherwise.

    A first deploy that fails takes it back: it is empty then, and nobody looks for the domain that each further try would leave behind.
    """
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if configuration.keeps else RemovalPolicy.DESTROY
