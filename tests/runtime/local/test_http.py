"""What the local edition's HTTP promises to clients and to the app behind it; driven over ASGI, without sockets."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vectorlog.api.app import Admitted, Room, endless
from vectorlog.api.input.form import Form, FormRule
from vectorlog.api.input.multipart import FORM_OVERHEAD_BYTES, FormReader
from vectorlog.api.request import Request
from vectorlog.api.response import Response, StoredBytes, json_response
from vectorlog.domain.errors import NoSpace
from vectorlog.runtime.local.body import WHOLE
from vectorlog.runtime.local.http import asgi_app
from vectorlog.runtime.local.request_log import RequestLine


@dataclass
class App:
    """Answers every request in the same way, and remembers what it was asked."""

    response: Response = field(default_factory=lambda: json_response({"ok": True}))
    error: Exception | None = None
    keep_as: Path | None = None
    file: Path | None = None
    refusal: Response | None = None
    heads: list[Request] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)
    threads: list[str] = field(default_factory=list)
    upload_limit: int = 1_000_000

    def admit(self, head: Request) -> Response | Admitted:
        self.heads.append(head)
        if self.refusal is not None:
            return self.refusal
        form = FormRule("file", self.upload_limit, "Send it in parts.") if head.is_form else None
        return Admitted(self.answer, form, True, self.response.operation, self.response.project or "")

    def answer(self, request: Request) -> Response:
        self.asked.append(request)
        self.threads.append(threading.current_thread().name)
        try:
            if isinstance(request.body, Form):
                file = request.body.files["file"].content
                self.files.append(file if isinstance(file, bytes) else file.read_bytes())
                if self.keep_as is not None and isinstance(file, Path):
                    file.rename(self.keep_as)
            if self.error is not None:
                raise self.error
            return self.response if self.file is None else replace(self.response, body=self.file.open("rb"))
        finally:
            if isinstance(request.body, Form):
                request.body.discard()


async def _served(asgi: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await asgi(scope, receive, send)


@dataclass
class Reply:
    """What the client got."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> Any:
        return json.loads(self.body)["error"]


@dataclass
class Client:
    """Sends requests over ASGI."""

    folder: Path
    app: App
    body_limit: int = 1000
    log: list[RequestLine] = field(default_factory=list)
    on_start: Callable[[], None] = lambda: None
    room: Room = endless
    take: Room = endless
    whole: bool = False
    quick: bool = False

    @property
    def spooled(self) -> list[Path]:
        return list((self.folder / "spool").iterdir())

    def send(
        self, method: str, pieces: Sequence[bytes] = (b"",), *, cut: bool = False, leaves: bool = False, **headers: str
    ) -> Reply | None:
        """The reply to a request whose body comes in these pieces, None if there was none.

        `leaves`: the client goes away after its body; `cut`: before the end of its body.
        """
        last = len(pieces) - 1
        waiting: list[Message] = [
            {"type": "http.request", "body": piece, "more_body": cut or number < last}
            for number, piece in enumerate(pieces)
        ]
        sent: list[Message] = []

        async def receive() -> Message:
            if not waiting and not (cut or leaves):
                await asyncio.Event().wait()
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)
            if message["type"] == "http.response.start":
                self.on_start()

        scope: Scope = {
            "type": "http",
            "method": method,
            "path": "/v1/x",
            "query_string": b"a=1&a=2&b=",
            "headers": [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()],
        }
        if self.whole:
            scope["state"] = {WHOLE: True}
        with ThreadPoolExecutor(1, thread_name_prefix="pool") as threads:
            asgi = asgi_app(
                self.app.admit,
                threads,
                self.folder / "spool",
                body_limit=self.body_limit,
                on_request=self.log.append,
                room=self.room,
                take=self.take,
                quick=lambda _: self.quick,
            )
            asyncio.run(_served(asgi, scope, receive, send))
        if not sent or leaves:
            return None
        assert not sent[-1].get("more_body")
        got = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], got, b"".join(message["body"] for message in sent[1:]))

    def ask(self, method: str, pieces: Sequence[bytes] = (b"",), **headers: str) -> Reply:
        """The reply, where there must be one."""
        reply = self.send(method, pieces, cut=False, leaves=False, **headers)
        assert reply is not None
        return reply

    def upload(self, content: bytes, *, pieces: int = 1, length: bool = True) -> Reply:
        """The reply to a form with a file, cut in about so many pieces."""
        request = httpx.Request("POST", "http://x", files={"file": ("ä.txt", content)}, data={"purpose": "assistants"})
        body = request.read()
        step = len(body) // pieces + 1
        headers = {"content_type": request.headers["content-type"]} | (
            {"content_length": str(len(body))} if length else {}
        )
        return self.ask("POST", [body[start : start + step] for start in range(0, len(body), step)], **headers)


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """A client of an app that always answers the same."""
    return Client(tmp_path, App())


