"""The official MCP client on a live server."""

from __future__ import annotations

import io
import re
from html import unescape
from typing import Any

import httpx
import pytest
from mcp import Client
from openai import OpenAI
from reportlab.pdfgen import canvas  # type: ignore[import-untyped]

from tests.clients.administered import Administered, new_project
from tests.clients.conftest import Attached
from tests.clients.mcp_client import MODES, McpClient
from tests.clients.service import Service

GUIDE = "# Guide\n\n## Boilers\n\nThe boiler is drained in May.\n\n## Pumps\n\nPumps are oiled weekly.\n"


@pytest.fixture
def mcp(service: Service, user: str) -> McpClient:
    return McpClient(f"{service.url}/mcp", _headers(service.key, user))


@pytest.fixture
def store(openai_client: OpenAI) -> str:
    return openai_client.vector_stores.create(name="Handbook", description="how the house works").id


def _headers(key: str, user: str = "") -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", **({"X-On-Behalf-Of": user} if user else {})}


def _pinned(mcp: McpClient, store: str) -> McpClient:
    return McpClient(f"{mcp.url}/{store}", mcp.headers)


@pytest.mark.parametrize("mode", MODES)
def test_every_version(mcp: McpClient, store: str, attached: Attached, mode: str) -> None:
    """The client connects by each of the ways it knows, lists the tools and calls them."""
    file = attached(store, GUIDE, "guide.md")
    client = McpClient(mcp.url, mcp.headers, mode)
    assert set(client.tools()) == {"search", "fetch", "list_vector_stores", "search_vector_store", "read_file"}
    [found] = client.call("search", query="boiler")["results"]
    assert (found["file_id"], found["text"], found["location"]["headings"]) == (file.id, GUIDE, ["Guide", "Boilers"])


def test_says_what_it_is(mcp: McpClient, store: str) -> None:
    """An endpoint says what it offers, and one for a store says which, before any tool is called."""

    async def said(client: Client) -> tuple[Any, ...]:
        return client.server_info, client.instructions, client.server_capabilities.tools

    info, about, tools = mcp.run(said)
    assert (info.name, tools.list_changed) == ("vectorlog", False)
    assert "list_vector_stores" in about
    _, about, _ = _pinned(mcp, store).run(said)
    assert about.endswith("the vector store 'Handbook': how the house works")


def test_tools_only_read(mcp: McpClient) -> None:
    """Every tool says that it changes nothing, so clients need not ask before they call it."""
    for tool in mcp.tools().values():
        assert tool.annotations.read_only_hint is True
        assert tool.description
        assert tool.input_schema["type"] == tool.output_schema["type"] == "object"


def test_search_and_fetch(mcp: McpClient, openai_client: OpenAI, store: str, attached: Attached) -> None:
    """A connector for deep research searches with a query, and fetches a result by its id: both have an id, a title and
    a url, and what is fetched is the text as it was indexed.
    """
    file = attached(store, GUIDE, "guide.md", attributes={"lang": "en"})
    [found] = mcp.call("search", query="boiler")["results"]
    assert found["title"] == "guide.md (Guide › Boilers)"
    assert found["url"].startswith("http")
    assert 0.5 < found["score"] <= 1
    document = mcp.call("fetch", id=found["id"])
    text = openai_client.vector_stores.files.content(file.id, vector_store_id=store).data[0].text
    assert (document["id"], document["title"], document["text"]) == (found["id"], "guide.md", text)
    assert document["url"] == found["url"]
    assert document["metadata"] == {
        "vector_store_id": store,
        "file_id": file.id,
        "filename": "guide.md",
        "attributes": {"lang": "en"},
        "characters": len(GUIDE),
        "offset": 0,
        "next_offset": None,
    }
    assert mcp.call("fetch", id=f"{store}/{file.id}")["text"] == text


def test_search_looks_into_all_stores(mcp: McpClient, openai_client: OpenAI, attached: Attached) -> None:
    """`search` finds what is in any of the caller's stores, and leaves out a store that has expired without failing."""
    first, second = (openai_client.vector_stores.create(name=name).id for name in ("one", "two"))
    attached(first, "The owl sleeps by day.", "owl.txt")
    attached(second, "The owl hunts at night.", "hunt.txt")
    found = mcp.call("search", query="owl")
    assert {each["vector_store_id"] for each in found["results"]} == {first, second}
    assert found["warnings"] == []


def test_nothing_to_search(mcp: McpClient) -> None:
    """A caller without stores finds nothing, which is no error."""
    assert mcp.call("search", query="owl") == {"results": [], "warnings": []}
    assert mcp.call("list_vector_stores") == {"vector_stores": [], "has_more": False}


