"""Records of the log's DynamoDB stream that the projector gave up. Lambda reports their positions; the stream keeps
records for a day.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.client import BaseClient


@dataclass(frozen=True, slots=True)
class Gap:
    """A range of records: the stream's ARN, the shard, and the sequence numbers of the first and the last record."""

    stream: str
    shard: str
    first: str
    last: str


def gap_of(body: str) -> Gap | None:
    """Returns the records that Lambda's message to a failure destination names (Lambda's guide, "Retaining discarded
    batches"), or None for any other message.
    """
    batch = json.loads(body).get("DDBStreamBatchInfo")
    if batch is None:
        return None
    return Gap(batch["streamArn"], batch["shardId"], batch["startSequenceNumber"], batch["endSequenceNumber"])


def streams_in(client: BaseClient, gap: Gap) -> list[str]:
    """Returns the event streams that these records belong to, each once.

    Raises:
        TrimmedDataAccessException: the records are older than a day. The log still has the commits, so
            `vectorlog rebuild` can rebuild the views.
    """
    streams: dict[str, None] = {}
    start = {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": gap.first}
    iterator = client.get_shard_iterator(StreamArn=gap.stream, ShardId=gap.shard, **start)["ShardIterator"]
    while iterator:
        page = client.get_records(ShardIterator=iterator)
        for record in (each["dynamodb"] for each in page["Records"]):
            if int(record["SequenceNumber"]) > int(gap.last):
                return list(streams)
            streams[record["Keys"]["pk"]["S"]] = None
            if record["SequenceNumber"] == gap.last:
                return list(streams)
        iterator = page.get("NextShardIterator")
    return list(streams)
