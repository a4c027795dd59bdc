"""Forms as browsers, httpx, requests and undici send them, in any pieces."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vectorlog.api.input.form import Form, SpooledFile
from vectorlog.api.input.multipart import (
    FORM_OVERHEAD_BYTES,
    MAX_FIELD_BYTES,
    MAX_FIELDS,
    MAX_FILES,
    BrokenForm,
    FormReader,
    FormTooLarge,
)
from vectorlog.defaults import SMALL_FILE_BYTES

TYPE = "multipart/form-data; boundary=B"


def part(disposition: bytes, value: bytes, *more: bytes) -> bytes:
    """One part with the boundary before it."""
    headers = b"\r\n".join((b"Content-Disposition: form-data; " + disposition, *more))
    return b"--B\r\n" + headers + b"\r\n\r\n" + value + b"\r\n"


FILE = b'name="file"; filename="a.txt"'
END = b"--B--\r\n"


def read(folder: Path, *pieces: bytes, limit: int = 1_000_000) -> Form:
    """The form that these pieces make."""
    reader = FormReader(TYPE, folder, limit)
    for piece in pieces:
        reader.feed(piece)
    return reader.finish()


def bytes_of(file: SpooledFile) -> bytes:
    return file.content if isinstance(file.content, bytes) else file.content.read_bytes()


def read_name(folder: Path, disposition: bytes) -> str | None:
    """The file name that a part with this header ends up with."""
    return read(folder, part(b"name=file; " + disposition, b""), END).files["file"].filename


class TestForm:
    def test_keeps_fields_and_files(self, tmp_path: Path) -> None:
        """Text fields keep their order and repetitions; a file is on disk with its type, size and hash."""
        content = bytes(range(256)) * 50
        form = read(
            tmp_path,
            part(b'name="purpose"', b"assistants"),
            part(b'name="tags[]"', b"eins\r\n"),
            part(b'name="tags[]"', "zwölf".encode()),
            part(FILE, content, b"Content-Type: text/x-test"),
            END,
        )
        assert form.fields == {"purpose": ["assistants"], "tags[]": ["eins\r\n", "zwölf"]}
        file = form.files["file"]
        assert (file.filename, file.content_type, file.size) == ("a.txt", "text/x-test", len(content))
        assert bytes_of(file) == content
        assert file.sha256 == hashlib.sha256(content).hexdigest()

    @pytest.mark.parametrize("more", [0, 1])
    def test_small_files_are_in_memory(self, tmp_path: Path, more: int) -> None:
        """A file of up to 64 KB makes none on disk, whatever the pieces in which it arrives; a larger one does."""
        content = bytes(range(256)) * (SMALL_FILE_BYTES // 256) + b"x" * more
        sent = part(FILE, content) + END
        form = read(tmp_path, *[sent[start : start + 5000] for start in range(0, len(sent), 5000)])
        assert bytes_of(form.files["file"]) == content
        assert len(list(tmp_path.iterdir())) == more
        form.discard()
        assert list(tmp_path.iterdir()) == []

    def test_file_without_bytes_or_type(self, tmp_path: Path) -> None:
        """An empty file is a file of size 0, and one without a type is plain bytes."""
        file = read(tmp_path, part(FILE, b""), END).files["file"]
        assert (file.size, file.content_type, bytes_of(file)) == (0, "application/octet-stream", b"")

    def test_what_stands_after_the_end_is_ignored(self, tmp_path: Path) -> None:
        """An epilogue (RFC 2046) changes nothing."""
        assert read(tmp_path, part(b"name=a", b"1"), END, b"whatever").fields == {"a": ["1"]}

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        content=st.binary(max_size=300)
        | st.lists(st.sampled_from([b"\r\n--B", b"\r", b"\n", b"--", b"x"])).map(b"".join),
        data=st.data(),
    )
    def test_any_pieces_give_the_same_form(self, tmp_path: Path, content: bytes, data: st.DataObject) -> None:
        """However the network cuts the body, the form is the same as in one piece."""
        body = part(b"name=a", b"1") + part(FILE, content.replace(b"\r\n--B", b"\r\n--C")) + part(b"name=a", b"2") + END
        cuts = sorted(data.draw(st.sets(st.integers(0, len(body)), max_size=40)))
        whole = read(tmp_path, body)
        cut = read(tmp_path, *(body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)))
        assert cut.fields == whole.fields == {"a": ["1", "2"]}
        assert cut.files["file"].sha256 == whole.files["file"].sha256
        assert bytes_of(cut.files["file"]) == content.replace(b"\r\n--B", b"\r\n--C")


class TestFileNames:
    @pytest.mark.parametrize(
        ("disposition", "name"),
        [
            ('filename="naïve 日本.txt"'.encode(), "naïve 日本.txt"),
            (b"filename*=UTF-8''na%C3%AFve%20%22x%22.txt", 'naïve "x".txt'),
            (b"filename=\"n_ve.txt\"; filename*=utf-8''na%C3%AFve.txt", "naïve.txt"),
            (b'filename="say %22hi%22%0D%0A.txt"', 'say "hi"\r\n.txt'),
            (b'filename="say \\"hi\\".txt"', 'say "hi".txt'),
            (b'filename="100%25; a=b.txt"', "100%25; a=b.txt"),
            (b'filename="back\\slash.txt"', "back\\slash.txt"),
            (b'filename="../etc/passwd"', "../etc/passwd"),
            (b"filename=bare.txt", "bare.txt"),
            (b'filename=""', ""),
        ],
    )
    def test_are_kept_exactly(self, tmp_path: Path, disposition: bytes, name: str) -> None:
        """A name in any of the forms that clients send comes out as its file is called."""
        assert read_name(tmp_path, disposition) == name

    @pytest.mark.parametrize("name", ["naïve 日本.txt", 'say "hi".txt', "a;b=c.txt", "100%.txt", "😀.md", "it's.txt"])
    def test_as_httpx_sends_them(self, tmp_path: Path, name: str) -> None:
        """What httpx, and so the openai client, sends for a name is read back as that name."""
        request = httpx.Request("POST", "http://x", files={"file": (name, b"1")}, data={"purpose": "assistants"})
        reader = FormReader(request.headers["content-type"], tmp_path, 100)
        reader.feed(request.read())
        assert reader.finish().files["file"].filename == name


class TestRefusals:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"no form at all",
            part(FILE, b"cut"),
            part(FILE, b"cut")[:-3],
            b"--B\r\nContent-Disposition: form-data; name=",
            b"--B\r\nBad Header: x\r\n\r\n" + END,
            part(FILE, b"1") + b"--B\r\nContent-Type: text/plain\r\n\r\n1\r\n" + END,
            part(FILE, b"1") + part(b'filename="b"', b"1") + END,
            part(FILE, b"1") + part(FILE, b"2") + END,
            part(FILE, b"1") + part(b"name=a", b"\xff") + END,
            part(FILE, b"1") + part(b'name=b; filename="\xff"', b"1") + END,
            part(FILE, b"1") + part(b"name=a", b"MQ==", b"Content-Transfer-Encoding: base64") + END,
            part(FILE, b"1") + part(b"name=a", b"x" * (MAX_FIELD_BYTES + 1)) + END,
            part(FILE, b"1") + part(b"name=a", b"") * (MAX_FIELDS + 1) + END,
            b"".join(part(b'name=f%d; filename="a"' % number, b"") for number in range(MAX_FILES + 1)) + END,
            part(FILE, b"1") + b"--B\r\nX: " + b"x" * 100_000 + b"\r\n\r\n" + END,
            part(FILE, b"1") + part(b"name=b; filename*=idna''x", b"1") + END,
            part(FILE, b"1") + part(b"name=b; filename*=undefined''x", b"1") + END,
            part(FILE, b"1") + part(b"name*=unicode_escape''%5Cud800; filename=x", b"1") + END,
        ],
    )
    def test_broken_form_leaves_nothing(self, tmp_path: Path, body: bytes) -> None:
        """A form that is cut, malformed or beyond the limits of fields and files is refused with a sentence, and no
        file stays.
        """
        with pytest.raises(BrokenForm, match=r"^[A-Z].*\.$"):
            read(tmp_path, body)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        "content_type", ["", "multipart/form-data", "multipart/form-data; boundary=", f"x; boundary={'b' * 300}"]
    )
    def test_no_boundary(self, tmp_path: Path, content_type: str) -> None:
        """Without a boundary there is nothing to read."""
        with pytest.raises(BrokenForm, match="boundary"):
            FormReader(content_type, tmp_path, 100)

    def test_limit_counts_files_alone(self, tmp_path: Path) -> None:
        """Files may fill the limit to the last byte, whatever fields stand beside them; one byte more is too many, and
        no file stays.
        """
        assert (
            read(tmp_path, part(b"name=a", b"x" * 200) + part(FILE, b"1" * 100) + END, limit=100).files["file"].size
            == 100
        )
        folder = tmp_path / "new"
        folder.mkdir()
        with pytest.raises(FormTooLarge, match="100 bytes"):
            read(folder, part(FILE, b"1" * 60) + part(b'name=other; filename="b"', b"1" * 41) + END, limit=100)
        assert list(folder.iterdir()) == []

    def test_endless_epilogue(self, tmp_path: Path) -> None:
        """A body that goes on for ever after its end is refused too."""
        with pytest.raises(FormTooLarge):
            read(tmp_path, part(FILE, b"1") + END, *[b"x" * 1_000_000] * (FORM_OVERHEAD_BYTES // 1_000_000 + 2))
        assert list(tmp_path.iterdir()) == []

    def test_discard(self, tmp_path: Path) -> None:
        """Giving up in mid-file, or after the end, removes what was spooled; doing it twice is no error."""
        reader, large = FormReader(TYPE, tmp_path, 10 * SMALL_FILE_BYTES), b"x" * (SMALL_FILE_BYTES + 1)
        reader.feed(part(FILE, large) + part(b'name=b; filename="b"', large)[:-1])
        assert len(list(tmp_path.iterdir())) == 2
        reader.discard()
        reader.discard()
        assert list(tmp_path.iterdir()) == []


def test_memory_is_flat(tmp_path: Path) -> None:
    """200 MB go through with less than 30 MB of memory beyond what the process began with."""
    program = """
import json, resource, sys
from pathlib import Path
from vectorlog.api.input.multipart import FormReader
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
reader = FormReader("multipart/form-data; boundary=B", Path(sys.argv[1]), 300_000_000)
reader.feed(b'--B\\r\\nContent-Disposition: form-data; name="file"; filename="a"\\r\\n\\r\\n')
before = peak()
for _ in range(3200):
    reader.feed(b"x" * 62_500)
reader.feed(b"\\r\\n--B--\\r\\n")
print(json.dumps([reader.finish().files["file"].size, peak() - before]))
reader.discard()
"""
    run = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, check=True)
    size, grown_kilobytes = json.loads(run.stdout)
    assert size == 200_000_000
    assert grown_kilobytes < 30_000