class TestEveryAnswer:
    def test_is_signed(self, client: Client) -> None:
        """Each answer has an id of our own, known to the app too, whatever the client calls its request, and says how
        long it took.
        """
        first, second = client.ask("GET", x_request_id="mine"), client.ask("GET")
        assert first.headers["x-request-id"] != second.headers["x-request-id"]
        assert first.headers["x-request-id"].startswith("req_")
        assert len(first.headers["x-request-id"]) == 36
        assert client.app.asked[0].request_id == first.headers["x-request-id"]
        assert first.headers["openai-processing-ms"].isdecimal()
        assert first.headers["content-length"] == str(len(first.body))

    def test_is_logged(self, client: Client) -> None:
        """The log line tells what was asked and answered, by which route, for which project."""
        client.app.response = replace(client.app.response, project="acme", operation="getFile")
        reply = client.ask("POST", [b"{", b"}"])
        (line,) = client.log
        assert (line.method, line.path, line.status, line.project, line.operation, line.bytes_in, line.bytes_out) == (
            "POST",
            "/v1/x",
            200,
            "acme",
            "getFile",
            2,
            11,
        )
        assert line.request_id == reply.headers["x-request-id"]
        assert "acme" not in str(reply.headers)

    def test_error_that_escapes(self, client: Client, caplog: pytest.LogCaptureFixture) -> None:
        """A defect is a 500 in the envelope that quotes the id but nothing of the inside; the log has the traceback."""
        client.app.error = RuntimeError("secret")
        reply = client.ask("GET")
        assert reply.status == 500
        assert reply.error["type"] == "server_error"
        assert set(reply.error) == {"message", "type", "param", "code"}
        assert reply.headers["x-request-id"] in reply.error["message"]
        assert b"secret" not in reply.body
        assert "RuntimeError: secret" in caplog.text
        assert client.log[0].status == 500


