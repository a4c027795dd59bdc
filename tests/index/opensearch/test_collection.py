"""How the index in a collection of OpenSearch Serverless waits: for what it wrote to be seen, and for a collection that
sleeps.
"""

from __future__ import annotations

import os
import time
from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from opensearchpy.exceptions import ConnectionTimeout

from local_aws.collection import Sleep, collection
from tests.index.opensearch.scripted import Script
from vectorlog.defaults import GATEWAY_SECONDS
from vectorlog.domain.errors import Unavailable
from vectorlog.domain.vectors import Chunk, Space, Vector
from vectorlog.index.chunk_index import FileChunks, Query
from vectorlog.index.opensearch.appending import SEEN
from vectorlog.index.opensearch.collection import COME_AGAIN_S, FIRST, FOLLOWING, SERVICE, CollectionIndex
from vectorlog.index.opensearch.mapping import Json, Layout, alias
from vectorlog.index.opensearch.requests import connect

SPACE = Space("test:model", 2)
LAYOUT = Layout(prefix="test")
NAME = alias(SPACE, LAYOUT)
X: Vector = array("f", [1, 0])
NOTHING: Json = {"hits": {"hits": []}}
NO_ALIAS = (404, {"error": "alias missing", "status": 404})
SLOW = ConnectionTimeout("TIMEOUT", "slow", None)
CREATED = {"status": 201, "result": "created"}
COUNTS: Json = {"hits": {"hits": []}, "aggregations": {"terms": {"buckets": [{"doc_count": 1}]}}}
SIZE: Json = {"hits": {"total": {"value": 1}, "hits": []}, "aggregations": {"length": {"value": 1.0}}}


class Server(Script):
    def index(self) -> CollectionIndex:
        return CollectionIndex(self.client(), LAYOUT, timing=self.pauses.timing)

    def seen(self) -> Json:
        """What a search finds once it sees the documents of the last bulk request."""
        [bulk] = [each for each in self.requests if each.path == "/_bulk"][-1:]
        hits = [
            {"_index": f"{NAME}-1", "_id": str(place), "_source": content}
            for place, content in enumerate(bulk.lines[1::2])
        ]
        return {"hits": {"hits": hits}}


def file(name: str, *texts: str, revision: int = 0, attributes: Any = None) -> FileChunks:
    chunks = tuple(Chunk(n, text, (X,)) for n, text in enumerate(texts))
    return FileChunks("s", name, 0, "row", revision, attributes or {}, chunks)


def written(*items: Json) -> Json:
    return {"items": [{"index": item} for item in items]}


class TestAdd:
    def test_what_is_sent(self) -> None:
        """Documents have no id, no routing and no version of ours, and no request asks for a refresh."""
        server = Server([NOTHING, written(CREATED)])
        server.answers += [server.seen, NO_ALIAS]
        server.index().add(SPACE, [file("f", "fox")])
        assert server.paths == [
            f"POST /{NAME}/_search",
            "POST /_bulk",
            f"POST /{NAME}/_search",
            f"GET /_alias/{NAME}-next",
        ]
        action, content = server.requests[1].lines
        assert action == {"index": {"_index": NAME}}
        assert (content["store"], content["chunk"], content["revision"]) == ("s", "f:0:0", 1)
        assert server.requests[1].params == {"require_alias": "true"}

    def test_waits_until_it_is_seen(self) -> None:
        """A call returns once a search sees what it wrote, so a completed file is found."""
        server = Server([NOTHING, written(CREATED), NOTHING, NOTHING])
        server.answers += [server.seen, NO_ALIAS]
        server.index().add(SPACE, [file("f", "fox")])
        assert len(server.pauses) == 2
        assert server.answers == []

    def test_is_never_seen(self) -> None:
        """What no search sees is no success; the wait ends before the function does."""
        server = Server([NOTHING, written(CREATED), *[NOTHING] * 100])
        with pytest.raises(Unavailable, match="does not show yet"):
            server.index().add(SPACE, [file("f", "fox")])
        assert 90 < sum(server.pauses) <= SEEN.deadline_s < 180

    def test_only_what_was_refused_is_sent_again(self) -> None:
        """Of a bulk request only the documents that met a busy shard are sent again."""
        busy = {"status": 429, "error": {"type": "rejected_execution_exception", "reason": "queue is full"}}
        server = Server([NOTHING, written(CREATED, busy), written(CREATED), *[NOTHING] * 100])
        with pytest.raises(Unavailable):
            server.index().add(SPACE, [file("f", "fox", "dog")])
        first, second = [each for each in server.requests if each.path == "/_bulk"]
        assert (len(first.lines), len(second.lines)) == (4, 2)
        assert second.lines[1]["chunk"] == "f:0:1"


class TestIncomplete:
    """An answer that a part of the index did not contribute to is asked for again: it would say that there is less."""

    def test_count(self) -> None:
        whole = {"aggregations": {"files": {"buckets": [{"key": {"file": "f", "generation": 1}, "doc_count": 2}]}}}
        server = Server([{"_shards": {"failed": 1}, "aggregations": {"files": {"buckets": []}}}, whole])
        assert server.index().count(SPACE, "s") == {("f", 1): 2}

    def test_remove_store(self) -> None:
        found = {"hits": {"hits": [{"_index": f"{NAME}-1", "_id": "1", "sort": ["a"]}]}}
        deleted = {"items": [{"delete": {"status": 200, "result": "deleted"}}]}
        server = Server([NOTHING | {"timed_out": True}, found, deleted])
        assert not server.index().remove_store(SPACE, "s")
        assert server.answers == []


