"""Sends what others are told: to webhook endpoints, and to the event bus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from handlers.observed import logger
from vectorlog.runtime.aws.tracing import traced
from vectorlog.runtime.aws.workers import deliver

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
@traced
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Sends the events of each lane that the messages name."""
    return dict(process_partial_response(event, _deliver, processor, context))


def _deliver(record: SQSRecord) -> None:
    deliver(record.raw_event)
