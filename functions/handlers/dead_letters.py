"""Handles what failed too often: fails the file, sends any other work again with a delay, and replays the records of
the log's stream that were given up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from handlers.observed import logger
from vectorlog.event_log.dynamodb_stream import gap_of
from vectorlog.runtime.aws.tracing import traced
from vectorlog.runtime.aws.workers import give_up, recover
from vectorlog.work.messages import decode

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
@traced
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handles each dead letter of a batch."""
    return dict(process_partial_response(event, _handle, processor, context))


def _handle(record: SQSRecord) -> None:
    logger.error("a message failed too often", extra={"body": record.body})
    try:
        gap = gap_of(record.body)
        if gap is None:
            give_up(decode(record.body))
        else:
            recover(gap)
    except Exception:
        logger.exception("a dead letter could not be handled; it will be delivered again")
        raise
