"""A custom resource that creates the first API key and stores it in the stack's secret.

The key opens project `default` and administers every project, so that a deployment needs no shell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from handlers.observed import logger
from vectorlog.api.auth import DEFAULT_PROJECT
from vectorlog.runtime.aws import clients, custom_resource, keys, secrets, wiring
from vectorlog.runtime.aws.tracing import traced
from vectorlog.use_cases import api_keys

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

NAME = "first"


@logger.inject_lambda_context(clear_state=True)
@traced
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Creates the key. The resource's property `Secret` is the secret's ARN."""
    custom_resource.answer(event, context, _make)


def _make(properties: Mapping[str, Any]) -> None:
    # A secret that already has a text is left unchanged, because this also runs for updates, and again if
    # CloudFormation missed the response.
    client, secret = clients.secrets_manager(), properties["Secret"]
    if not secrets.is_empty(client, secret):
        return
    deployment = wiring.deployment()
    view, _ = keys.create(
        deployment,
        client,
        secret,
        lambda: api_keys.create(deployment, DEFAULT_PROJECT, NAME, "admin", all_projects=True),
    )
    logger.info("the first key was created", extra={"key": view.id})
