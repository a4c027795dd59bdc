"""A file without text fails, whatever its format, and says what it has that is not read."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable

import pytest

from vectorlog.ingest.document import Text, Unreadable

Read = Callable[[bytes, str], Text]


def _zip(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return out.getvalue()


def _nested(levels: int) -> bytes:
    data = _zip({"a.txt": b"text"})
    for _ in range(levels):
        data = _zip({"a.zip": data})
    return data


_FOLDER = b"From a Mon Jan  1 00:00:00 2024\nFrom: \n\n\n"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.mbox", _FOLDER),
        ("a.zip", _zip({"in.mbox": _FOLDER})),
        ("a.zip", _zip({"a.txt": b" \n", "b.json": b"[{}]"})),
        ("a.csv", b",,,\n,,,\n"),
        ("a.txt", b"---\n"),
        ("a.json", b'[{"a":null},{"a":[]}]'),
        ("a.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\n\n"),
        ("a.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": [], "outputs": []}]}).encode()),
        ("a.tex", b"\\begin{document}\\maketitle\\end{document}"),
        ("a.rtf", b"{\\rtf1 {\\pict 00}}"),
        ("a.txt.gz", gzip.compress(b"\n")),
    ],
)
def test_names_that_we_gave_are_no_text(name: str, data: bytes, read: Read) -> None:
    """Headings such as `Message 1` or a member's name do not make an empty file complete."""
    with pytest.raises(Unreadable, match=r"No text|empty"):
        read(data, name)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.zip", _zip({}), "The archive is empty"),
        ("a.zip", _zip({"a.txt": b""}), "has no files, or only empty ones"),
        ("a.zip", _nested(12), "inside more than 5 other files"),
        ("a.gz", gzip.compress(b"a" * 60_000_000), "8 MB and 100 times"),
        ("a.zip", _zip({"x.png": b"\x89PNG\r\n\x1a\n00"}), "x.png: The file is an image"),
    ],
    ids=["empty", "only empty files", "depth", "size", "reason"],
)
def test_an_archive_says_why(name: str, data: bytes, says: str, read: Read) -> None:
    """The message names the limit that was met, or why its first file is not read."""
    with pytest.raises(Unreadable, match=says):
        read(data, name)


def test_a_packed_file_has_no_heading(read: Read) -> None:
    """What is packed is read by its own name, however often it was packed."""
    assert read(gzip.compress(b"a;b\n1;2\n"), "x.csv.gz").tables
    assert read(gzip.compress(gzip.compress(gzip.compress(b"hello text"))), "x.txt.gz.gz.gz").text == "hello text"
