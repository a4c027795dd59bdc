"""Archives: the documents in them are read as the parts of one."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import time
import zipfile
from collections.abc import Callable

import pytest

from tests.ingest.formats.pdfs import pdf
from vectorlog.ingest import inside
from vectorlog.ingest.document import Text, Unreadable

Read = Callable[[bytes, str], Text]
_FILES = {"notes/lamp.md": b"# Lamp\n\nIt burns oil.", "horn.txt": b"It sounds twice."}
_READ = "# notes/lamp.md\n\n# Lamp\n\nIt burns oil.\n\n# horn.txt\n\nIt sounds twice."


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def _tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("data", [_zip(_FILES), _tar(_FILES)], ids=["zip", "tar"])
def test_documents_in_an_archive(read: Read, data: bytes) -> None:
    """Each document is read under its name, with its headings below."""
    for name in ("a.zip", "a.tar", "saved"):
        text = read(data, name)
        assert text.text == _READ
        assert (text.title, text.warnings) == ("", ())
        assert [(each.title, each.level) for each in text.blocks if each.title] == [
            ("notes/lamp.md", 1),
            ("Lamp", 2),
            ("horn.txt", 1),
        ]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed(read: Read, pack: Callable[[bytes], bytes]) -> None:
    """A packed archive, and a packed file, are unpacked."""
    assert "It sounds twice." in read(pack(_tar(_FILES)), "a.tgz").text
    assert "It sounds twice." in read(pack(b"It sounds twice."), "a.txt.gz").text


def test_what_cannot_be_read_is_told(read: Read) -> None:
    """A member that cannot be read does not fail the others; what programs leave in archives is no document."""
    files = {**_FILES, "a.png": b"\x89PNG\r\n\x1a\n", "b.png": b"\x89PNG\r\n\x1a\n", "__MACOSX/._horn.txt": b"\0\5\x16"}
    text = read(_zip(files), "a.zip")
    assert "It burns oil." in text.text
    assert "MACOSX" not in text.text
    [warning] = text.warnings
    assert (warning.code, warning.where) == ("left_out", "a.png, b.png")


def test_cut_short(read: Read) -> None:
    """A tar file that is cut short is read as far as it goes, and says so."""
    text = read(_tar({**_FILES, "long.txt": b"long " * 4000})[:-15_000], "a.tar")
    assert "It sounds twice." in text.text
    assert text.warnings


def test_archives_in_archives(read: Read) -> None:
    """They are read down to a limit, and then told."""
    data = b"deep"
    for _ in range(inside.MOST_DEPTH + 3):
        data = _zip({"a.zip": data, "note.txt": b"A note."})
    text = read(data, "a.zip")
    assert text.text.count("A note.") == inside.MOST_DEPTH
    assert [each.code for each in text.warnings] == ["left_out"]


def test_many_documents(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a limited number of documents is read, and a warning says how many are not."""
    monkeypatch.setattr(inside.Allowance.__init__, "__defaults__", (5, 0))
    text = read(_zip({f"{number}.txt": b"note" for number in range(8)}), "a.zip")
    assert text.text.count("note") == 5
    [warning] = text.warnings
    assert (warning.code, warning.message[:2]) == ("truncated", "3 ")


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: _zip({"a.txt": data, "b.txt": b"note"})])
def test_bombs(read: Read, pack: Callable[[bytes], bytes]) -> None:
    """What unpacks to far more than it is costs nothing."""
    data = pack(b"a" * 60_000_000)
    begun = time.process_time()
    try:
        told = " ".join(each.message for each in read(data, "a.zip").warnings)
    except Unreadable as error:
        told = str(error)
    assert time.process_time() - begun < 2
    assert "Unpack" in told


@pytest.mark.parametrize("stored", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_pdf_stored_first(read: Read, stored: int) -> None:
    """An archive that begins with a PDF as it is remains an archive, and so does a tar file."""
    files = {"a.pdf": pdf(["Signal lamps"]), "b.txt": b"It sounds twice."}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", stored) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    for data, name in ((out.getvalue(), "a.zip"), (_tar(files), "a.tar")):
        text = read(data, name).text
        assert "Signal lamps" in text
        assert "It sounds twice." in text


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"HTTP/1.1 200 OK\r\n\r\n", b"\n\n", bytes(128)])
def test_what_may_stand_before_a_pdf(read: Read, before: bytes) -> None:
    """Programs leave a few bytes before the beginning of a PDF; a text that speaks of it is no PDF."""
    assert "Signal lamps" in read(before + pdf(["Signal lamps"]), "a.pdf").text
    assert "begins with" in read(b"Such a file begins with %PDF-1.7 and a line end.", "a.txt").text
