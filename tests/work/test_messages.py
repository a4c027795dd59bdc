"""Work messages as JSON: compatibility with messages already in queues, and the originating request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vectorlog.domain.store_file import Retired
from vectorlog.work.messages import (
    CancelBatch,
    Collect,
    Erase,
    FanOut,
    Forget,
    Ingest,
    Message,
    OpenBatch,
    Purge,
    PurgePoint,
    PurgeStore,
    Replay,
    Retag,
    Scrub,
    Wake,
    decode,
    encode,
    outgoing,
)
from vectorlog.work.queue import project_of

EVERY: list[Message] = [
    Ingest("vs_1", "file-1", 2, next=128, crashes=1, refusals=3),
    Ingest("vs_1", "file-1", 2, slow=True),
    OpenBatch("vs_1"),
    FanOut("vs_1", "vsfb_1", 100),
    CancelBatch("vs_1", "vsfb_1"),
    Purge("vs_1", "file-1", (Retired(1, 7),)),
    PurgeStore("vs_1", again=False),
    PurgeStore("vs_1", point=PurgePoint("files", 1, "F#0001#file-1")),
    Retag("vs_1", "file-1", 2),
    Forget("file-1"),
    Replay("vs_1/file-1"),
    Collect("files/file-1/0"),
    Purge("vs_1", "file-1", (Retired(1, 7),), erased=True),
    Erase("vs_1", 7, "past", "F#file-1", again=False),
    Scrub("vs_1"),
    Wake(),
]


@pytest.mark.parametrize("message", EVERY, ids=lambda each: type(each).__name__)
def test_request(message: Message) -> None:
    """Every message carries the id of the request that began it, and its project."""
    begun = replace(message, request="req_1", project="acme")
    assert decode(encode(begun)) == begun
    assert decode(encode(message)) == message


def test_before_requests() -> None:
    """A message that an older version put into a queue is done by this one."""
    text = '{"type":"Ingest","data":{"store":"vs_1","file":"file-1","generation":1,"next":0,"crashes":0,"refusals":0}}'
    assert decode(text) == Ingest("vs_1", "file-1", 1)


def test_without_request() -> None:
    """A message without an originating request keeps its old form, so that an older version can read it."""
    assert encode(FanOut("vs_1", "vsfb_1")) == '{"type":"FanOut","data":{"store":"vs_1","batch":"vsfb_1","cursor":0}}'


def test_group() -> None:
    """A message is in the group of its project and store, so that queues are fair to both; SQS takes the project."""
    found = outgoing(FanOut("vs_1", "vsfb_1", project="a/b"), "vs_1")
    assert (found.group, project_of(found.group)) == ("a/b/vs_1", "a/b")
    assert outgoing(FanOut("vs_1", "vsfb_1"), "vs_1").group == project_of("vs_1") == "vs_1"