def test_results_of_one_file(mcp: McpClient, store: str, attached: Attached) -> None:
    """`max_results_per_file` bounds the results of one file, in both searches."""
    sizes = {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 0}
    long = "\n\n".join(f"Owl number {n} sleeps in tree {n}. " + "It is very quiet there. " * 12 for n in range(6))
    attached(store, long, "long.txt", chunking_strategy={"type": "static", "static": sizes})
    attached(store, "An owl.", "short.txt")
    tools: dict[str, dict[str, Any]] = {"search": {}, "search_vector_store": {"vector_store_id": store}}
    for tool, named in tools.items():
        asked = {"query": "owl", **named}
        names = [each["filename"] for each in mcp.call(tool, **asked)["results"]]
        assert names.count("long.txt") > 1
        one_each = mcp.call(tool, **asked, max_results_per_file=1)["results"]
        assert sorted(each["filename"] for each in one_each) == ["long.txt", "short.txt"]
        assert len(mcp.call(tool, **asked, max_num_results=2)["results"]) == 2


def test_filters_and_ranking(mcp: McpClient, store: str, attached: Attached) -> None:
    """`search_vector_store` takes the filters and options of the API, and several queries."""
    attached(store, "An owl of 2020.", "old.txt", attributes={"year": 2020})
    new = attached(store, "An owl of 2024.", "new.txt", attributes={"year": 2024})
    [found] = mcp.call(
        "search_vector_store",
        vector_store_id=store,
        query=["owl", "bird"],
        filters={"type": "gte", "key": "year", "value": 2024},
        ranking_options={"ranker": "none"},
    )["results"]
    assert (found["file_id"], found["attributes"]) == (new.id, {"year": 2024})


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("search", {}, "Missing required parameter: 'query'."),
        ("search", {"query": ""}, "Invalid 'query'"),
        ("search", {"query": 5}, "Invalid type for 'query'"),
        ("search", {"query": "owl", "max_num_results": 51}, "'max_num_results'"),
        ("search", {"query": "owl", "year": 2024}, "Unknown parameter: 'year'."),
        ("fetch", {"id": "guide.md"}, "the id of a result of search"),
        ("fetch", {"id": "vs_1/file-1#a"}, "the id of a result of search"),
        ("fetch", {"id": "vs_1/file-1"}, "No vector store found with id 'vs_1'."),
        ("search_vector_store", {"query": "owl"}, "Missing required parameter: 'vector_store_id'."),
        ("search_vector_store", {"query": "owl", "vector_store_id": "owl"}, "'vector_store_id'"),
        ("read_file", {"vector_store_id": "vs_1", "file_id": "file-1"}, "No vector store found with id 'vs_1'."),
    ],
)
def test_wrong_arguments(mcp: McpClient, tool: str, arguments: dict[str, Any], says: str) -> None:
    """A call with wrong arguments is a result that says what is wrong, so a model can correct itself."""
    assert says in mcp.refusal(tool, **arguments)


def test_wrong_filters(mcp: McpClient, store: str) -> None:
    """A filter that is none is named."""
    wrong = {"type": "like", "key": "year", "value": 1}
    assert "filters.type" in mcp.refusal("search_vector_store", vector_store_id=store, query="owl", filters=wrong)


def test_read_file(mcp: McpClient, store: str, attached: Attached) -> None:
    """A file's text is read piece by piece, and the pieces are the text."""
    file = attached(store, GUIDE, "guide.md").id
    read = ""
    offset: int | None = 0
    while offset is not None:
        part = mcp.call("read_file", vector_store_id=store, file_id=file, offset=offset, limit=40)
        read, offset = read + part["text"], part["next_offset"]
    assert read == GUIDE
    beyond = mcp.call("read_file", vector_store_id=store, file_id=file, offset=10_000)
    assert (beyond["text"], beyond["next_offset"], beyond["characters"]) == ("", None, len(GUIDE))


def test_list_vector_stores(mcp: McpClient, openai_client: OpenAI) -> None:
    """The caller's stores are listed page by page, with what helps to choose one."""
    ids = [openai_client.vector_stores.create(name=f"store {n}").id for n in range(3)]
    first = mcp.call("list_vector_stores", limit=2)
    assert [each["id"] for each in first["vector_stores"]] == ids[:0:-1]
    assert first["vector_stores"][0]["name"] == "store 2"
    assert first["has_more"]
    rest = mcp.call("list_vector_stores", after=ids[1])
    assert ([each["id"] for each in rest["vector_stores"]], rest["has_more"]) == ([ids[0]], False)


