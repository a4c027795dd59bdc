"""What failed too often: a file is settled as failed, other work is sent again, slowly, and of the log's stream what
was passed over is read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from handlers.observed import logger, tracer
from vectorlog.event_log.dynamodb_stream import gap_of
from vectorlog.runtime.aws.wiring import recover, settle
from vectorlog.work.messages import decode

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Settles each message."""
    return dict(process_partial_response(event, _settle, processor, context))


def _settle(record: SQSRecord) -> None:
    logger.error("a message failed too often", extra={"body": record.body})
    try:
        gap = gap_of(record.body)
        if gap is None:
            settle(decode(record.body))
        else:
            recover(gap)
    except Exception:
        logger.exception("it could not be settled; it comes again")
        raise