class TestBody:
    def test_arrives_whole(self, client: Client) -> None:
        """The app gets the body in one piece, with its content type and its query."""
        client.ask("POST", [b'{"a":', b" 1}"], content_type="application/json", transfer_encoding="chunked")
        (request,) = client.app.asked
        assert request.body == b'{"a": 1}'
        assert request.headers["content-type"] == "application/json"
        assert (request.method, request.path, request.query) == ("POST", "/v1/x", {"a": ["1", "2"], "b": [""]})

    @pytest.mark.parametrize("length", [{"content_length": "1001"}, {}])
    def test_over_the_limit(self, client: Client, length: dict[str, str]) -> None:
        """A body over the limit is a 413 that says the limit and the way out, and never reaches the app."""
        reply = client.ask("POST", [b"x" * 500, b"x" * 501], **length)
        assert (reply.status, reply.error["code"]) == (413, "request_too_large")
        assert "1,000 bytes" in reply.error["message"]
        assert "/v1/files" in reply.error["message"]
        assert client.app.asked == []

    @pytest.mark.parametrize("pieces", [[1000], [500, 500], [999, 1]])
    def test_at_the_limit(self, client: Client, pieces: list[int]) -> None:
        """A body of exactly the limit reaches the app whole, whatever pieces it arrives in."""
        reply = client.ask("POST", [b"x" * size for size in pieces])
        assert reply.status == 200
        [asked] = client.app.asked
        assert asked.body == b"x" * client.body_limit

    @pytest.mark.parametrize("length", ["1001", "18446744073709551615", "9" * 100])
    def test_announced_over_the_limit_is_not_read(self, client: Client, length: str) -> None:
        """A length that says too much is refused before a byte is read."""
        assert client.ask("POST", [b"x"], content_length=length).status == 413
        assert client.log[0].bytes_in == 0

    def test_not_utf8(self, client: Client) -> None:
        """Bytes that are no text are the client's error, not a 500; headers that are not UTF-8 are taken as Latin-1."""
        reply = client.ask("POST", [b'{"a": "\xff"}'])
        assert (reply.status, reply.error["type"]) == (400, "invalid_request_error")
        assert "byte 7" in reply.error["message"]
        assert client.ask("GET", x_name="J\xfcrgen").status == 200
        assert client.app.asked[0].headers["x-name"] == "Jürgen"

    def test_client_leaves(self, client: Client) -> None:
        """A request that was cut off is not served."""
        assert client.send("POST", [b"{"], cut=True) is None
        assert client.app.asked == []
        assert client.log[0].status == 499


class TestUpload:
    @pytest.mark.parametrize("pieces", [1, 7])
    def test_is_spooled(self, client: Client, pieces: int) -> None:
        """The app gets the fields and the spooled file; the file is gone after the answer, since the app did not keep
        it.
        """
        reply = client.upload(b"\xff" * 1000, pieces=pieces)
        assert reply.status == 200
        form = client.app.asked[0].body
        assert isinstance(form, Form)
        assert form.fields == {"purpose": ["assistants"]}
        assert (form.files["file"].filename, form.files["file"].size) == ("ä.txt", 1000)
        assert client.app.files == [b"\xff" * 1000]
        assert client.spooled == []

    def test_may_be_kept(self, client: Client) -> None:
        """A file that the app moved away stays, with all its bytes; it may be larger than a JSON body."""
        content = bytes(range(256)) * 3000
        client.app.keep_as = client.folder / "kept"
        assert client.upload(content, pieces=20).status == 200
        assert client.app.keep_as.read_bytes() == content

    def test_app_fails(self, client: Client) -> None:
        """An error of the app leaves no file behind."""
        client.app.error = RuntimeError()
        assert client.upload(b"1").status == 500
        assert client.spooled == []

    @pytest.mark.parametrize("length", [True, False])
    def test_over_the_limit(self, client: Client, length: bool) -> None:
        """A file over the limit is a 413 with the way out; neither app nor disk sees it."""
        client.app.upload_limit = 100
        reply = client.upload(b"x" * 101, length=length)
        assert (reply.status, reply.error["code"]) == (413, "request_too_large")
        assert reply.error["message"] == "Send it in parts."
        assert client.app.asked == []
        assert client.spooled == []

    def test_announced_over_the_limit_is_not_read(self, client: Client) -> None:
        """A length that no form within the limit can have is refused before a byte is read."""
        too_long = str(client.app.upload_limit + FORM_OVERHEAD_BYTES + 1)
        assert client.ask("POST", content_type="multipart/form-data; boundary=x", content_length=too_long).status == 413
        assert client.log[0].bytes_in == 0

    def test_broken(self, client: Client) -> None:
        """A malformed form is a 400."""
        reply = client.ask("POST", [b"nonsense"], content_type="Multipart/Form-Data; boundary=x")
        assert (reply.status, reply.error["type"]) == (400, "invalid_request_error")
        assert client.app.asked == []

    def test_client_leaves(self, client: Client) -> None:
        """An upload that was cut off calls nothing and leaves nothing, however much had arrived."""
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        client.app.upload_limit = 2_000_000
        assert (
            client.send("POST", [head + b"1" * 1_200_000], cut=True, content_type="multipart/form-data; boundary=x")
            is None
        )
        assert client.app.asked == []
        assert client.spooled == []
        assert client.log[0].status == 499

    def test_leftovers_of_a_crash(self, client: Client) -> None:
        """A start removes what a crash left in the spool."""
        client.upload(b"1")
        (client.folder / "spool" / "upload-old").touch()
        client.ask("GET")
        assert client.spooled == []