def test_one_store(mcp: McpClient, openai_client: OpenAI, store: str, attached: Attached) -> None:
    """An endpoint for one store knows nothing of others, and its tools take no id of a store."""
    file = attached(store, GUIDE, "guide.md").id
    other = openai_client.vector_stores.create(name="other").id
    elsewhere = attached(other, "The boiler of another house.", "other.txt").id
    pinned = _pinned(mcp, store)
    assert all("vector_store_id" not in tool.input_schema["properties"] for tool in pinned.tools().values())
    assert [each["file_id"] for each in pinned.call("search", query="boiler")["results"]] == [file]
    assert [each["file_id"] for each in pinned.call("search_vector_store", query="boiler")["results"]] == [file]
    assert pinned.call("read_file", file_id=file)["text"] == GUIDE
    assert [each["id"] for each in pinned.call("list_vector_stores")["vector_stores"]] == [store]
    gone = f"No vector store found with id '{other}'."
    assert pinned.refusal("fetch", id=f"{other}/{elsewhere}") == gone
    assert pinned.refusal("search_vector_store", vector_store_id=other, query="boiler") == gone
    assert pinned.refusal("read_file", vector_store_id=other, file_id=elsewhere) == gone


def test_a_file_that_is_not_ready(mcp: McpClient, openai_client: OpenAI, store: str, upload: Any) -> None:
    """A file without content says why."""
    file = upload(b"\0\1\2", "picture.png").id
    openai_client.vector_stores.files.create_and_poll(file, vector_store_id=store)
    assert "has no content to show: its status is 'failed'" in mcp.refusal("fetch", id=f"{store}/{file}")


