"""How the index in OpenSearch behaves when OpenSearch is busy, refuses, or holds older data; and that it answers like
the embedded one.
"""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from array import array
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from opensearchpy.exceptions import ConnectionTimeout

from tests.index.opensearch.scripted import Request, Script
from tests.support import opensearch_local
from vectorlog.api.input.filter_tree import MAX_CONDITIONS
from vectorlog.domain.errors import Unavailable
from vectorlog.domain.filters import Comparison, Compound, Operator
from vectorlog.domain.location import Location
from vectorlog.domain.vectors import Chunk, Frame, Space, Vector
from vectorlog.index.chunk_index import FileChunks, Query, SearchResult
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.index.fusion import DEFAULT_WEIGHTS, Weights, fuse
from vectorlog.index.opensearch import documents, mapping
from vectorlog.index.opensearch import index as opensearch
from vectorlog.index.opensearch.errors import IndexRefused
from vectorlog.index.opensearch.index import OpenSearchIndex
from vectorlog.index.opensearch.mapping import FIELD, Json, Layout, alias, index_body
from vectorlog.index.opensearch.requests import SEARCHING, WRITING, connect
from vectorlog.index.opensearch.succession import Succession

SPACE = Space("test:model", 8)
LAYOUT = Layout(prefix="test", engine="lucene")
NAME = alias(SPACE, LAYOUT)
BOTH = f"{NAME},{NAME}-next"
BUSY = {"status": 429, "error": {"type": "rejected_execution_exception", "reason": "queue is full"}}
STALE = {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "current version is higher"}}
BAD = {
    "status": 400,
    "error": {"type": "mapper_parsing_exception", "reason": "failed", "caused_by": {"reason": "zero vector"}},
}
MISSING = {"status": 404, "error": {"type": "index_not_found_exception", "reason": "no such index"}}
COUNTED = {
    "docs": [
        {
            "_index": f"{NAME}-1",
            "term_vectors": {
                FIELD: {
                    "field_statistics": {"sum_doc_freq": 1, "doc_count": 1, "sum_ttf": 1},
                    "terms": {"fox": {"doc_freq": 1, "ttf": 1, "term_freq": 1}},
                }
            },
        }
    ]
}
NOTHING = {"status": 200, "hits": {"hits": []}}


def written(*items: Json, followed: bool = False) -> Json:
    """The answer to documents, and to the question whether there is a successor."""
    return {
        "items": [
            *({"index": item} for item in items),
            {"delete": {"status": 404, "result": "not_found"} if followed else MISSING},
        ]
    }


CREATED, UPDATED = {"status": 201, "result": "created"}, {"status": 200, "result": "updated"}


class Noted(Request):
    """A request; of a bulk request without the last line, which asks for a successor."""

    @property
    def lines(self) -> list[Json]:
        return super().lines[:-1] if self.path == "/_bulk" else super().lines


class Server(Script):
    noted = Noted

    def index(self) -> OpenSearchIndex:
        return OpenSearchIndex(self.client(), LAYOUT, timing=self.pauses.timing)


def unit(source: random.Random) -> Vector:
    parts = [source.gauss(0, 1) for _ in range(SPACE.dimensions)]
    length = math.hypot(*parts)
    return array("f", [part / length for part in parts])


X = unit(random.Random(0))


def file(name: str, *texts: str, store: str = "s", revision: int = 0, windows: int = 1) -> FileChunks:
    return FileChunks(
        store, name, 0, "row", revision, {}, tuple(Chunk(n, text, (X,) * windows) for n, text in enumerate(texts))
    )


