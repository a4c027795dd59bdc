"""Ingests files: text, chunks, vectors, index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from handlers.observed import logger, metrics, tracer
from vectorlog.runtime.aws import ingest

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

SPARE_MS = 60_000
"""A file that is not done when so little time is left goes on in another invocation."""


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Ingests the batch's files together; where that fails, all of them come again."""
    ingest().batch(event["Records"], lambda: context.get_remaining_time_in_millis() > SPARE_MS)
    metrics.add_metric("Files", MetricUnit.Count, len(event["Records"]))
    return {"batchItemFailures": []}