class TestAsleep:
    @pytest.mark.parametrize("text", ["fox", None])
    def test_search_says_when_to_come_again(self, text: str | None) -> None:
        """A search that meets a sleeping collection waits for a while, and then says why it failed and when to repeat
        it; the client's second attempt comes when the collection is awake.
        """
        server = Server([SLOW])
        with pytest.raises(Unavailable, match="was asleep and is being started") as raised:
            server.index().search(SPACE, [Query("s", X, text, 5)])
        assert raised.value.retry_after == COME_AGAIN_S
        [request] = server.requests
        assert request.timeout_s + COME_AGAIN_S >= 27

    def test_someone_waits(self) -> None:
        """All attempts together end before API Gateway's timeout, whichever request is slow."""
        assert FIRST.timeout_s + 2 * FOLLOWING.timeout_s < GATEWAY_SECONDS
        server = Server([{"responses": [COUNTS, SIZE]}, SLOW])
        with pytest.raises(Unavailable):
            server.index().search(SPACE, [Query("s", None, "fox", 5)])
        assert server.answers == []
        assert server.pauses == [], "a time-out is not repeated"

    def test_busy_is_repeated(self) -> None:
        """A collection that refuses a request for now, or answers in part, is asked again."""
        full = (429, {"error": {"type": "rejected", "reason": "full"}, "status": 429})
        partial = {"responses": [NOTHING | {"_shards": {"failed": 1}}]}
        query = Query("s", None, "fox", 5)
        server = Server([full, {"responses": [COUNTS, SIZE]}, partial, {"responses": [NOTHING]}])
        [found] = server.index().search(SPACE, [query])
        assert found.by_text == ()
        assert server.answers == []

    def test_waking_waits_for_nothing(self) -> None:
        """Waking sends a search, whose answer nobody needs."""
        server = Server([SLOW])
        server.index().wake()
        assert server.paths == ["POST /test-*/_search"]
        assert server.requests[0].timeout_s == 1


def test_requests_are_signed() -> None:
    """Requests are signed for OpenSearch Serverless, with a digest of their body."""
    botocore = pytest.importorskip("botocore.credentials")
    credentials = botocore.Credentials("AKID", "secret")
    client = connect("https://x.aoss.example", credentials=credentials, region="eu-central-1", service=SERVICE)
    headers = client.transport.get_connection().http_auth("GET", "https://x.aoss.example/i/_msearch", b"{}")
    assert "/eu-central-1/aoss/aws4_request" in headers["Authorization"]
    assert len(headers["X-Amz-Content-SHA256"]) == 64
    client.close()


def opened(url: str, place: Path) -> CollectionIndex:
    return CollectionIndex(connect(url), Layout(prefix=f"test-{abs(hash(place))}"))


def ids(index: CollectionIndex) -> Sequence[str]:
    [found] = index.search(SPACE, [Query("s", X, None, 50)])
    return [f"{hit.file}:{hit.n}" for hit in found.by_vector]


@pytest.mark.aws
class TestLater:
    """On a collection whose searches see writes half a second later."""

    @pytest.fixture
    def index(self, tmp_path: Path) -> Iterator[CollectionIndex]:
        with collection(os.environ["VECTORLOG_OPENSEARCH_ENDPOINT"], lag_s=0.5) as url:
            index = opened(url, tmp_path)
            yield index
            index.close()

    def test_what_was_added_is_found(self, index: CollectionIndex) -> None:
        """The search after an add finds it."""
        for name in ("f", "g"):
            index.add(SPACE, [file(name, "fox", "dog")])
            assert {f"{name}:0", f"{name}:1"} <= set(ids(index))

    def test_writers_that_do_not_see_each_other(self, index: CollectionIndex) -> None:
        """Chunks that several writers add at once come back once, and are kept once, as the newest of them."""
        index.add(SPACE, [file("f", "fox")])
        with ThreadPoolExecutor(4) as threads:
            adds = [threads.submit(index.add, SPACE, [file("f", f"dog {n}", revision=n)]) for n in range(4)]
            for each in adds:
                each.result()
        assert ids(index) == ["f:0"]
        _eventually(lambda: index.count(SPACE, "s") == {("f", 0): 1})
        [found] = index.search(SPACE, [Query("s", X, "dog", 5)])
        assert [hit.text for hit in found.by_text] == ["dog 3"]

    def test_what_was_removed_disappears(self, index: CollectionIndex) -> None:
        """What was removed is gone from searches a moment later; removing it again meanwhile is no error and ends."""
        index.add(SPACE, [file("f", "fox", "dog"), file("g", "fox")])
        index.remove(SPACE, "s", "f")
        index.remove(SPACE, "s", "f")
        _eventually(lambda: ids(index) == ["g:0"])
        assert not index.remove_store(SPACE, "s")
        _eventually(lambda: not ids(index))


@pytest.mark.aws
def test_wakes(tmp_path: Path) -> None:
    """A collection that sleeps is awake a moment after it was asked to be, and then answers at once."""
    sleep = Sleep(wakes_s=2.0, at_first=True)
    with collection(os.environ["VECTORLOG_OPENSEARCH_ENDPOINT"], sleep=sleep) as url:
        index = opened(url, tmp_path)
        began = time.monotonic()
        index.wake()
        assert time.monotonic() - began < 2
        _eventually(lambda: not ids(index))
        began = time.monotonic()
        ids(index)
        assert time.monotonic() - began < 2
        index.close()


def _eventually(holds: Any) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)
