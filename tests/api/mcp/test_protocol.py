"""The Model Context Protocol over HTTP, message by message. Answers are checked with the official SDK's types."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest
from mcp_types import methods

from vectorlog.api.input.json_text import Json
from vectorlog.api.mcp import descriptions, protocol, results
from vectorlog.api.mcp.messages import INVALID_PARAMS, Fault
from vectorlog.api.mcp.protocol import CAPABILITIES_KEY, VERSION_KEY

NEW, OLD = "2026-07-28", ("2025-11-25", "2025-06-18")
PARSE_ERROR, INVALID_REQUEST, NO_METHOD = -32700, -32600, -32601
MISMATCH, UNSUPPORTED = -32020, -32022


class Offer:
    """One tool, which repeats what it is given."""

    def instructions(self) -> str:
        return "about"

    def tools(self) -> Sequence[Json]:
        return descriptions.described(of_one_store=False)

    def call(self, name: str, arguments: Mapping[str, Any]) -> Json:
        if name != "echo":
            raise Fault(INVALID_PARAMS, "no such tool")
        return results.succeeded({"echo": dict(arguments)})


class Got(NamedTuple):
    """An answer: its status, and its body as JSON (None without one)."""

    status: int
    body: Any

    @property
    def code(self) -> int:
        code: int = self.body["error"]["code"]
        return code


def send(body: Any, **headers: str) -> Got:
    """Sends a body, as JSON unless it is bytes; `mcp_method` is the header mcp-method."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = protocol.answer(sent, named, Offer())
    return Got(answer.status, json.loads(answer.content) if answer.content else None)


def call(method: str, *, id: Any = 1, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


META = {VERSION_KEY: NEW, CAPABILITIES_KEY: {}}


def stateless(method: str, *, meta: Any = META, head: Mapping[str, str] | None = None, **params: Any) -> Got:
    """Sends a call of 2026-07-28, with the headers that belong to it unless others are given."""
    named = {"mcp_name": params["name"]} if method == "tools/call" and "name" in params else {}
    headers = {"mcp_protocol_version": NEW, "mcp_method": method, **named} if head is None else head
    return send(call(method, _meta=meta, **params), **headers)


def result(got: Got, method: str, version: str) -> Any:
    """Returns the result of an answer, which the SDK accepts for this version."""
    assert got.status == 200, got
    methods.validate_server_result(method, version, got.body["result"])
    assert (got.body["jsonrpc"], got.body["id"]) == ("2.0", 1)
    return got.body["result"]


class TestMessages:
    @pytest.mark.parametrize("body", [b"{", b"", b"\xff", b'{"a": 1, "a": 2}', b"[" * 100_000, b"NaN"])
    def test_no_json(self, body: bytes) -> None:
        """What cannot be read is a 400 with an error that has no id."""
        got = send(body)
        assert got.status == 400
        assert got.code in (PARSE_ERROR, INVALID_REQUEST)
        assert got.body["id"] is None

    @pytest.mark.parametrize("version", [*OLD, NEW])
    def test_batches_are_refused(self, version: str) -> None:
        """Several messages in one request are refused: 2025-06-18 took them out of the protocol."""
        got = send([call("ping")], mcp_protocol_version=version)
        assert (got.status, got.code) == (400, INVALID_REQUEST)
        assert "one message" in got.body["error"]["message"]

    @pytest.mark.parametrize(
        "message",
        [
            {"id": 1, "method": "ping"},
            {"jsonrpc": "1.0", "id": 1, "method": "ping"},
            {"jsonrpc": "2.0", "id": 1},
            {"jsonrpc": "2.0", "id": 1, "method": 5},
            {"jsonrpc": "2.0", "id": None, "method": "ping"},
            {"jsonrpc": "2.0", "id": True, "method": "ping"},
            {"jsonrpc": "2.0", "id": 1.5, "method": "ping"},
            {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []},
            "ping",
        ],
    )
    def test_no_message(self, message: Any) -> None:
        """JSON that is no message of JSON-RPC is a 400."""
        got = send(message)
        assert (got.status, got.code) == (400, INVALID_REQUEST)

    @pytest.mark.parametrize("version", [None, *OLD, NEW])
    @pytest.mark.parametrize(
        "message",
        [
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}},
            {"jsonrpc": "2.0", "id": 1, "result": {}},
        ],
    )
    def test_notifications(self, version: str | None, message: dict[str, Any]) -> None:
        """What wants no answer is accepted, with an empty body."""
        headers = {} if version is None else {"mcp_protocol_version": version}
        assert send(message, **headers) == (202, None)

    def test_notification_of_an_unknown_version(self) -> None:
        """A version that is not served is refused whatever the message is."""
        got = send({"jsonrpc": "2.0", "method": "notifications/initialized"}, mcp_protocol_version="2030-01-01")
        assert (got.status, got.code) == (400, UNSUPPORTED)

    @pytest.mark.parametrize("id", [0, -3, "", "a", 2**53])
    def test_ids(self, id: Any) -> None:
        """An answer has the id of its call."""
        assert send(call("ping", id=id)).body == {"jsonrpc": "2.0", "id": id, "result": {}}


