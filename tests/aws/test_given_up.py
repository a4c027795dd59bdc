"""Records that the projector gave up are found again on a real stream."""

from __future__ import annotations

import pytest

from local_aws.resources import Resources
from local_aws.servers import Servers
from vectorlog.event_log.dynamodb_stream import Gap, streams_in

pytestmark = pytest.mark.aws


def test_streams_in(servers: Servers, resources: Resources) -> None:
    """Of a range of records in the middle of the stream, exactly their streams are found, each once, in order."""
    dynamodb, streams = servers.client("dynamodb"), servers.client("dynamodbstreams")
    for number, stream in enumerate(("vs_1", "vs_2", "file-3", "vs_2", "vs_4")):
        dynamodb.put_item(TableName=resources.events_table, Item={"pk": {"S": stream}, "sk": {"N": str(number)}})
    (shard,) = streams.describe_stream(StreamArn=resources.stream_arn)["StreamDescription"]["Shards"]
    start = streams.get_shard_iterator(
        StreamArn=resources.stream_arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )
    numbers = [
        each["dynamodb"]["SequenceNumber"]
        for each in streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
    ]
    assert streams_in(streams, Gap(resources.stream_arn, shard["ShardId"], numbers[1], numbers[3])) == [
        "vs_2",
        "file-3",
    ]
    assert streams_in(streams, Gap(resources.stream_arn, shard["ShardId"], numbers[4], numbers[4])) == ["vs_4"]
