"""Mails and archives that are made to be slow to read are read in linear time."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.growth import grows_linearly
from vectorlog.ingest.extract import extract


def _zip(size: int) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as parts:
        for number in range(size // 500):
            parts.writestr(f"{number}.txt", "text")
    return data.getvalue()


def _tar(size: int) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as parts:
        for number in range(size // 500):
            parts.addfile(tarfile.TarInfo(f"{number}.txt"), io.BytesIO())
        member = tarfile.TarInfo("one.txt")
        member.size = 4
        parts.addfile(member, io.BytesIO(b"text"))
    return data.getvalue()


MADE: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "addresses": ("a.eml", lambda size: b"From: a@b.c\nTo: " + b"a@b.c, " * (size // 7) + b"\n\ntext"),
    "parentheses": ("a.eml", lambda size: b"From: a@b.c\nSubject: " + b"(" * size + b"\n\ntext"),
    "headers": ("a.eml", lambda size: b"From: a@b.c\n" + b"X: y\n" * (size // 5) + b"\ntext"),
    "encoded words": ("a.eml", lambda size: b"From: a@b.c\nSubject: " + b"=?utf-8?q?a?= " * (size // 14) + b"\n\ntext"),
    "boundaries": (
        "a.eml",
        lambda size: b"From: a@b.c\nContent-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\na\n" * (size // 7),
    ),
    "messages": ("a.mbox", lambda size: b"From a Mon Jan  1 00:00:00 2024\nFrom: a@b.c\n\ntext\n\n" * (size // 60)),
    "formulas that do not end": ("a.tex", lambda size: b"\\[ $x \\begin{align} \n\n" * (size // 22)),
    "raised letters": ("a.html", lambda size: b"<html>10<sup>6</sup> <sup>" * (size // 26)),
    "formulas of a page": ("a.html", lambda size: b"<html><math><msup><mi>x" * (size // 23)),
    "forms of a mail": (
        "a.eml",
        lambda size: (
            b"From: a@b.c\nContent-Type: multipart/alternative; boundary=x\n\n"
            + b"--x\nContent-Type: text/html\n\n<style>a\n" * (size // 40)
        ),
    ),
    "two encodings": ("a.txt", lambda size: b"Gr\xc3\xb6\xc3\x9fe Gr\xf6\xdfe\n" * (size // 16)),
    "signs": ("a.txt", lambda size: b"20 \xb0C \xa9 " * (size // 8)),
    "groups of RTF": ("a.rtf", lambda size: b"{\\rtf1 x" + b"{\\super 2" * (size // 9)),
    "zip": ("a.zip", _zip),
    "tar": ("a.tar", _tar),
}


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.long
def test_the_time_grows_with_the_file_only(kind: str, tmp_path: Path) -> None:
    """Four times the bytes take about four times as long."""
    name, made = MADE[kind]
    files = {size: made(size) for size in (50_000, 200_000)}

    def read(size: int) -> object:
        path = tmp_path / str(size)
        path.write_bytes(files[size])
        return extract(path, name)

    assert grows_linearly(read, 50_000)