def path_of(client: Client) -> Path:
    assert client.app.file is not None
    return client.app.file


class TestWhole:
    """A body that has arrived with its head is treated as one that comes later."""

    @pytest.fixture
    def client(self, client: Client) -> Client:
        client.whole = True
        return client

    @pytest.mark.parametrize("pieces", [[b"[1]"], [b"[", b"1]"], [b""]])
    def test_body(self, client: Client, pieces: list[bytes]) -> None:
        """The app gets the whole body, on a thread of the pool."""
        assert client.ask("POST", pieces).status == 200
        assert [request.body for request in client.app.asked] == [b"".join(pieces)]
        assert client.app.threads[0].startswith("pool")
        assert client.log[0].bytes_in == len(b"".join(pieces))

    def test_quick(self, client: Client) -> None:
        """A request that only reads a few rows is answered on the event loop."""
        client.quick = True
        assert client.ask("GET").status == 200
        assert client.app.threads == [threading.current_thread().name]

    def test_a_quick_request_that_fails(self, client: Client) -> None:
        """An error of such a request is a 500 like any other."""
        client.quick, client.app.error = True, RuntimeError()
        assert client.ask("GET").status == 500

    def test_refused(self, client: Client) -> None:
        """What is refused by its head is not parsed."""
        client.app.refusal = json_response({}, 401)
        assert client.ask("POST", [b"{"]).status == 401
        assert client.app.asked == []

    def test_limits(self, client: Client) -> None:
        """A body over the limit is a 413, and one that is not UTF-8 a 400."""
        assert client.ask("POST", [b"x" * 1001]).status == 413
        assert client.ask("POST", [b"\xff"]).status == 400
        assert client.app.asked == []

    @pytest.mark.parametrize("size", [1000, 200_000])
    def test_form(self, client: Client, size: int) -> None:
        """A form's file arrives, and nothing of it stays."""
        assert client.upload(b"\xff" * size, pieces=3).status == 200
        assert client.app.files == [b"\xff" * size]
        assert client.spooled == []

    def test_wrong_forms(self, client: Client) -> None:
        """A file over the limit is a 413, a broken form a 400, and a full disk a 507; nothing stays."""
        client.app.upload_limit = 100
        assert client.upload(b"x" * 101).status == 413
        assert client.ask("POST", [b"--x"], content_type="multipart/form-data; boundary=x").status == 400

        def full(_: int) -> None:
            raise NoSpace("full")

        client.room = full
        assert client.upload(b"x").status == 507
        assert client.app.asked == []
        assert client.spooled == []

    def test_client_leaves(self, client: Client) -> None:
        """The body of a client that has left is not asked about."""
        assert client.send("POST", [b"{"], cut=True) is None
        assert (client.log[0].status, client.app.asked) == (499, [])


