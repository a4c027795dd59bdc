"""The event log in DynamoDB: an item per commit, never updated. The table's stream is its feed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, Any

from vectorlog.event_log.event_log import COMMIT_BYTES, Commit, CommitTooLarge

if TYPE_CHECKING:
    from botocore.client import BaseClient

Item = Mapping[str, Mapping[str, Any]]
"""Attributes as DynamoDB writes them: `{"pk": {"S": "vs_1"}, "sk": {"N": "0"}, …}`."""


class DynamoDBEventLog:
    """Implements EventLog. Commits of several streams are put at the same time, those of one stream one after another.

    Args:
        client: from `aws_clients`.
        table: as `aws_tables.events` defines it.
        threads: calls that are made at once; 21 read the streams of a usual page, and whether there is more.
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
        wanted = list(dict.fromkeys(streams))
        found = self._pool.map(self.load, wanted) if len(wanted) > 1 else map(self.load, wanted)
        return {commit.stream: commit for commit in found if commit is not None}

    def read(self, stream: str, start: int = 0, limit: int = 1000) -> list[Commit]:
        """See EventLog."""
        request = self._stream(stream, start)
        found: list[Commit] = []
        while len(found) < limit:
            answer = self._client.query(**request, Limit=limit - len(found))
            found += map(commit_of, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                break
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return found

    def append(self, commits: Sequence[Commit]) -> list[Commit]:
        """See EventLog. botocore repeats a put whose answer was lost; the commit that blocks the repeat is then our
        own.
        """
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
        standing = dict(chain.from_iterable(put))
        return [standing[commit] for commit in commits]

    def scan(self) -> Iterator[Commit]:
        """See EventLog."""
        for page in self._client.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True):
            yield from map(commit_of, page["Items"])

    def close(self) -> None:
        """Ends the threads; whoever made the client closes it."""
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
    """The item that keeps a commit."""
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
    """The commit that an item, or the new image of a stream's record, keeps."""
    return Commit(
        stream=item["pk"]["S"],
        version=int(item["sk"]["N"]),
        id=item["id"]["S"],
        events=item["events"]["S"],
        state=item["state"]["S"],
        at=int(item["at"]["N"]),
        meta=item["meta"]["S"],
    )
