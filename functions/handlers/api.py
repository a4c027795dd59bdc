"""Serves every route except search and MCP, behind API Gateway. It never imports OpenSearch's client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handlers.observed import logger
from vectorlog.runtime.aws.api import answer
from vectorlog.runtime.aws.tracing import traced
from vectorlog.runtime.aws.trail import request_id

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger.inject_lambda_context(clear_state=True)
@traced
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers one request. Its log lines have the request's id in the access log and the id that the client sees."""
    logger.append_keys(correlation_id=event["requestContext"]["requestId"], request_id=request_id(event))
    return answer(event, context)