class TestFile:
    CONTENT = bytes(range(256)) * 3000

    @pytest.fixture
    def client(self, client: Client) -> Client:
        """The app answers with a file larger than one chunk."""
        path = client.folder / "blöb"
        path.write_bytes(self.CONTENT)
        client.app.response = Response(200, {"content-type": "text/plain"})
        client.app.file = path
        return client

    def test_whole(self, client: Client) -> None:
        """The client gets the file's bytes and length, and no word of where it lies."""
        reply = client.ask("GET")
        assert (reply.status, reply.body) == (200, self.CONTENT)
        assert reply.headers["content-length"] == str(len(self.CONTENT))
        assert reply.headers["content-type"] == "text/plain"
        assert str(client.folder) not in str(reply.headers)
        assert client.log[0].bytes_out == len(self.CONTENT)

    @pytest.mark.parametrize(
        ("wanted", "start", "stop"),
        [
            ("bytes=0-0", 0, 1),
            ("bytes=100-299999", 100, 300_000),
            ("bytes=767999-", 767_999, 768_000),
            ("bytes=-5", 767_995, 768_000),
            ("bytes=5-9999999", 5, 768_000),
        ],
    )
    def test_range(self, client: Client, wanted: str, start: int, stop: int) -> None:
        """A range is answered with those bytes alone."""
        reply = client.ask("GET", range=wanted)
        assert (reply.status, reply.body) == (206, self.CONTENT[start:stop])
        assert reply.headers["content-range"] == f"bytes {start}-{stop - 1}/768000"
        assert reply.headers["content-length"] == str(stop - start)

    @pytest.mark.parametrize("wanted", ["bytes=768000-", "bytes=-0"])
    def test_range_outside(self, client: Client, wanted: str) -> None:
        """A range without bytes is a 416 that tells the size."""
        reply = client.ask("GET", range=wanted)
        assert (reply.status, reply.headers["content-range"]) == (416, "bytes */768000")
        assert str(wanted) in reply.error["message"]

    @pytest.mark.parametrize(
        "wanted", ["bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=-", "bytes=" + "9" * 5000 + "-"]
    )
    def test_range_that_is_none(self, client: Client, wanted: str) -> None:
        """A header that is not one range of bytes is ignored."""
        assert client.ask("GET", range=wanted).status == 200

    def test_head(self, client: Client) -> None:
        """HEAD tells the length without the bytes."""
        reply = client.ask("HEAD", range="bytes=0-0")
        assert (reply.status, reply.headers["content-length"], reply.body) == (200, "768000", b"")

    def test_empty(self, client: Client) -> None:
        """An empty file is an empty answer."""
        path_of(client).write_bytes(b"")
        assert client.ask("GET").body == b""
        assert client.ask("GET", range="bytes=0-").status == 416

    @pytest.mark.parametrize("headers", [{}, {"range": "bytes=5-"}])
    def test_deleted_after_the_headers(self, client: Client, headers: dict[str, str]) -> None:
        """A file that is deleted once its download has begun is sent to its end."""
        client.on_start = path_of(client).unlink
        reply = client.ask("GET", [b""], **headers)
        assert reply.body == self.CONTENT[5 if headers else 0 :]
        assert not path_of(client).exists()

    def test_client_leaves(self, client: Client) -> None:
        """Nothing more is read for a client that has left."""
        client.send("GET", leaves=True)
        assert client.log[0].bytes_out < len(self.CONTENT)


class TestStoredBytes:
    """A stored file that is in memory is sent as one on the disk is."""

    CONTENT = bytes(range(256)) * 200
    STORED_AT = 1_700_000_000_123

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"range": "bytes=0-0"},
            {"range": "bytes=100-299"},
            {"range": "bytes=51199-"},
            {"range": "bytes=-5"},
            {"range": "bytes=-99999"},
            {"range": "bytes=5-9999999"},
            {"range": "bytes=5-2"},
            {"range": "bytes=0-1,4-5"},
            {"range": "bytes=51200-"},
            {"range": "bytes=1-3", "if_range": "Tue, 14 Nov 2023 22:13:20 GMT"},
            {"range": "bytes=1-3", "if_range": '"another"'},
        ],
    )
    def test_as_a_file(self, client: Client, method: str, headers: dict[str, str]) -> None:
        """Status, headers and bytes are those of a file with the same bytes and time."""
        path = client.folder / "file"
        path.write_bytes(self.CONTENT)
        os.utime(path, ns=(self.STORED_AT * 1_000_000,) * 2)
        client.app.response, client.app.file = Response(200, {"content-type": "text/plain"}), path
        of_file = client.ask(method, [b""], **headers)
        client.app.file = None
        client.app.response = replace(client.app.response, body=StoredBytes(self.CONTENT, self.STORED_AT))
        of_memory = client.ask(method, [b""], **headers)
        changing = {"x-request-id", "openai-processing-ms", "date"}
        seen = [{k: v for k, v in each.headers.items() if k not in changing} for each in (of_file, of_memory)]
        assert (of_memory.status, seen[1]) == (of_file.status, seen[0])
        assert of_memory.status == 416 or of_memory.body == of_file.body

    def test_empty(self, client: Client) -> None:
        """Of no bytes there is no range."""
        client.app.response = Response(200, {}, StoredBytes(b"", self.STORED_AT))
        assert (client.ask("GET").status, client.ask("GET").body) == (200, b"")
        assert client.ask("GET", range="bytes=0-").status == 416


