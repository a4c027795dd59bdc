"""The event log in DynamoDB: one item per commit, never updated. The table's stream is the feed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, Any

from vectorlog.event_log.event_log import COMMIT_BYTES, Commit, CommitTooLarge

if TYPE_CHECKING:
    from botocore.client import BaseClient

ERASED_AT_ONCE = 100
"""How many commits of a stream are read at a time to be deleted."""

Item = Mapping[str, Mapping[str, Any]]
"""Attributes in DynamoDB's JSON: `{"pk": {"S": "vs_1"}, "sk": {"N": "0"}, …}`."""


class DynamoDBEventLog:
    """Implements EventLog. Commits of different streams are put in parallel, those of one stream one after the other.

    Args:
        client: a DynamoDB client.
        table: name of the table.
        threads: calls that are made in parallel; a default page of 20 and the check for more read 21 streams.
    """

    def __init__(self, client: BaseClient, table: str, *, threads: int = 24) -> None:
        self._client = client
        self._table = table
        self._pool = ThreadPoolExecutor(threads, "event-log")

    def load(self, stream: str) -> Commit | None:
        """See EventLog."""
        newest = self._client.query(**self._stream(stream), ScanIndexForward=False, Limit=1)["Items"]
        return commit_of(newest[0]) if newest else None

    def load_many(self, streams: Sequence[str]) -> dict[str, Commit]:
        """See EventLog."""
        distinct = list(dict.fromkeys(streams))
        newest = self._pool.map(self.load, distinct) if len(distinct) > 1 else map(self.load, distinct)
        return {commit.stream: commit for commit in newest if commit is not None}

    def read(self, stream: str, start: int = 0, limit: int = 1000) -> list[Commit]:
        """See EventLog."""
        request = self._stream(stream, start)
        commits: list[Commit] = []
        while len(commits) < limit:
            page = self._client.query(**request, Limit=limit - len(commits))
            commits += map(commit_of, page["Items"])
            if "LastEvaluatedKey" not in page:
                break
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        return commits

    def append(self, commits: Sequence[Commit]) -> list[Commit]:
        """See EventLog. botocore repeats a put whose response was lost; our own commit then blocks the repeat."""
        for commit in commits:
            if commit.size > COMMIT_BYTES:
                raise CommitTooLarge(
                    f"commit {commit.version} of {commit.stream} has {commit.size} bytes; {COMMIT_BYTES} fit"
                )
        streams: dict[str, list[Commit]] = defaultdict(list)
        for commit in sorted(commits, key=lambda each: each.version):
            streams[commit.stream].append(commit)
        put = (
            self._pool.map(self._put_all, streams.values())
            if len(streams) > 1
            else map(self._put_all, streams.values())
        )
        stored = dict(chain.from_iterable(put))
        return [stored[commit] for commit in commits]

    def erase(self, remains: Commit) -> None:
        """See EventLog. Only one function has the right to delete items (`infra/stack.py`)."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item_of(remains),
                ConditionExpression="id = :id",
                ExpressionAttributeValues={":id": {"S": remains.id}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            raise ValueError(f"{remains.stream} has no commit {remains.version} with the id {remains.id}") from None
        while older := [
            each for each in self.read(remains.stream, 0, ERASED_AT_ONCE) if each.version < remains.version
        ]:
            for commit in older:
                key = {"pk": {"S": commit.stream}, "sk": {"N": str(commit.version)}}
                self._client.delete_item(TableName=self._table, Key=key)

    def scan(self, section: int = 0, of: int = 1) -> Iterator[Commit]:
        """See EventLog. DynamoDB divides the table by the hash of the stream; commits of one stream come together."""
        request = {"TableName": self._table, "ConsistentRead": True, "Segment": section, "TotalSegments": of}
        for page in self._client.get_paginator("scan").paginate(**request):
            yield from map(commit_of, page["Items"])

    def close(self) -> None:
        """Ends the threads. The client stays open; its creator closes it."""
        self._pool.shutdown()

    def _stream(self, stream: str, start: int = 0) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "pk = :stream AND sk >= :start",
            "ExpressionAttributeValues": {":stream": {"S": stream}, ":start": {"N": str(start)}},
        }

    def _put_all(self, commits: Sequence[Commit]) -> list[tuple[Commit, Commit]]:
        return [(commit, self._put(commit)) for commit in commits]

    def _put(self, commit: Commit) -> Commit:
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item_of(commit),
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as blocked:
            return commit_of(blocked.response["Item"])
        return commit


def item_of(commit: Commit) -> Item:
    """Returns the item that stores a commit."""
    return {
        "pk": {"S": commit.stream},
        "sk": {"N": str(commit.version)},
        "id": {"S": commit.id},
        "events": {"S": commit.events},
        "state": {"S": commit.state},
        "at": {"N": str(commit.at)},
        "meta": {"S": commit.meta},
    }


def commit_of(item: Item) -> Commit:
    """Returns the commit that is stored in an item, or in the new image of a DynamoDB stream record."""
    return Commit(
        stream=item["pk"]["S"],
        version=int(item["sk"]["N"]),
        id=item["id"]["S"],
        events=item["events"]["S"],
        state=item["state"]["S"],
        at=int(item["at"]["N"]),
        meta=item["meta"]["S"],
    )
