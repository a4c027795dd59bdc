"""Processes work messages: fan-out, cancel, purge, re-tag and replay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from handlers.observed import logger
from vectorlog.runtime.aws.tracing import traced
from vectorlog.runtime.aws.workers import work

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
@traced
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Processes each message of a batch. A failed message is delivered again, with a longer delay each time."""
    return dict(process_partial_response(event, _work, processor, context))


def _work(record: SQSRecord) -> None:
    work(record.raw_event)
