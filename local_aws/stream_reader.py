"""Reads a real DynamoDB stream, shard after shard."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from local_aws.payloads import Json, stream_record

if TYPE_CHECKING:
    from botocore.client import BaseClient

log = logging.getLogger(__name__)


class StreamReader:
    """All records of a stream from its beginning on, each once, in the form of Lambda's events.

    If the server no longer accepts an iterator, a new one starts after the last record that was read.
    """

    def __init__(self, client: BaseClient, arn: str) -> None:
        self._client = client
        self._arn = arn
        self._iterators: dict[str, str | None] = {}
        self._last: dict[str, str] = {}

    def read(self) -> list[Json]:
        """Reads what was written since the last read; one answer of an iterator is at most 1 MB or 1,000 records."""
        found: list[Json] = []
        for shard in self._shards():
            try:
                self._read(shard, found)
            except ClientError as error:
                log.warning("the stream's iterator is renewed: %s", error)
                self._iterators[shard] = self._iterator(shard)
        return found

    def _read(self, shard: str, found: list[Json]) -> None:
        while iterator := self._iterators[shard]:
            answer = self._client.get_records(ShardIterator=iterator)
            for record in answer["Records"]:
                found.append(stream_record(record, self._arn))
                self._last[shard] = record["dynamodb"]["SequenceNumber"]
            self._iterators[shard] = answer.get(
                "NextShardIterator"
            )  # no iterator: the shard is closed and read to its end
            if not answer["Records"]:
                break

    def _iterator(self, shard: str) -> str:
        where = {"ShardIteratorType": "TRIM_HORIZON"}
        if shard in self._last:
            where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self._last[shard]}
        made: str = self._client.get_shard_iterator(StreamArn=self._arn, ShardId=shard, **where)["ShardIterator"]
        return made

    def _shards(self) -> list[str]:
        """Finds open shards. New ones are only looked for after one has ended, because a parent is read before its
        children.
        """
        if not self._iterators or None in self._iterators.values():
            stream = self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]
            for shard in stream["Shards"]:
                if shard["ShardId"] not in self._iterators:
                    self._iterators[shard["ShardId"]] = self._iterator(shard["ShardId"])
        return [shard for shard, iterator in self._iterators.items() if iterator]