TEXTS = (
    "The pump shows ERR_2043 when the inlet is dry.",
    "The pump shows ERR_2044 when the outlet is blocked, twice as often as the inlet.",
    "Upgrade to v2.14.3 and edit config.yaml; numpy.ndarray is unchanged.",
    "Die Bücher der Bücherei darf man achtundzwanzig Tage ausleihen.",
    "Où sont rangés les outils du jardin ? Dans la cabane verte, près de l’entrée.",
    "На сколько дней выдают книги? Книги выдают на двадцать шесть дней.",
    "图书逾期每天要交三元五角。",
    "no,weight,crate\n12,45,73340\n13,52,61286",
    "IT asked the WHO and the US about 12,450 cases.",
    "A note about nothing in particular, and about the pump. " * 9,
    "résumé of Café Mélusine",
)
QUERIES = (
    "ERR-2043",
    "what does the pump show when the inlet is dry",
    "2.14.3",
    "config",
    "Wie lange darf man ein Buch ausleihen?",
    "où est la cabane",
    "книга",
    "逾期",
    "crate 61286",
    "WHO",
    "12450",
    "resume cafe",
    "pump pump inlet note_3",
    "the",
)


def older_body(body: Json) -> Json:
    """The settings and mapping that earlier versions gave an index."""
    del body["settings"]["index"]["similarity"]
    properties = body["mappings"]["properties"]
    properties["hidden_text"] = properties.pop("shown")
    del properties[FIELD]
    properties["text"] = {"type": "text", "analyzer": "english"}
    body["mappings"]["_source"] = {"excludes": ["vector"]}
    return body


