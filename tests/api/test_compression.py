"""Which answers are compressed, and for whom."""

from __future__ import annotations

import gzip
from io import BufferedReader, FileIO

import pytest

from vectorlog.api.compression import MIN_BYTES, accepts_gzip, compressed
from vectorlog.api.response import Response

BODY = b"x" * MIN_BYTES


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("deflate, GZIP ; q=0.5", True),
        ("x-gzip", True),
        ("*", True),
        ("br;q=1.0, *;q=0.1", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("gzip;q=much", False),
        ("identity", False),
        ("br, zstd", False),
        ("", False),
    ],
)
def test_accepts_gzip(header: str, accepted: bool) -> None:
    """Only a client that says so gets gzip."""
    assert accepts_gzip(header) is accepted


@pytest.mark.parametrize("kind", ["application/json", "text/plain; charset=utf-8", "image/svg+xml"])
def test_text_is_compressed(kind: str) -> None:
    """Text of any kind is compressed, and both forms name the header on which they depend."""
    packed = compressed(Response(200, {"content-type": kind}, BODY), "gzip")
    assert isinstance(packed.body, bytes)
    assert gzip.decompress(packed.body) == BODY
    assert packed.headers == {"content-type": kind, "vary": "accept-encoding", "content-encoding": "gzip"}
    plain = compressed(Response(200, {"content-type": kind}, BODY), "identity")
    assert (plain.body, plain.headers["vary"]) == (BODY, "accept-encoding")


@pytest.mark.parametrize(
    "response",
    [
        Response(200, {"content-type": "application/json"}, BODY[1:]),
        Response(200, {"content-type": "application/pdf"}, BODY),
        Response(200, {"content-type": "image/png"}, BODY),
        Response(200, {"content-type": "application/json", "content-encoding": "br"}, BODY),
        Response(200, {"content-type": "text/plain"}, BufferedReader(FileIO(__file__))),
    ],
)
def test_left_as_it_is(response: Response) -> None:
    """What is small, compressed already, or sent from the disk is not compressed."""
    assert compressed(response, "gzip") is response
