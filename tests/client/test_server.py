"""The client of commands, against servers that answer oddly."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from vectorlog.client.server import Refused, Server, segment
from vectorlog.client.uploads import ContentChanged, Uploader

Answer = tuple[int, dict[str, str], bytes]
Serve = Callable[[Callable[[str, str, bytes], Answer]], AbstractContextManager[str]]


@pytest.fixture
def serve() -> Serve:
    """Serves what a function answers to a method, a path and a body."""

    @contextmanager
    def serve(answer: Callable[[str, str, bytes], Answer]) -> Iterator[str]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, headers, content = answer(self.command, self.path, body)
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_DELETE = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    return serve


def said(message: str, **more: str) -> bytes:
    return json.dumps({"error": {"message": message}, **more}).encode()


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'"x"', b"{}", b'{"data": 5}', b'{"data": {}}'])
@pytest.mark.long
def test_no_list(serve: Serve, content: bytes) -> None:
    """A server that is none of this API is told as such, whatever it answers."""
    with serve(lambda *_: (200, {}, content)) as url, pytest.raises(Refused, match="base URL") as error:
        list(Server(url, "k").items("/vector_stores"))
    assert error.value.status == 0


def test_field_that_is_missing(serve: Serve) -> None:
    """So is an answer without a field, however deep it is."""
    with serve(lambda *_: (200, {}, b'{"data": [{"id": "x", "counts": {}}]}')) as url:
        [found] = Server(url, "k").items("/x")
        with pytest.raises(Refused, match="no 'total'"):
            found["counts"]["total"]
        assert found.get("name") is None


def test_what_is_not_worth_repeating(serve: Serve) -> None:
    """A quota that is used up is told at once; a busy server is asked again."""
    asked: list[str] = []

    def answer(method: str, path: str, body: bytes) -> Answer:
        asked.append(path)
        if path == "/v1/quota":
            return 429, {"x-should-retry": "false", "retry-after": "10"}, said("no room")
        return (429, {"retry-after": "0"}, said("busy")) if len(asked) < 4 else (200, {}, b'{"ok": 1}')

    with serve(answer) as url:
        server = Server(url, "k")
        with pytest.raises(Refused, match=r"no room \(HTTP 429\)"):
            server.get("/quota")
        assert asked == ["/v1/quota"]
        assert server.get("/busy") == {"ok": 1}
        assert asked.count("/v1/busy") == 3


class Parts:
    """A server that takes `most` bytes in a request, and says so with `hint`."""

    def __init__(self, most: int, hint: str) -> None:
        self.most = most
        self.hint = hint
        self.requests: list[tuple[str, int]] = []
        self.files: list[bytes] = []
        self._parts: list[bytes] = []

    def __call__(self, method: str, path: str, body: bytes) -> Answer:
        self.requests.append((path.removeprefix("/v1"), len(body)))
        if path in ("/v1/files", "/v1/uploads/u/parts") and len(body) > self.most + 1000:
            return 413, {}, said(f"too large. {self.hint}")
        match path.removeprefix("/v1"):
            case "/files":
                self.files.append(self._content(body))
                return 200, {}, b'{"id": "file-1"}'
            case "/uploads":
                self._parts.clear()
                return 200, {}, b'{"id": "u"}'
            case "/uploads/u/parts":
                self._parts.append(self._content(body))
                return 200, {}, json.dumps({"id": str(len(self._parts))}).encode()
            case "/uploads/u/complete":
                self.files.append(b"".join(self._parts))
                return 200, {}, b'{"file": {"id": "file-2"}}'
            case _:
                return 200, {}, b"{}"

    @staticmethod
    def _content(form: bytes) -> bytes:
        """The content of the file in a form, which is its last field or followed by `purpose`."""
        boundary = form.partition(b"\r\n")[0]
        [part] = [each for each in form.split(boundary) if b"filename=" in each]
        return part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")


def upload(url: str, content: bytes, **other: Any) -> Callable[[], str]:
    uploader = Uploader(Server(url, "k"))
    given = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "key": "k", **other}
    return lambda: uploader.upload("a", io.BytesIO(content), **given)


def test_parts_of_the_size_that_is_named(serve: Serve) -> None:
    """A file that is refused as too large is sent in parts of the size that the server names; the next one at once."""
    content = bytes(range(256)) * 40_000  # 10 MB
    with serve(server := Parts(4 << 20, "with part_size=4194304).")) as url:
        send = upload(url, content)
        assert send() == "file-2"
        assert [path for path, _ in server.requests] == [
            *("/files", "/uploads", "/uploads/u/parts", "/uploads/u/parts", "/uploads/u/parts", "/uploads/u/complete")
        ]
        server.requests.clear()
        assert send() == "file-2"
        assert server.requests[0][0] == "/uploads"
    assert server.files == [content, content]


def test_parts_without_a_name(serve: Serve) -> None:
    """A server that does not say how much it takes gets parts of 4 MB."""
    content = b"x" * (9 << 20)
    with serve(server := Parts(4 << 20, "")) as url:
        assert upload(url, content)() == "file-2"
    assert server.files == [content]


def test_too_large_for_any_part(serve: Serve) -> None:
    """A server that takes no part either ends it with its own words; the upload is cancelled."""
    with serve(server := Parts(1 << 20, "")) as url, pytest.raises(Refused, match="too large"):
        upload(url, b"x" * (9 << 20))()
    assert server.requests[-1][0] == "/uploads/u/cancel"


@pytest.mark.parametrize("size", [100, 9 << 20])
def test_changed(serve: Serve, size: int) -> None:
    """Content that is other than what was hashed never becomes a file."""
    with serve(server := Parts(4 << 20, "")) as url, pytest.raises(ContentChanged):
        upload(url, b"x" * size, sha256="0")()
    assert server.files == []


@pytest.mark.parametrize(
    ("text", "quoted"),
    [("a/b", "a%2Fb"), ("..", "%2E%2E"), (".", "%2E"), ("a.b", "a.b"), ("\udcff", "%FF"), ("ä", "%C3%A4")],
)
def test_segment(text: str, quoted: str) -> None:
    """No id, whatever was typed, leads to another path."""
    assert segment(text) == quoted


def test_empty_segment() -> None:
    """An empty id would name the list that it is in."""
    with pytest.raises(Refused, match="empty"):
        segment("")