class TestAdd:
    def test_what_is_sent(self) -> None:
        """One request waits for the refresh, names the store as routing, and has a version that late writers lose
        against.
        """
        server = Server([written(CREATED, CREATED)])
        server.index().add(SPACE, [file("f", "fox", revision=4, windows=2)])
        (request,) = server.requests
        assert (request.method, request.path) == ("POST", "/_bulk")
        assert request.params["refresh"] == "wait_for"
        assert request.params["require_alias"] == "true"
        first, content, second, other = request.lines
        common = {"_index": NAME, "routing": "s", "version": 5, "version_type": "external_gte"}
        assert [first["index"], second["index"]] == [{"_id": "s:f:0:0", **common}, {"_id": "s:f:0:0:1", **common}]
        assert (content[FIELD], content["shown"], FIELD in other, other["shown"]) == ("fox", "fox", False, "fox")
        assert content["vector"] == pytest.approx(list(X), abs=1e-7)

    def test_only_what_was_refused_is_sent_again(self) -> None:
        """A busy shard delays its own documents and no others."""
        server = Server([written(CREATED, BUSY, CREATED, BUSY), written(BUSY, CREATED), written(CREATED)])
        server.index().add(SPACE, [file("f", "a", "b", "c", "d")])
        sent = [[line["index"]["_id"] for line in each.lines[::2]] for each in server.requests]
        assert sent == [[f"s:f:0:{n}" for n in numbers] for numbers in ((0, 1, 2, 3), (1, 3), (1,))]
        assert len(server.pauses) == 2
        assert server.pauses[0] < server.pauses[1]

    def test_busy_for_too_long(self) -> None:
        """After a bounded number of attempts the caller learns that it may retry later."""
        server = Server([written(BUSY)] * WRITING.attempts)
        with pytest.raises(Unavailable, match="queue is full"):
            server.index().add(SPACE, [file("f", "a")])
        assert server.answers == []

    def test_refused_for_good(self) -> None:
        """Documents that OpenSearch will never accept are not sent again, and the error says why."""
        server = Server([written(CREATED, BAD, BUSY)])
        with pytest.raises(IndexRefused, match="zero vector"):
            server.index().add(SPACE, [file("f", "a", "b", "c")])
        assert len(server.requests) == 1

    def test_a_newer_revision_stays(self) -> None:
        """A late writer with older attributes loses without an error."""
        server = Server([written(STALE)])
        server.index().add(SPACE, [file("f", "a")])
        assert len(server.requests) == 1

    def test_the_last_of_the_highest_revision(self) -> None:
        """Of documents with one id only one is sent, so that a repeated part of a request cannot reverse their
        order.
        """
        server = Server([written(CREATED)])
        server.index().add(
            SPACE, [file("f", "old", revision=1), file("f", "last", revision=1), file("f", "late", revision=0)]
        )
        assert [line["shown"] for line in server.requests[0].lines[1::2]] == ["last"]

    @pytest.mark.parametrize(
        "made", [{"acknowledged": True}, (400, {"error": {"type": "resource_already_exists_exception"}})]
    )
    def test_makes_the_index(self, made: Any) -> None:
        """The first add to a space creates its index, with alias and mapping; another process may have been faster."""
        server = Server([written(MISSING), made, written(CREATED)])
        server.index().add(SPACE, [file("f", "a")])
        assert server.paths == ["POST /_bulk", f"PUT /{NAME}-1", "POST /_bulk"]
        body = json.loads(server.requests[1].body)
        assert NAME in body["aliases"]
        assert body["mappings"]["properties"]["vector"]["method"]["engine"] == "lucene"

    def test_an_index_that_cannot_be_made(self) -> None:
        """A setting that OpenSearch refuses is an error, and is not retried."""
        refusal = (400, {"error": {"type": "illegal_argument_exception", "reason": "unknown engine"}})
        with pytest.raises(IndexRefused, match="unknown engine"):
            Server([written(MISSING), refusal]).index().add(SPACE, [file("f", "a")])

    def test_requests_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Many documents are sent in several requests; of each store only the last waits for visibility."""
        monkeypatch.setattr(documents, "BULK_BYTES", 2_000)
        server = Server([written(CREATED), written(CREATED), written(CREATED, CREATED)])
        server.index().add(SPACE, [file("f", "x" * 1400, "x" * 1400, "x"), file("g", "x", store="t")])
        assert [each.params["refresh"] for each in server.requests] == ["false", "false", "wait_for"]
        assert all(len(each.body) <= 2_500 for each in server.requests)

    def test_successor(self) -> None:
        """While a new index is being filled, adds go to both indexes before they return, and wait for each."""
        server = Server([written(CREATED, followed=True), written(CREATED)])
        server.index().add(SPACE, [file("f", "fox", revision=4)])
        assert [request.lines[0]["index"]["_index"] for request in server.requests] == [NAME, f"{NAME}-next"]
        assert [request.lines[1] for request in server.requests] == [server.requests[0].lines[1]] * 2
        assert [request.params["refresh"] for request in server.requests] == ["wait_for"] * 2

    def test_successor_that_took_the_place(self) -> None:
        """Documents that went to the old index and not to its successor, because the switch was in between, go there
        under its new name.
        """
        server = Server([written(CREATED, followed=True), written(MISSING), written(CREATED)])
        server.index().add(SPACE, [file("f", "fox")])
        assert [request.lines[0]["index"]["_index"] for request in server.requests] == [NAME, f"{NAME}-next", NAME]

    def test_nothing(self) -> None:
        """Without documents there is no request."""
        server = Server([])
        server.index().add(SPACE, [])
        assert server.index().search(SPACE, []) == []
        assert server.index().search(SPACE, [Query("s", None, None, 5)]) == [SearchResult((), (), 0.0)]


class TestSearch:
    def test_one_request(self) -> None:
        """All queries of a search, with all their parts, are one request to the store's shard, after one that counts
        their words; it goes to the index in which they were counted.
        """
        queries = [Query("s", X, "two cats", 5), Query("t", X, None, 5)]
        server = Server([COUNTED, {"responses": [NOTHING] * 5}])
        assert server.index().search(SPACE, queries) == [SearchResult((), (), 0.0)] * 2
        assert server.paths == ["POST /_mtermvectors", "POST /_msearch"]
        request = server.requests[1]
        heads = request.lines[::2]
        assert [head["routing"] for head in heads] == ["s"] * 4 + ["t"]
        assert [head["index"] for head in heads] == [f"{NAME}-1"] * 4 + [NAME]
        assert {head["preference"] for head in heads} == {heads[0]["preference"]}

    @pytest.mark.parametrize(
        "busy", [{"responses": [BUSY]}, (429, BUSY), (503, BUSY), ConnectionTimeout("TIMEOUT", "slow", None)]
    )
    def test_busy(self, busy: Any) -> None:
        """A busy or silent OpenSearch is retried; a partial answer is not an answer."""
        query = Query("s", None, "fox", 5)
        server = Server([COUNTED, busy, {"responses": [NOTHING]}])
        assert server.index().search(SPACE, [query]) == [SearchResult((), (), 0.0)]
        server = Server([COUNTED, *[busy] * SEARCHING.attempts])
        with pytest.raises(Unavailable):
            server.index().search(SPACE, [query])
        assert server.answers == []

    @pytest.mark.parametrize("refusal", [{"responses": [BAD]}, (400, BAD), (403, BAD)])
    def test_refused(self, refusal: Any) -> None:
        """A search that OpenSearch will never answer is not repeated."""
        server = Server([refusal])
        with pytest.raises(IndexRefused):
            server.index().search(SPACE, [Query("s", X, None, 5)])

    def test_someone_waits(self) -> None:
        """All attempts together end before API Gateway's timeout of 29 s."""
        attempts = SEARCHING.attempts
        pauses = Server([(503, BUSY)] * attempts)
        with pytest.raises(Unavailable):
            pauses.index().search(SPACE, [Query("s", X, None, 5)])
        assert attempts * SEARCHING.timeout_s + sum(pauses.pauses) < 29


