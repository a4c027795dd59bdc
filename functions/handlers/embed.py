"""Ingests files: extracts text, splits it into chunks, embeds them and adds them to the index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handlers.observed import logger
from vectorlog.runtime.aws import trail
from vectorlog.runtime.aws.tracing import traced
from vectorlog.runtime.aws.wiring import environment
from vectorlog.runtime.aws.workers import ingest

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

SPARE_MS = 60_000
"""When less time than this is left, unfinished files are left to another invocation."""
SPARE_WITH_COLLECTION_MS = 180_000
"""The same with a collection, which shows what was written to it after a minute or two."""


@logger.inject_lambda_context(clear_state=True)
@traced
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Ingests a batch's files together, or one by one if that fails. Returns the messages to deliver again. All lines
    name the requests that caused them.
    """
    records = event["Records"]
    requests = {request for each in records if (request := trail.about(each["body"]).get("request_id"))}
    logger.append_keys(requests=sorted(requests))  # one call of a model embeds the files of all
    spare = SPARE_WITH_COLLECTION_MS if environment().opensearch_form == "collection" else SPARE_MS
    failed = ingest(records, lambda: context.get_remaining_time_in_millis() > spare)
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}
