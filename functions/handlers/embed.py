"""Ingests files: text, chunks, vectors, index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handlers.observed import logger, tracer
from vectorlog.runtime.aws.wiring import ingest

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

SPARE_MS = 60_000
"""A file that is not done when so little time is left goes on in another invocation."""


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Ingests the batch's files together, and where that fails one by one; names the messages of those that have to
    come again.
    """
    records = event["Records"]
    failed = ingest(records, lambda: context.get_remaining_time_in_millis() > SPARE_MS)
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}