class TestRemove:
    @staticmethod
    def deleted(total: int, conflicts: int = 0) -> Json:
        return {
            "total": total,
            "deleted": total - conflicts,
            "version_conflicts": conflicts,
            "timed_out": False,
            "failures": [],
        }

    @pytest.mark.parametrize(
        "first",
        [
            deleted(3, 1),
            deleted(3) | {"timed_out": True},
            {**deleted(3), "failures": [{"status": 429, "cause": {"reason": "full"}}]},
        ],
    )
    def test_what_was_in_the_way(self, first: Json) -> None:
        """Documents that changed during a delete, or met a busy shard, are deleted by another request."""
        server = Server([{}, first, self.deleted(1)])
        server.index().remove(SPACE, "s", "f", 2)
        assert server.paths == [f"POST /{BOTH}/_refresh", *[f"POST /{BOTH}/_delete_by_query"] * 2]
        assert json.loads(server.requests[1].body) == {
            "query": {
                "bool": {"filter": [{"term": {"store": "s"}}, {"term": {"file": "f"}}, {"term": {"generation": 2}}]}
            }
        }

    def test_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A large store is deleted in several calls, each of which ends in time; a large file in one call."""
        monkeypatch.setattr(opensearch, "DELETED_PER_REQUEST", 10)
        server = Server([{}, self.deleted(10), {}, self.deleted(3), {}, self.deleted(10), {}, self.deleted(0)])
        assert server.index().remove_store(SPACE, "s")
        assert not server.index().remove_store(SPACE, "s")
        server.index().remove(SPACE, "s", "f")
        assert [each.params.get("max_docs") for each in server.requests] == [None, "10"] * 4
        assert server.requests[1].params["routing"] == "s"

    def test_in_the_way_for_good(self) -> None:
        """A removal that did not remove everything never counts as complete."""
        server = Server([{}, *[self.deleted(1, 1)] * WRITING.attempts])
        with pytest.raises(Unavailable):
            server.index().remove_store(SPACE, "s")


class TestClient:
    def test_not_imported_before_it_is_needed(self) -> None:
        """The adapter can be imported, as the wiring does, without opensearch-py, which takes 0.1 s."""
        code = "import sys, vectorlog.index.opensearch.index; sys.exit('opensearchpy' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code]).returncode == 0

    def test_requests_are_signed(self) -> None:
        """With credentials every request carries a signature for OpenSearch in its region."""
        botocore = pytest.importorskip("botocore.credentials")
        client = connect(
            "https://search.example", credentials=botocore.Credentials("AKID", "secret"), region="eu-central-1"
        )
        connection = client.transport.get_connection()
        headers = connection.http_auth("POST", "https://search.example/_msearch?x=y", b"{}")
        assert "/eu-central-1/es/aws4_request" in headers["Authorization"]
        client.close()


class TestNames:
    def test_every_space_has_its_own(self) -> None:
        """Models whose names differ only in signs or case, and dimensions, never share an index; every name is
        valid.
        """
        spaces = [Space(model, 8) for model in ("a:b", "a-b", "A:b", "a.b", "…", "x" * 300)] + [Space("a:b", 16)]
        names = {alias(space, LAYOUT) for space in spaces}
        assert len(names) == len(spaces)
        assert all(name == name.lower() and len(name) < 200 and not set(name) & set('\\/*?"<>| ,#:') for name in names)


@pytest.mark.aws
class TestServer:
    @pytest.fixture
    def index(self, tmp_path: Path) -> OpenSearchIndex:
        return opensearch_local.opened(tmp_path)

    def test_answers_as_the_embedded_index(self, index: OpenSearchIndex, tmp_path: Path) -> None:
        """The same one-window chunks give the same hits and scores, and so the same ranking, in both editions."""
        source, local = random.Random(4), LocalIndex(tmp_path / "local")
        words = [f"w{i}" for i in range(40)]

        def text(most: int) -> str:
            return " ".join(words[min(int(source.expovariate(0.1)), 39)] for _ in range(source.randint(1, most)))

        files = [
            FileChunks(
                "s",
                f"f{i}",
                0,
                f"row {i}",
                0,
                {"k": i % 3},
                tuple(Chunk(n, text(30), (unit(source),)) for n in range(4)),
            )
            for i in range(60)
        ]
        queries = [
            Query("s", unit(source), text(6), 10, Comparison("eq", "k", i % 3) if i % 2 else None) for i in range(10)
        ]
        for each in (index, local):
            each.add(SPACE, files)
        for ours, theirs in zip(index.search(SPACE, queries), local.search(SPACE, queries), strict=True):
            assert ours.bm25_bound == pytest.approx(theirs.bm25_bound, rel=1e-3)
            for mine, other in ((ours.by_vector, theirs.by_vector), (ours.by_text, theirs.by_text)):
                assert [hit.cosine for hit in mine] == pytest.approx([hit.cosine for hit in other], abs=2e-3)
                assert [hit.bm25 for hit in mine] == pytest.approx([hit.bm25 for hit in other], abs=2e-3)
            ranked = [
                [(each.hit.row, each.hit.n, each.hit.text) for each in fuse([found], DEFAULT_WEIGHTS, 5)]
                for found in (ours, theirs)
            ]
            assert ranked[0] == ranked[1]
        local.close()

    def test_ranks_as_the_embedded_index(self, index: OpenSearchIndex, tmp_path: Path) -> None:
        """Texts of several languages, codes and numbers have the same scores and order for every kind of query, in both
        editions.
        """
        local = LocalIndex(tmp_path / "local")
        files = [
            FileChunks(
                "s", f"f{i}", 0, f"row {i:02}", 0, {}, (Chunk(0, text, (X,), None, Frame(words=f"note_{i}.txt")),)
            )
            for i, text in enumerate(TEXTS)
        ]
        for each in (index, local):
            each.add(SPACE, files)
        queries = [Query("s", X, text, 10) for text in (*QUERIES, *TEXTS)]
        for query, ours, theirs in zip(
            queries, index.search(SPACE, queries), local.search(SPACE, queries), strict=True
        ):
            assert (ours.bm25_bound, ours.bm25_same) == pytest.approx((theirs.bm25_bound, theirs.bm25_same), abs=1e-3)
            ranked = [fuse([found], Weights(0, 1), 10) for found in (ours, theirs)]
            assert [each.hit.file for each in ranked[0]] == [each.hit.file for each in ranked[1]], query.text
            assert [each.score for each in ranked[0]] == pytest.approx([each.score for each in ranked[1]], abs=1e-3)
        local.close()

    def test_the_text_of_a_query(self, index: OpenSearchIndex) -> None:
        """A text that is the query, of whatever kind, is the first and scores at least .98."""
        index.add(SPACE, [file(f"f{i}", text) for i, text in enumerate(TEXTS)])
        for i, text in enumerate(TEXTS):
            (found,) = index.search(SPACE, [Query("s", X, text, 10)])
            first = fuse([found], DEFAULT_WEIGHTS, 1)[0]
            assert first.hit.file == f"f{i}"
            assert first.score >= 0.98

    def test_an_index_with_older_terms(self, index: OpenSearchIndex, caplog: pytest.LogCaptureFixture) -> None:
        """An index that an earlier version made is written and searched as it was, which is logged, until its successor
        with today's terms takes its place.
        """
        name, client = alias(SPACE, index.layout), opensearch_local.client()
        client.indices.create(index=f"{name}-1", body=older_body(index_body(SPACE, index.layout, name)))
        framed = Chunk(1, "ERR_2043", (X, X), None, Frame(before="Errors of foxes\n\n", words="errors.txt"))
        index.add(SPACE, [FileChunks("s", "f", 0, "row", 0, {}, (Chunk(0, "two foxes", (X,)), framed))])
        index.add(SPACE, [file("g", "a fox")])
        assert "vectorlog rebuild index" in caplog.text

        def hits(text: str) -> list[tuple[str, str]]:
            (found,) = index.search(SPACE, [Query("s", X, text, 5)])
            assert len(found.by_vector) == 3
            return [(hit.file, hit.text) for hit in found.by_text]

        assert sorted(hits("foxes")) == [("f", "Errors of foxes\n\nERR_2043"), ("f", "two foxes"), ("g", "a fox")]
        assert hits("2043") == [], "Lucene's English terms do not have it"
        succession = Succession(index, [SPACE], lambda _: None)
        succession.begin()
        succession.add(SPACE, [FileChunks("s", "f", 0, "row", 0, {}, (Chunk(0, "two foxes", (X,)), framed))])
        index.add(SPACE, [file("g", "a fox"), file("h", "ERR-2043")])
        succession.switch()
        index.remove(SPACE, "s", "h")
        assert hits("2043") == [("f", "Errors of foxes\n\nERR_2043")]
        index.add(SPACE, [file("g", "config.yaml")])
        assert hits("config") == [("g", "config.yaml")]
        assert len(hits("fox")) == 2

    def test_an_index_of_an_earlier_version(self, index: OpenSearchIndex, monkeypatch: pytest.MonkeyPatch) -> None:
        """An index without the field for locations gets it with the first chunk that has one; older chunks stay."""
        monkeypatch.setattr(mapping, "ADDED", {})
        index.add(SPACE, [file("old", "fox")])
        monkeypatch.undo()
        where, vector = Location(3, 6, 1, 1), unit(random.Random(1))
        index.add(SPACE, [FileChunks("s", "new", 0, "row", 0, {}, (Chunk(0, "red fox", (vector,), where),))])
        [found] = index.search(SPACE, [Query("s", None, "fox", 5)])
        assert {hit.file: hit.location for hit in found.by_text} == {"old": None, "new": where}

    def test_fewer_windows_than_before(self, index: OpenSearchIndex) -> None:
        """Windows that a chunk no longer has are no longer found."""
        north = array("f", [0.0] * 7 + [1.0])
        before = Chunk(0, "before", (X, X, north))
        index.add(SPACE, [FileChunks("s", "f", 0, "row", 0, {}, (before, Chunk(1, "other", (X, north))))])
        index.add(SPACE, [file("f", "after")])
        (found,) = index.search(SPACE, [Query("s", north, None, 10)])
        assert [hit.text for hit in found.by_vector] == ["other", "after"]
        assert index.count(SPACE, "s") == {("f", 0): 2}

    def test_many_windows_do_not_crowd_out(self, index: OpenSearchIndex) -> None:
        """As many chunks come back as requested, even if each has many windows that match better than those of the
        next.
        """
        chunks = tuple(
            Chunk(n, f"{n}", (array("f", [math.cos(n / 9), math.sin(n / 9)] + [0.0] * 6),) * 9) for n in range(12)
        )
        index.add(SPACE, [FileChunks("s", "f", 0, "row", 0, {}, chunks)])
        (found,) = index.search(SPACE, [Query("s", array("f", [1.0] + [0.0] * 7), None, 10)])
        assert [hit.n for hit in found.by_vector] == list(range(10))

    def test_what_no_search_has_seen_is_removed(self, index: OpenSearchIndex) -> None:
        """A removal also removes what a worker wrote just before it became visible."""
        index.add(SPACE, [file("f", "fox")])
        hidden = OpenSearchIndex(opensearch_local.client(), index.layout, refresh="false")  # type: ignore[arg-type]
        hidden.add(SPACE, [file("g", "fox")])
        index.remove(SPACE, "s", "g")
        opensearch_local.client().indices.refresh(index=alias(SPACE, index.layout))
        assert index.count(SPACE, "s") == {("f", 0): 1}

    def test_counts_and_removals_in_parts(self, index: OpenSearchIndex, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stores larger than one page are counted and removed completely."""
        monkeypatch.setattr(opensearch, "PAGE", 2)
        monkeypatch.setattr(opensearch, "DELETED_PER_REQUEST", 3)
        index.add(SPACE, [file(f"f{i}", "a", "b", windows=2) for i in range(5)])
        assert index.count(SPACE, "s") == {(f"f{i}", 0): 2 for i in range(5)}
        while index.remove_store(SPACE, "s"):
            assert index.count(SPACE, "s")
        assert index.count(SPACE, "s") == {}

    @pytest.mark.parametrize(
        "text", [" ".join(f"w{i}" for i in range(700)), "".join(chr(0x4E00 + i) for i in range(4096)), "!?" * 2000]
    )
    def test_the_longest_queries(self, index: OpenSearchIndex, text: str) -> None:
        """Any text of 4,096 characters can be searched for."""
        index.add(SPACE, [file("f", "w1 w2", "\u4e01\u4e02")])
        (found,) = index.search(SPACE, [Query("s", X, text, 10)])
        assert len(found.by_vector) == 2
        assert all(0 < (hit.bm25 or 0) <= found.bm25_bound for hit in found.by_text)

    @pytest.mark.parametrize("operator", ["in", "nin"])
    def test_the_largest_filters(self, index: OpenSearchIndex, operator: Operator) -> None:
        """A filter of as many conditions and types as a request may have works with the longest text too."""
        index.add(SPACE, [file("f", "w1 w2")])
        conditions = [Comparison(operator, f"k{n}", (n, "n", True)) for n in range(MAX_CONDITIONS)]
        wanted = Compound("or", tuple(conditions))
        text = " ".join(f"w{n}" for n in range(700))
        (found,) = index.search(SPACE, [Query("s", X, text, 10, filter=wanted)])
        assert len(found.by_vector) == (operator == "nin")

    @pytest.mark.parametrize(
        "text",
        ["x" * 40_000, "字" * 40_000, "a\0b \u200d🦊 \ufeff", "", "\n\n"],
        ids=["word", "signs", "odd", "none", "blank"],
    )
    def test_any_text(self, index: OpenSearchIndex, text: str) -> None:
        """Any chunk's text is accepted, in every window, and comes back unchanged."""
        index.add(SPACE, [file("f", text, windows=2), FileChunks("s", "g", 0, "row", 0, {}, (Chunk(0, text, (X,)),))])
        (found,) = index.search(SPACE, [Query("s", X, text[:4096], 10)])
        assert [hit.text for hit in found.by_vector] == [text, text]

    def test_first_adds_at_once(self, index: OpenSearchIndex) -> None:
        """Several workers may be the first in a space."""
        work: Sequence[Callable[[], None]] = [lambda i=i: index.add(SPACE, [file(f"f{i}", "fox")]) for i in range(4)]  # type: ignore[misc]
        with ThreadPoolExecutor(4) as threads:
            for each in [threads.submit(step) for step in work]:
                each.result()
        assert len(index.count(SPACE, "s")) == 4
