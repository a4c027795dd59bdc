"""The tools and the page of a passage, on the local edition's adapters: what is rare, large or goes wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.simulation.local import LocalWorld
from tests.support.callers import Callers, Got
from vectorlog.api.app import App
from vectorlog.api.mcp import arguments, descriptions, results, tools
from vectorlog.api.request import Request
from vectorlog.api.unprefixed import MCP_ROUTES
from vectorlog.defaults import DAY_MS
from vectorlog.domain.api_key import SCOPES, Credential
from vectorlog.domain.errors import Unavailable
from vectorlog.domain.tenancy import Caller
from vectorlog.use_cases import confirmed, passages, vector_stores
from vectorlog.use_cases import search as searches

ANN, BOB = Caller("acme", "ann"), Caller("acme", "bob")


class Made:
    """Callers of a local edition whose work is done step by step."""

    def __init__(self, folder: Path) -> None:
        self.world = LocalWorld(folder, 1, real_index=False, inline_files=100, inline_tags=True)
        self.callers = Callers(self.world.app, folder)

    def send(self, method: str, path: str, body: Any = None, *, caller: Caller = ANN, **more: Any) -> Any:
        self.world.clock.advance(1)
        got = self.callers.send(caller, method, path, body, **more)
        assert got.status == 200, got.content
        return got.body

    def store(self, **fields: Any) -> str:
        id: str = self.send("POST", "/vector_stores", fields)["id"]
        return id

    def attach(self, store: str, text: str, name: str = "a.txt") -> str:
        id: str = self.send("POST", "/files", upload=(name, text))["id"]
        self.ingest(store, id)
        return id

    def ingest(self, store: str, file: str, **fields: Any) -> None:
        self.send("POST", f"/vector_stores/{store}/files", {"file_id": file, **fields})
        while self.world.project(50, self.world.random) or self.world.ingest(9, self.world.random):
            pass
        assert self.send("GET", f"/vector_stores/{store}/files/{file}")["status"] == "completed"

    def post(self, sent: Any, path: str = "/mcp", caller: Caller = ANN, **more: Any) -> Got:
        return self.callers.send(caller, "POST", path, sent, prefix="", **more)

    def call(self, tool: str, *, path: str = "/mcp", caller: Caller = ANN, **arguments: Any) -> Any:
        """Returns the result of a tool."""
        sent = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
        got = self.post(sent, path, caller)
        assert got.status == 200, got.content
        return got.body["result"]

    def content(self, tool: str, **arguments: Any) -> Any:
        return self.call(tool, **arguments)["structuredContent"]

    def open(self, url: str, method: str = "GET", **headers: str) -> Got:
        """Opens a url without a key."""
        parts = urlsplit(url)
        request = Request(method, parts.path, headers, parse_qs(parts.query), b"", f"req_{0:032x}")
        answer = self.world.app.handle(request)
        return Got(answer.status, answer.content, answer.headers)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    made = Made(tmp_path)
    yield made
    made.world.close()


def lines(count: int) -> str:
    return "".join(f"owl number {n}\n" for n in range(count))


class TestSearch:
    def test_leaves_out_what_cannot_be_searched(self, made: Made) -> None:
        """A store that has expired is left out, and the answer says so; the others are searched."""
        expired = made.store(expires_after={"anchor": "last_active_at", "days": 1})
        store = made.store()
        file = made.attach(store, "owl")
        made.world.clock.advance(2 * DAY_MS)
        found = made.content("search", query="owl")
        assert [each["file_id"] for each in found["results"]] == [file]
        assert found["warnings"] == [f"{expired} was not searched: Vector store '{expired}' has expired"]
        assert made.call("search", query="owl", path=f"/mcp/{expired}")["isError"]

    def test_says_that_there_are_more_stores(self, made: Made) -> None:
        """Of many stores the newest are searched, and the answer says so."""
        made.attach(made.store(), "owl")
        for _ in range(tools.MOST_STORES):
            made.store()
        found = made.content("search", query="owl")
        assert found["results"] == []
        assert "newest vector stores were searched" in found["warnings"][0]

    def test_has_room_for_results(self, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
        """An answer that would be too large for AWS has fewer results, and says so."""
        store = made.store()
        made.attach(store, lines(40))
        every = made.content("search", query="owl")
        assert every["warnings"] == []
        size = len(json.dumps(every["results"][0], ensure_ascii=False))
        monkeypatch.setattr(results, "MOST_BYTES", 3 * size + 20)
        found = made.content("search", query="owl")
        assert (len(every["results"]), len(found["results"])) == (10, 3)
        assert found["warnings"] == [results.LEFT_OUT]

    def test_tells_what_failed(self, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
        """A failure that is not the caller's is a result that says so, and is logged and counted with its request."""
        reported: list[dict[str, Any]] = []

        def busy(*_: Any) -> Any:
            raise Unavailable("The query could not be embedded: slow down")

        class Telemetry:
            def request_failed(self, request: str, **what: Any) -> None:
                reported.append({"request": request, **what})

        monkeypatch.setattr(searches, "search", busy)
        store = made.store()
        object.__setattr__(made.world.deployment, "telemetry", Telemetry())
        got = made.call("search", query="owl", path=f"/mcp/{store}")
        assert got["isError"]
        assert got["content"][0]["text"] == "The query could not be embedded: slow down"
        [line] = reported
        assert (line["route"], line["status"], line["fault"]) == ("callMcp.search", 503, False)
        assert line["request"].startswith("req_")

    def test_goes_on_without_a_store(self, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
        """A store whose index or model does not answer is left out, and the answer says so; the failure is logged. If
        no store can be searched, the search fails.
        """
        broken, store = made.store(), made.store()
        file = made.attach(store, "owl")
        made.attach(broken, "owl too")
        ordinary, reported = confirmed.best, list[str]()

        def best(deployment: Any, space: Any, queries: Any, wanted: Any) -> Any:
            if queries[0].store in fails:
                raise Unavailable("its index is busy")
            return ordinary(deployment, space, queries, wanted)

        class Telemetry:
            def request_failed(self, _: str, **what: Any) -> None:
                reported.append(what["reason"])

        fails = {broken}
        monkeypatch.setattr(searches, "best", best)
        object.__setattr__(made.world.deployment, "telemetry", Telemetry())
        found = made.content("search", query="owl")
        assert [each["file_id"] for each in found["results"]] == [file]
        assert found["warnings"] == [f"{broken} was not searched: its index is busy"]
        assert reported == ["its index is busy"]
        fails.add(store)
        assert made.call("search", query="owl")["isError"]
        asked = {"query": "owl", "vector_store_ids": [broken, store]}
        assert made.callers.send(ANN, "POST", "/vector_stores/search", asked).status == 503  # of the API: all or none


class TestTexts:
    def test_of_a_long_file(self, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of a text that is too long for an answer, `fetch` returns the part around the passage, and `read_file` the
        rest.
        """
        monkeypatch.setattr(arguments, "MOST_CHARS", 60)
        store = made.store()
        text = lines(100)
        file = made.attach(store, text)
        assert made.content("fetch", id=f"{store}/{file}")["text"] == text[:60]
        found = made.content("search_vector_store", vector_store_id=store, query="owl", max_num_results=50)["results"]
        last = max(found, key=lambda each: text.index(each["text"].strip()))
        document = made.content("fetch", id=last["id"])
        start = text.index(last["text"].strip()) - 30
        assert document["text"] == text[start : start + 60]
        about = document["metadata"]
        assert (about["offset"], about["characters"]) == (start, len(text))
        assert about["next_offset"] == (start + 60 if start + 60 < len(text) else None)

    def test_of_another_ingest(self, made: Made) -> None:
        """The id of a result stays good when its file is ingested again."""
        store = made.store()
        file = made.attach(store, lines(9))
        [found, *_] = made.content("search", query="owl")["results"]
        sizes = {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 0}
        made.ingest(store, file, chunking_strategy={"type": "static", "static": sizes})
        assert made.content("fetch", id=found["id"])["text"] == lines(9)
        page = made.open(found["url"])
        assert page.status == 200
        assert b"read again" in page.content
        assert b"<mark" not in page.content


class TestPage:
    def test_leads_through_the_file(self, made: Made) -> None:
        """The page of a passage leads to what is before and after it, to both ends of the file, without a key."""
        store = made.store()
        text = lines(100)
        made.attach(store, text)
        [found, *_] = made.content("search", query="owl")["results"]

        def walk(url: str, link: str) -> list[str]:
            seen = []
            while url:
                page = made.open(url)
                assert page.status == 200
                seen.append(page.content.decode())
                before, there, _ = seen[-1].partition(f"'>{link}</a>")
                url = before.rpartition("href='")[2].replace("&amp;", "&") if there else ""
            return seen

        assert "owl number 0\n" in walk(found["url"], "Earlier in the file")[-1]
        assert "owl number 99\n" in walk(found["url"], "Later in the file")[-1]

    def test_goes_by_the_role_of_today(self, made: Made) -> None:
        """An address of an end user shows nothing once they have no role; one of the project or the team still does."""
        store = made.store()
        made.attach(store, "owl")
        path = f"/vector_stores/{store}/permissions"
        made.send("POST", path, {"user_id": "bob", "role": "reader"})
        urls = [made.call("search", query="owl", caller=each) for each in (BOB, ANN, Caller("acme"))]
        bob, ann, project = (each["structuredContent"]["results"][0]["url"] for each in urls)
        made.send("DELETE", f"{path}/bob")
        assert [made.open(url).status for url in (bob, ann, project)] == [404, 200, 200]
        made.send("POST", path, {"grantee_type": "team", "role": "reader"})
        assert made.open(bob).status == 200

    def test_says_why_there_is_nothing(self, made: Made) -> None:
        """What is refused is a page with the error's status, and never one of another server's scripts."""
        store = made.store(expires_after={"anchor": "last_active_at", "days": 1})
        made.attach(store, "owl")
        url = made.content("search", query="owl")["results"][0]["url"]
        wrong = made.open(url.replace("signature=", "signature=0"))
        made.world.clock.advance(DAY_MS + 7_200_000)
        late = made.open(url)
        for page, status, says in ((wrong, 403, b"was not made by this server"), (late, 403, b"no longer valid")):
            assert page.status == status
            assert says in page.content
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert made.open("/view/owl/file-1").status == 400
        assert made.open(url, "POST").status == 405

    def test_a_failure_is_logged(self, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
        """An answer of 5xx is logged and counted, as that of any request is."""
        store, reported = made.store(), list[dict[str, Any]]()
        made.attach(store, "owl")
        url = made.content("search", query="owl")["results"][0]["url"]

        def busy(*_: Any) -> Any:
            raise Unavailable("the table is busy")

        class Telemetry:
            def request_failed(self, request: str, **what: Any) -> None:
                reported.append({"request": request, **what})

        monkeypatch.setattr(passages, "read", busy)
        object.__setattr__(made.world.deployment, "telemetry", Telemetry())
        assert made.open(url).status == 503
        [line] = reported
        assert (line["route"], line["status"], line["reason"]) == ("viewPassage", 503, "the table is busy")

    def test_of_an_expired_store(self, made: Made) -> None:
        """The page of a passage in a store that has expired is gone."""
        store = made.store(expires_after={"anchor": "last_active_at", "days": 1})
        made.attach(store, "owl")
        made.world.clock.advance(DAY_MS - 3_600_000)
        url = made.call("search", query="owl", path=f"/mcp/{store}")["structuredContent"]["results"][0]["url"]
        made.world.clock.advance(DAY_MS)
        assert made.open(url).status == 410


class TestHttp:
    @pytest.mark.parametrize("path", ["/mcp", "/mcp/", "/mcp/vs_1"])
    @pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
    def test_other_methods(self, made: Made, path: str, method: str) -> None:
        """There are no streams and no sessions: any method but POST is a 405 that says so."""
        got = made.callers.send(ANN, method, path, prefix="")
        assert (got.status, got.headers["allow"]) == (405, "POST")

    @pytest.mark.parametrize(
        ("path", "more", "says"),
        [
            ("/mcp", {"query": {"a": "1"}}, "Unknown parameter: 'a'."),
            ("/mcp", {"upload": ("a.txt", "owl")}, "expects a JSON body"),
            ("/mcp/owl", {}, "'vector_store_id'"),
            ("/mcp/vs_1", {}, "No vector store found with id 'vs_1'."),
        ],
    )
    def test_refusals_are_messages(self, made: Made, path: str, more: Any, says: str) -> None:
        """What the API refuses before it reads a message is an error of JSON-RPC, which clients show to their users."""
        sent = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25"}}
        got = made.post(sent, path, **more)
        assert got.status in (400, 404)
        assert (got.body["jsonrpc"], got.body["id"], got.body["error"]["code"]) == ("2.0", None, -32000)
        assert says in got.body["error"]["message"]
        assert set(got.body["error"]["data"]) == {"type", "param", "code"}

    def test_an_unexpected_error(self, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
        """An error that nobody expected is a message too, with the id to quote and nothing else."""

        def broken(*_: Any) -> Any:
            raise RuntimeError("a secret of the server")

        monkeypatch.setattr(vector_stores, "list_page", broken)
        params = {"name": "list_vector_stores", "arguments": {}}
        got = made.post({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        assert (got.status, got.body["error"]["code"]) == (500, -32000)
        assert "req_" in got.body["error"]["message"]
        assert b"secret" not in got.content

    def test_long_values_are_not_repeated(self, made: Made) -> None:
        """An error repeats at most 100 characters of what was sent, also to a client that accepts gzip."""
        headers = {"authorization": "Bearer acme", "accept-encoding": "gzip", "mcp-protocol-version": "9" * 60_000}
        sent = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'
        answer = made.world.app.handle(Request("POST", "/mcp", headers, {}, sent, "req_1"))
        assert answer.status == 400
        assert json.loads(answer.content)["error"]["data"]["requested"] == "9" * 100

    @pytest.mark.parametrize("scope", SCOPES)
    def test_every_scope_suffices(self, made: Made, scope: Any) -> None:
        """Everything here only reads, so a key of any scope will do."""
        app = replace(made.world.app, authenticate=lambda _: Credential("acme", scope))
        sent = b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}'
        assert {route.effect for route in MCP_ROUTES} == {"read"}
        assert app.handle(Request("POST", "/mcp", {}, {}, sent, "req_1")).status == 200

    def test_the_resource_is_described(self, made: Made) -> None:
        """A 401 names the description of what needs a key, by the address that the client used."""
        headers = {"host": "api.example.com", "x-forwarded-proto": "https"}
        request = Request("POST", "/mcp/vs_1", headers, {}, b"{}", "req_1", mount="/prod")
        app: App = replace(made.world.app, authenticate=lambda _: None)
        answer = app.handle(request)
        described = "https://api.example.com/prod/.well-known/oauth-protected-resource/mcp/vs_1"
        assert (answer.status, answer.headers["www-authenticate"]) == (401, f'Bearer resource_metadata="{described}"')
        path = urlsplit(described).path.removeprefix("/prod")
        document = json.loads(app.handle(replace(request, method="GET", path=path)).content)
        assert document["resource"] == "https://api.example.com/prod/mcp/vs_1"
        root = json.loads(app.handle(replace(request, method="GET", path=path.removesuffix("/mcp/vs_1"))).content)
        assert root["resource"] == "https://api.example.com/prod/mcp"

    def test_compression(self, made: Made) -> None:
        """A long answer is sent with gzip to a client that accepts it."""
        sent = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'
        headers = {"authorization": "Bearer acme", "accept-encoding": "gzip"}
        answer = made.world.app.handle(Request("POST", "/mcp", headers, {}, sent, "req_1"))
        assert answer.headers["content-encoding"] == "gzip"


SCHEMAS: dict[str, Any] = {
    "search": arguments.Search,
    "fetch": arguments.Fetch,
    "list_vector_stores": arguments.ListStores,
    "search_vector_store": arguments.StoreSearch,
    "read_file": arguments.ReadFile,
}


@pytest.mark.parametrize("name", descriptions.TOOLS)
def test_descriptions_agree_with_the_arguments(name: str) -> None:
    """A model is told of every argument that a tool takes, of no other, and of its limits."""
    told, schema = descriptions.TOOLS[name]["inputSchema"], SCHEMAS[name].model_json_schema()
    assert set(told["properties"]) == set(schema["properties"])
    assert set(told.get("required", ())) - {"vector_store_id"} == set(schema.get("required", ()))
    for argument, about in told["properties"].items():
        limits = {limit: about[limit] for limit in ("minimum", "maximum", "maxLength", "minLength") if limit in about}
        choices = [schema["properties"][argument], *schema["properties"][argument].get("anyOf", ())]
        assert any(limits.items() <= choice.items() for choice in choices), argument


def test_tools_of_one_store_take_no_store() -> None:
    """At an endpoint for one store no tool takes or requires the id of one, and nothing else is missing."""
    every = {each["name"]: each["inputSchema"] for each in descriptions.described(of_one_store=False)}
    for each in descriptions.described(of_one_store=True):
        properties = every[each["name"]]["properties"]
        assert set(each["inputSchema"]["properties"]) == set(properties) - {"vector_store_id"}
        assert "vector_store_id" not in each["inputSchema"].get("required", ())


@pytest.mark.parametrize("id", ["vs_1/file-1", "vs_1/file-1#1-0", "vs_1/file-1#12-345"])
def test_ids(id: str) -> None:
    """The id of a result can be read back."""
    assert str(results.Document.parse(id)) == id
