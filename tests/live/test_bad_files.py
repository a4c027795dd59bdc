"""Files that cannot be ingested: each ends as failed and says why, and affects neither the server nor other files."""

from __future__ import annotations

import io
import random
import time
import zipfile
from pathlib import Path

import docx
import pytest
from openai import OpenAI
from reportlab.lib.pdfencrypt import StandardEncryption  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from tests.embedding.stub_server import StubServer
from tests.live.live_server import serving, until
from tests.live.uploads import ended, settled, upload, upload_many


def _pdf(text: str, encrypt: StandardEncryption | None = None) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, encrypt=encrypt)
    if text:
        canvas.drawString(72, 720, text)
    else:
        canvas.rect(72, 72, 300, 300, fill=1)
    canvas.save()
    return out.getvalue()


def _zip_bomb() -> bytes:
    """A docx of 100 KB whose text unpacks to 100 MB."""
    source, out = io.BytesIO(), io.BytesIO()
    docx.Document().save(source)
    with zipfile.ZipFile(source) as plain, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in plain.namelist():
            large = b"<!--" + b"0" * 100_000_000 + b"-->" if name == "word/document.xml" else b""
            archive.writestr(name, plain.read(name) + large)
    return out.getvalue()


def _endless() -> bytes:
    """A docx of 200 KB whose 300,000 paragraphs take a reader several seconds."""
    source = io.BytesIO()
    docx.Document().save(source)
    paragraphs = b"<w:p><w:r><w:t>endless words go on and on</w:t></w:r></w:p>" * 300_000
    out = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            body = old.read(name)
            new.writestr(
                name, body.replace(b"<w:sectPr", paragraphs + b"<w:sectPr", 1) if name == "word/document.xml" else body
            )
    return out.getvalue()


class TestUnreadable:
    @pytest.mark.long
    @pytest.mark.parametrize(
        ("body", "name", "code", "says"),
        [
            (b" \n\t ", "blank.txt", "invalid_file", "text"),
            (random.Random(1).randbytes(20_000), "noise.txt", "invalid_file", "binary|text"),
            (_pdf("secret", StandardEncryption("user", "owner")), "locked.pdf", "invalid_file", "password"),
            (_pdf(""), "scan.pdf", "invalid_file", "OCR"),
            (_pdf("words " * 20)[:300], "cut.pdf", "invalid_file", "damaged|Save|again"),
            (_zip_bomb(), "bomb.docx", "invalid_file", "Split"),
        ],
        ids=["blank", "binary.txt", "encrypted pdf", "scanned pdf", "cut pdf", "zip bomb"],
    )
    def test_fails_with_its_reason(self, body: bytes, name: str, code: str, says: str, client: OpenAI) -> None:
        """The file is failed with one of the contract's codes and a sentence that names the cause; its batch and store
        count it.
        """
        store = client.vector_stores.create().id
        bad, good = upload(client, body, name), upload(client, "a good neighbour")
        batch = client.vector_stores.file_batches.create(store, file_ids=[bad, good]).id
        final = ended(client, store, batch)
        assert (final.status, final.file_counts.failed, final.file_counts.completed) == ("completed", 1, 1)
        found = client.vector_stores.files.retrieve(bad, vector_store_id=store)
        assert found.status == "failed"
        assert found.last_error is not None
        assert found.last_error.code == code
        assert any(word in found.last_error.message for word in says.split("|")), found.last_error.message
        assert found.last_error.message.endswith(".")
        assert {hit.file_id for hit in client.vector_stores.search(store, query="neighbour")} == {good}

    @pytest.mark.long
    def test_an_empty_file_ends_too(self, client: OpenAI) -> None:
        """An empty file is refused when it is uploaded, or fails when it is attached: it is never an empty success."""
        store = client.vector_stores.create().id
        file = upload(client, b"", "empty.txt")
        found = client.vector_stores.files.create_and_poll(file, vector_store_id=store, poll_interval_ms=20)
        assert found.status == "failed"
        assert found.last_error is not None
        assert (found.last_error.code, "empty" in found.last_error.message) == ("invalid_file", True)


class TestReaderLimits:
    @pytest.mark.long
    def test_a_file_that_takes_too_long(self, tmp_path: Path, own_stub: StubServer) -> None:
        """It is failed after two attempts; meanwhile every request is answered quickly and other files complete."""
        with serving(tmp_path / "data", own_stub.base_url, "--reader-seconds", "2") as server:
            _outlast(server.client())
            assert server.errors() == []


def _outlast(client: OpenAI) -> None:
    store, other = client.vector_stores.create().id, client.vector_stores.create().id
    bad = upload(client, _endless(), "endless.docx")
    files = upload_many(client, [f"quick {number}" for number in range(20)])
    beside = upload(client, "in the same batch")
    client.vector_stores.file_batches.create(store, file_ids=[bad, beside])
    batch = client.vector_stores.file_batches.create(other, file_ids=files).id

    slowest = 0.0
    pending = True
    completed_meanwhile = False

    def look() -> bool:
        nonlocal slowest, pending, completed_meanwhile
        began = time.perf_counter()
        found = client.vector_stores.files.retrieve(bad, vector_store_id=store)
        slowest = max(slowest, time.perf_counter() - began)
        pending = found.status == "in_progress"
        done = client.vector_stores.file_batches.retrieve(batch, vector_store_id=other).status == "completed"
        done = done and client.vector_stores.files.retrieve(beside, vector_store_id=store).status == "completed"
        completed_meanwhile = completed_meanwhile or (pending and done)
        return not pending

    until(look, "the endless file to fail")
    failed = client.vector_stores.files.retrieve(bad, vector_store_id=store)
    assert failed.status == "failed"
    assert failed.last_error is not None
    assert "2 s" in failed.last_error.message
    assert "split" in failed.last_error.message
    assert completed_meanwhile
    assert slowest < 1
    assert set(settled(client, other).values()) == {"completed"}
