"""When the stack is made: makes an API key of project `default`, and puts it into the stack's secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from handlers.observed import logger, tracer
from vectorlog.api.auth import DEFAULT_PROJECT
from vectorlog.runtime.aws import clients, custom_resource, keys, secrets, wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

NAME = "first"


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Takes the property `Secret`, an ARN."""
    custom_resource.answer(event, context, _make)


def _make(properties: Mapping[str, Any]) -> None:
    """A secret that holds something is left as it is: CloudFormation repeats a request whose answer it missed, and
    updates come by here.
    """
    client, secret = clients.secrets_manager(), properties["Secret"]
    if not secrets.is_empty(client, secret):
        return
    view, _ = keys.create(wiring.deployment(), client, secret, DEFAULT_PROJECT, NAME)
    logger.info("the first key was made", extra={"key": view.id})
