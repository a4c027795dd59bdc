"""What a stack tells of itself."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import CfnOutput, Stack

from infra.api import Api
from infra.first_key import FirstKey
from vectorlog.runtime.aws import stack as found_by


def outputs(stack: Stack, deployment: Mapping[str, str], api: Api, first_key: FirstKey) -> None:
    """The API's address, and each field of `Environment`, which `vectorlog … --stage` reads from here."""
    for field, value in deployment.items():
        if value:
            CfnOutput(stack, found_by.output(field), value=value)
    CfnOutput(
        stack,
        "Url",
        value=api.url,
        description="Base URL: with /v1 at its end for OpenAI's client, as it is for MKA1's",
    )
    CfnOutput(
        stack,
        "FirstKeySecret",
        value=first_key.secret_arn,
        description="The secret that holds the first API key",
    )
    CfnOutput(stack, "ReadFirstKey", value=first_key.read)
