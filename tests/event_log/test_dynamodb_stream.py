"""Records of the log's stream that were given up are found again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from vectorlog.event_log.dynamodb_stream import Gap, gap_of, streams_in

GAP = Gap(
    "arn:aws:dynamodb:eu-central-1:123456789012:table/events/stream/2026-11-01T00:00:00.000", "shardId-1", "100", "300"
)


class Shard:
    """GetShardIterator and GetRecords on the records of a shard, with this many per page."""

    def __init__(self, records: Sequence[tuple[str, str]], page: int) -> None:
        self._records = [
            {"dynamodb": {"SequenceNumber": number, "Keys": {"pk": {"S": stream}, "sk": {"N": "0"}}}}
            for number, stream in records
        ]
        self._page = page

    def get_shard_iterator(self, **asked: Any) -> dict[str, Any]:
        assert asked == {
            "StreamArn": GAP.stream,
            "ShardId": GAP.shard,
            "ShardIteratorType": "AT_SEQUENCE_NUMBER",
            "SequenceNumber": GAP.first,
        }
        numbers = [int(each["dynamodb"]["SequenceNumber"]) for each in self._records]  # type: ignore[call-overload]
        return {"ShardIterator": str(numbers.index(int(GAP.first)))}

    def get_records(self, *, ShardIterator: str) -> dict[str, Any]:
        start = int(ShardIterator)
        return {"Records": self._records[start : start + self._page], "NextShardIterator": str(start + self._page)}


def test_message() -> None:
    """Lambda's message to a failure destination is distinguished from a work message."""
    batch = {
        "shardId": GAP.shard,
        "startSequenceNumber": GAP.first,
        "endSequenceNumber": GAP.last,
        "batchSize": 3,
        "streamArn": GAP.stream,
    }
    assert (
        gap_of(json.dumps({"requestContext": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": batch}))
        == GAP
    )
    assert gap_of('{"type":"Forget","data":{"file":"file-1"}}') is None


def test_every_stream_once() -> None:
    """Every stream with a record in the range is named once, whatever the pages; those before and after are left
    out.
    """
    records = [("9", "vs_0"), ("100", "vs_1"), ("101", "vs_2"), ("200", "vs_1"), ("300", "vs_3"), ("301", "vs_4")]
    for page in (1, 2, 10):
        assert streams_in(Shard(records, page), GAP) == ["vs_1", "vs_2", "vs_3"]