class TestHandshake:
    @pytest.mark.parametrize(
        ("wanted", "agreed"),
        [("2025-11-25", "2025-11-25"), ("2025-06-18", "2025-06-18"), ("2024-11-05", OLD[0]), ("2030-01-01", OLD[0])],
    )
    def test_initialize(self, wanted: str, agreed: str) -> None:
        """A version that is spoken is agreed upon, and the newest one is offered for any other."""
        sent = call("initialize", protocolVersion=wanted, capabilities={}, clientInfo={"name": "a", "version": "1"})
        found = result(send(sent), "initialize", agreed)
        assert (found["protocolVersion"], found["serverInfo"]["name"]) == (agreed, "vectorlog")
        assert found["capabilities"] == {"tools": {"listChanged": False}}

    @pytest.mark.parametrize("version", [None, *OLD])
    def test_methods(self, version: str | None) -> None:
        """The methods of the versions with a handshake, with or without their header."""
        headers = {} if version is None else {"mcp_protocol_version": version}
        as_version = version or OLD[0]
        assert result(send(call("ping"), **headers), "ping", as_version) == {}
        tools = result(send(call("tools/list"), **headers), "tools/list", as_version)["tools"]
        assert [each["name"] for each in tools] == list(descriptions.TOOLS)
        called = send(call("tools/call", name="echo", arguments={"a": 1}), **headers)
        found = result(called, "tools/call", as_version)
        assert found["structuredContent"] == json.loads(found["content"][0]["text"]) == {"echo": {"a": 1}}
        assert "resultType" not in found

    @pytest.mark.parametrize("method", ["resources/list", "prompts/list", "logging/setLevel", "tools/run", "server/x"])
    def test_unknown_methods(self, method: str) -> None:
        """A method that there is not is an error of JSON-RPC, in an answer that is a 200."""
        got = send(call(method), mcp_protocol_version=OLD[0])
        assert (got.status, got.code, got.body["id"]) == (200, NO_METHOD, 1)

    @pytest.mark.parametrize(
        "sent",
        [
            call("tools/call", name="none"),
            call("tools/call"),
            call("tools/call", name=5),
            call("tools/call", name="echo", arguments=[]),
            call("tools/list", cursor="x"),
            call("initialize"),
        ],
    )
    def test_wrong_params(self, sent: dict[str, Any]) -> None:
        """Params that are wrong are an error of JSON-RPC."""
        got = send(sent)
        assert (got.status, got.code) == (200, INVALID_PARAMS)

    @pytest.mark.parametrize("version", ["2025-03-26", "2030-01-01", "", "latest"])
    def test_versions_that_are_not_spoken(self, version: str) -> None:
        """A header with another version is a 400 that says which there are."""
        got = send(call("tools/list"), mcp_protocol_version=version)
        assert (got.status, got.code) == (400, UNSUPPORTED)
        assert got.body["error"]["data"] == {"supported": [NEW, *OLD], "requested": version}


