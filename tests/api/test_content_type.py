"""The Content-Type of downloads."""

from __future__ import annotations

import pytest

from vectorlog.api.content_type import HEAD_BYTES, served_as

UTF16 = "text".encode("utf-16")
BINARY = b"\x89\0\xff"


@pytest.mark.parametrize(
    ("declared", "filename", "head", "served"),
    [
        ("application/pdf", "a.txt", BINARY, "application/pdf"),
        ("Application/JSON; charset=utf-8", "a", b"{}", "application/json"),
        ("text/html", "a", b"<p>", "text/html; charset=utf-8"),
        ("text/csv", "a", b"caf\xe9", "text/csv"),
        ("application/octet-stream", "a.png", BINARY, "image/png"),
        ("application/octet-stream", "a.md", b"# a", "text/markdown; charset=utf-8"),
        ("application/octet-stream", "Makefile", b"all:", "text/plain; charset=utf-8"),
        ("application/octet-stream", "a", b"", "text/plain; charset=utf-8"),
        ("application/octet-stream", "a", b"a" + "é".encode() * HEAD_BYTES, "text/plain; charset=utf-8"),
        ("application/octet-stream", "a", "é".encode()[:1], "application/octet-stream"),
        ("application/octet-stream", "a", BINARY, "application/octet-stream"),
        ("text/x-rust", "a.rs", b"fn", "text/plain; charset=utf-8"),
        ("text/x-rust", "a.rs", UTF16, "text/plain"),
        ("", "a.ts", b"let a", "text/plain; charset=utf-8"),
        ("application/zip", "a.zip", BINARY, "application/zip"),
        ("nonsense", "a", BINARY, "application/octet-stream"),
        ("text/\xe9", "a", b"a", "text/plain; charset=utf-8"),
    ],
)
def test_a_download_has_its_real_type(declared: str, filename: str, head: bytes, served: str) -> None:
    """The type that the uploader declared, or else that of the name; other text is text/plain, and a charset is named
    only if it is right.
    """
    assert served_as(declared, filename, lambda size: head[:size]) == served