class TestPage:
    """The page behind the url of a result."""

    def test_shows_the_passage(self, mcp: McpClient, store: str, attached: Attached, context: Any) -> None:
        """Whoever has the url, and no key, sees the passage in the text around it, with its headings; the page holds no
        script, and fetches nothing.
        """
        sizes = {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 20}
        text = "# <Guide>\n\n" + "\n\n".join(f"## Part {n}\n\n" + f"Owl {n} & co. sleeps. " * 20 for n in range(4))
        attached(store, text, "a <b>.md", chunking_strategy={"type": "static", "static": sizes})
        found = mcp.call("search", query="Owl 2 & co. sleeps", max_num_results=1)["results"][0]
        answer = httpx.get(found["url"], verify=context)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        page = answer.text
        assert "<script" not in page
        assert "<h1>a &lt;b&gt;.md</h1>" in page
        marked = unescape("".join(re.findall(r"<mark[^>]*>(.*?)</mark>", page, re.DOTALL)))
        start, end = found["location"]["start"], found["location"]["end"]
        assert marked == text[start:end]
        assert page.count(" id=passage") == 1
        shown = unescape("".join(re.findall(r"<p class=text>(.*?)</p>", re.sub("</?mark[^>]*>", "", page), re.DOTALL)))
        assert shown.split() == text[: len(shown) + 1].split() or shown.replace("\n", "") in text.replace("\n", "")

    def test_opens_at_the_right_page(
        self, mcp: McpClient, openai_client: OpenAI, store: str, upload: Any, context: Any
    ) -> None:
        """A result from a document with pages names its page, and so does the page behind its url."""
        book = io.BytesIO()
        drawn = canvas.Canvas(book, invariant=1)
        for number, animal in enumerate(("owl", "fox", "hare"), 1):
            for line in range(40):
                drawn.drawString(72, 780 - 18 * line, f"Line {line} about the {animal} of page {number}.")
            drawn.showPage()
        drawn.save()
        file = upload(book.getvalue(), "animals.pdf").id
        sizes = {"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 0}}
        row = openai_client.vector_stores.files.create_and_poll(
            file,
            vector_store_id=store,
            chunking_strategy=sizes,  # type: ignore[arg-type]
        )
        assert row.status == "completed", row.last_error
        [found] = mcp.call("search", query="line 20 about the fox of page 2", max_num_results=1)["results"]
        pages = found["location"]["first_page"], found["location"]["last_page"]
        assert 2 in pages
        where = "page 2" if pages == (2, 2) else f"pages {pages[0]} to {pages[1]}"
        assert found["title"] == f"animals.pdf ({where})"
        page = httpx.get(found["url"], verify=context).text
        heading = page[: page.index(" id=passage")].rpartition("<h2>")[2].partition("</h2>")[0]
        assert heading == where

    def test_of_a_deleted_file_is_gone(
        self, mcp: McpClient, openai_client: OpenAI, store: str, attached: Attached, context: Any
    ) -> None:
        """The url of a file that was deleted, detached, or whose store was deleted, shows nothing of it: 404."""
        files = [attached(store, f"The owl {n} sleeps.", f"{n}.txt").id for n in range(3)]
        urls = {each["file_id"]: each["url"] for each in mcp.call("search", query="owl")["results"]}
        openai_client.files.delete(files[0])
        openai_client.vector_stores.files.delete(files[1], vector_store_id=store)
        statuses = [httpx.get(urls[file], verify=context).status_code for file in files]
        assert statuses == [404, 404, 200]
        openai_client.vector_stores.delete(store)
        gone = httpx.get(urls[files[2]], verify=context)
        assert gone.status_code == 404
        assert "owl" not in gone.text
        assert gone.headers["content-type"].startswith("text/html")

    def test_cannot_be_changed(self, mcp: McpClient, store: str, attached: Attached, context: Any) -> None:
        """An address that was changed in any part opens nothing."""
        attached(store, GUIDE, "guide.md")
        secret = attached(store, "nothing about heating", "other.md").id
        [found] = mcp.call("search", query="boiler", max_num_results=1)["results"]
        url = found["url"].partition("#")[0]
        until = int(re.findall(r"until=(\d+)", url)[0])
        for changed in (
            url.replace(found["file_id"], secret),
            url.replace(f"until={until}", f"until={until + 3600}"),
            re.sub(r"at=\d+-\d+", "at=1-99", url),
            re.sub(r"&for=[0-9a-f]+", "", url),
            re.sub(r"for=[0-9a-f]{4}", "for=0000", url),
            url[:-1] + ("0" if url[-1] != "0" else "1"),
            url.partition("?")[0],
            url + "&more=1",
        ):
            assert changed != url
            assert httpx.get(changed, verify=context).status_code == 403, changed


class TestTenancy:
    """Keys, end users and grants."""

    def test_a_role_is_needed(self, mcp: McpClient, service: Service, store: str, attached: Attached, raw: Any) -> None:
        """Another end user finds nothing of a store until a role on it is granted to them, and nothing once it was
        taken back; then the urls that they got are of no use either.
        """
        file = attached(store, GUIDE, "guide.md").id
        other = McpClient(mcp.url, _headers(service.key, f"{mcp.headers['X-On-Behalf-Of']}-other"))
        gone = f"No vector store found with id '{store}'."
        permissions = f"/v1/vector_stores/{store}/permissions"

        def refused() -> None:
            assert other.call("search", query="boiler")["results"] == []
            assert other.call("list_vector_stores")["vector_stores"] == []
            assert other.refusal("search_vector_store", vector_store_id=store, query="boiler") == gone
            assert other.refusal("fetch", id=f"{store}/{file}") == gone
            assert other.refusal("read_file", vector_store_id=store, file_id=file) == gone

        refused()
        user = other.headers["X-On-Behalf-Of"]
        assert raw.post(permissions, json={"user_id": user, "role": "reader"}).status_code == 200
        [found] = other.call("search", query="boiler")["results"]
        assert user not in found["url"]
        assert httpx.get(found["url"]).status_code == 200
        assert raw.delete(f"{permissions}/{user}").status_code == 200
        refused()
        assert httpx.get(found["url"]).status_code == 404

    def test_another_project(self, administered: Administered) -> None:
        """A key of scope `read` is enough, and a store of another project is not found, also not as an endpoint."""
        project = new_project()
        owner = administered.client(administered.make(project, "write").value)
        store = owner.vector_stores.create(name="of another").id
        reader = McpClient(f"{administered.url}/mcp", _headers(administered.make(project, "read").value))
        assert [each["id"] for each in reader.call("list_vector_stores")["vector_stores"]] == [store]
        stranger = _headers(administered.make(new_project(), "admin").value)
        assert McpClient(reader.url, stranger).call("list_vector_stores")["vector_stores"] == []
        answer = httpx.post(
            f"{administered.url}/mcp/{store}",
            headers=stranger,
            json={"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25"}},
        )
        assert answer.status_code == 404
        assert answer.json()["error"]["message"] == f"No vector store found with id '{store}'."

    def test_without_a_key(self, administered: Administered) -> None:
        """A request without a valid key is a 401 that names where the resource is described, which needs no key."""
        url = f"{administered.url}/mcp"
        for headers in ({}, _headers("wrong")):
            answer = httpx.post(url, headers=headers, json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
            assert answer.status_code == 401
            assert answer.json()["error"]["code"] == -32000
            challenge = answer.headers["www-authenticate"]
            described = re.fullmatch(r'Bearer resource_metadata="([^"]+)"', challenge)
            assert described
            metadata = httpx.get(described[1]).json()
            assert (metadata["resource"], metadata["bearer_methods_supported"]) == (url, ["header"])