class TestHeadFirst:
    """The head of a request decides before its body is received."""

    FORM: ClassVar[dict[str, str]] = {"content_type": "multipart/form-data; boundary=x"}

    @pytest.mark.parametrize("headers", [FORM, {}])
    def test_refused_from_its_head(self, client: Client, headers: dict[str, str]) -> None:
        """Of a request that is refused for its route or its key no byte is received, so none reaches the disk."""
        client.app.refusal = Response(401)
        reply = client.ask("POST", [b"x" * 100, b"y"], **headers)
        assert (reply.status, client.log[0].bytes_in, client.app.asked, client.spooled) == (401, 0, [], [])

    def test_head_is_all_that_decides(self, client: Client) -> None:
        """The decision sees the headers, but no body."""
        client.ask("POST", [b"{}"], authorization="Bearer a")
        (head,) = client.app.heads
        assert (head.headers["authorization"], head.body) == ("Bearer a", b"")


class TestFullDisk:
    def test_while_an_upload_arrives(self, client: Client) -> None:
        """An upload that no longer fits is a 507, and what had arrived of it is removed."""
        taken: list[int] = []

        def take(length: int) -> None:
            taken.append(length)
            if sum(taken) > 3_000_000:
                raise NoSpace("full")

        client.take, client.app.upload_limit = take, 10_000_000
        reply = client.upload(b"x" * 5_000_000, pieces=10)
        assert (reply.status, reply.error["code"]) == (507, "insufficient_storage")
        assert client.app.asked == []
        assert client.spooled == []

    def test_announced(self, client: Client) -> None:
        """An upload whose length does not fit is refused before a byte of it arrives, unless it is too large anyway."""

        def room(length: int) -> None:
            if length > 500:
                raise NoSpace("full")

        client.room = room
        assert client.upload(b"x" * 1000).status == 507
        assert client.log[0].bytes_in == 0
        assert client.upload(b"x" * 10).status == 200
        client.app.upload_limit = 100
        assert client.upload(b"x" * (FORM_OVERHEAD_BYTES + 1000)).status == 413

    def test_unexpectedly(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        """A write that the disk refuses is a 507 too, not a 500."""

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(FormReader, "feed", full)
        reply = client.upload(b"x")
        assert (reply.status, reply.error["type"]) == (507, "server_error")
        assert "disk is full" in reply.error["message"]


class TestTrustedHosts:
    @pytest.mark.parametrize(("host", "status"), [("localhost:8080", 200), ("evil.example", 400), ("", 400)])
    def test_host(self, tmp_path: Path, host: str, status: int) -> None:
        """With trusted hosts, a request for another host is refused in the envelope and never reaches the app."""
        app, lines = App(), list[RequestLine]()

        async def ask(threads: ThreadPoolExecutor) -> httpx.Response:
            asgi = asgi_app(
                app.admit,
                threads,
                tmp_path,
                body_limit=1,
                on_request=lines.append,
                trusted_hosts=["localhost"],
            )
            async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url="http://x") as client:
                return await client.get("/v1/files", headers={"host": host})

        with ThreadPoolExecutor(1) as threads:
            answer = asyncio.run(ask(threads))
        assert answer.status_code == status
        assert answer.headers["x-request-id"].startswith("req_")
        assert len(app.asked) == (status == 200)
        if status == 400:
            assert answer.json()["error"]["type"] == "invalid_request_error"
            assert "host" in answer.json()["error"]["message"].lower()
