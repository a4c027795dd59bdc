"""Reads a real DynamoDB stream, shard after shard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_aws.payloads import Json, stream_record

if TYPE_CHECKING:
    from botocore.client import BaseClient


class StreamReader:
    """All records of a stream from its beginning on, each once, in the form of Lambda's events."""

    def __init__(self, client: BaseClient, arn: str) -> None:
        self._client = client
        self._arn = arn
        self._iterators: dict[str, str | None] = {}

    def read(self) -> list[Json]:
        """What was written since the last read; an iterator's answer is at most 1 MB or 1,000 records."""
        found: list[Json] = []
        for shard in self._shards():
            while iterator := self._iterators[shard]:
                answer = self._client.get_records(ShardIterator=iterator)
                found += (stream_record(record, self._arn) for record in answer["Records"])
                self._iterators[shard] = answer.get("NextShardIterator")  # none: the shard is closed and read to its end
                if not answer["Records"]:
                    break
        return found

    def _shards(self) -> list[str]:
        """Open shards. New ones are looked for only where one has ended, since a parent is read before its children."""
        if not self._iterators or None in self._iterators.values():
            stream = self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]
            for shard in stream["Shards"]:
                if shard["ShardId"] not in self._iterators:
                    self._iterators[shard["ShardId"]] = self._client.get_shard_iterator(
                        StreamArn=self._arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
                    )["ShardIterator"]
        return [shard for shard, iterator in self._iterators.items() if iterator]