class TestStateless:
    def test_discover(self) -> None:
        """A client learns the versions and capabilities in one request, and may remember them for a while."""
        found = result(stateless("server/discover"), "server/discover", NEW)
        assert found["supportedVersions"] == [NEW, *OLD]
        assert (found["resultType"], found["cacheScope"]) == ("complete", "private")
        assert found["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "vectorlog"

    def test_tools(self) -> None:
        """Tools are listed and called without anything before."""
        listed = result(stateless("tools/list"), "tools/list", NEW)
        assert [each["name"] for each in listed["tools"]] == list(descriptions.TOOLS)
        found = result(stateless("tools/call", name="echo", arguments={"a": 1}), "tools/call", NEW)
        assert (found["structuredContent"], found["resultType"]) == ({"echo": {"a": 1}}, "complete")

    @pytest.mark.parametrize("method", ["initialize", "ping", "resources/list", "subscriptions/listen"])
    def test_unknown_methods(self, method: str) -> None:
        """A method that this version does not have, or this server does not offer, is a 404."""
        got = stateless(method)
        assert (got.status, got.code) == (404, NO_METHOD)

    @pytest.mark.parametrize("meta", [None, {}, [], {VERSION_KEY: NEW}, {CAPABILITIES_KEY: {}}])
    def test_meta_is_needed(self, meta: Any) -> None:
        """A request says which version it is of, and what its client can."""
        got = stateless("tools/list", meta=meta)
        assert (got.status, got.code) == (400, INVALID_PARAMS)

    @pytest.mark.parametrize(
        "head",
        [
            {},
            {"mcp_method": "tools/call", "mcp_name": "echo"},
            {"mcp_protocol_version": NEW, "mcp_name": "echo"},
            {"mcp_protocol_version": NEW, "mcp_method": "tools/list", "mcp_name": "echo"},
            {"mcp_protocol_version": NEW, "mcp_method": "tools/call"},
            {"mcp_protocol_version": NEW, "mcp_method": "tools/call", "mcp_name": "search"},
            {"mcp_protocol_version": NEW, "mcp_method": "tools/call", "mcp_name": "echo, echo"},
            {"mcp_protocol_version": NEW, "mcp_method": "tools/call", "mcp_name": "=?base64?!?="},
        ],
    )
    def test_headers_say_the_same(self, head: dict[str, str]) -> None:
        """Headers that differ from the message are refused: what stands between may have gone by them."""
        got = stateless("tools/call", head=head, name="echo")
        assert (got.status, got.code) == (400, MISMATCH)

    def test_names_in_base64(self) -> None:
        """A name may be encoded in its header."""
        name = f"=?base64?{base64.b64encode(b'echo').decode()}?="
        head = {"mcp_protocol_version": NEW, "mcp_method": "tools/call", "mcp_name": name}
        assert stateless("tools/call", head=head, name="echo").status == 200

    def test_unknown_version(self) -> None:
        """A version that is not spoken is refused with those that are."""
        got = stateless(
            "tools/list",
            meta={**META, VERSION_KEY: "2027-01-01"},
            head={"mcp_protocol_version": "2027-01-01", "mcp_method": "tools/list"},
        )
        assert (got.status, got.code) == (400, UNSUPPORTED)
        assert NEW in got.body["error"]["data"]["supported"]

    def test_wrong_params(self) -> None:
        """An unknown tool is a 400."""
        got = stateless("tools/call", name="none")
        assert (got.status, got.code, got.body["id"]) == (400, INVALID_PARAMS, 1)
