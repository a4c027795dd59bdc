"""Records of the log's stream that its consumer gave up. Lambda says where they are; the stream has them for a day."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.client import BaseClient


@dataclass(frozen=True, slots=True)
class Gap:
    """A run of records: the stream's ARN, a shard of it, and the sequence numbers of the first and the last record."""

    stream: str
    shard: str
    first: str
    last: str


def gap_of(body: str) -> Gap | None:
    """What Lambda's message to a failure destination is about (its guide, "Retaining discarded batches"); None of any
    other message.
    """
    batch = json.loads(body).get("DDBStreamBatchInfo")
    if batch is None:
        return None
    return Gap(batch["streamArn"], batch["shardId"], batch["startSequenceNumber"], batch["endSequenceNumber"])


def streams_in(client: BaseClient, gap: Gap) -> list[str]:
    """The streams of the log that these records are of, each once.

    Raises:
        TrimmedDataAccessException: they are older than a day. The log has them still: `vectorlog rebuild` makes the
            views anew.
    """
    found: dict[str, None] = {}
    start = {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": gap.first}
    iterator = client.get_shard_iterator(StreamArn=gap.stream, ShardId=gap.shard, **start)["ShardIterator"]
    while iterator:
        answer = client.get_records(ShardIterator=iterator)
        for record in (each["dynamodb"] for each in answer["Records"]):
            if int(record["SequenceNumber"]) > int(gap.last):
                return list(found)
            found[record["Keys"]["pk"]["S"]] = None
            if record["SequenceNumber"] == gap.last:
                return list(found)
        iterator = answer.get("NextShardIterator")
    return list(found)
