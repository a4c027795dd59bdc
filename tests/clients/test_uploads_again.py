"""A file that the command line sends in parts is not sent twice: `Idempotency-Key` of uploads, on a live server."""

from __future__ import annotations

import hashlib
import io
import random

import pytest
from openai import NotFoundError, OpenAI

from tests.clients.service import Service
from vectorlog.client import uploads
from vectorlog.client.server import Server
from vectorlog.client.uploads import Uploader

CONTENT = random.Random(3).randbytes(3_500_000)


class CutOff(io.BytesIO):
    """Content whose reading is interrupted after some bytes."""

    def __init__(self, content: bytes, after: int) -> None:
        super().__init__(content)
        self._after = after

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= self._after:
            raise KeyboardInterrupt
        return super().read(size)


class Counted(Server):
    """Counts the bytes that are sent."""

    sent = 0

    def send(self, path: str, fields, key: str | None = None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        self.sent += sum(len(each[1]) for each in fields.values() if isinstance(each, tuple))
        return super().send(path, fields, key)


@pytest.fixture
def server(service: Service, user: str, monkeypatch: pytest.MonkeyPatch) -> Counted:
    monkeypatch.setattr(uploads, "_MOST", 1 << 20)
    return Counted(f"{service.url}/v1", service.key, user=user)


def sent(server: Server, content: io.BytesIO, key: str = "place") -> str:
    digest = hashlib.sha256(CONTENT).hexdigest()
    return Uploader(server).upload("large.bin", content, len(CONTENT), digest, key)


def test_again(server: Counted, openai_client: OpenAI) -> None:
    """The same content under its key is the same file, and no byte of it is sent again."""
    file = sent(server, io.BytesIO(CONTENT))
    before = server.sent
    assert before == len(CONTENT)
    assert sent(server, io.BytesIO(CONTENT)) == file
    assert server.sent == before
    assert sent(server, io.BytesIO(CONTENT), "elsewhere") != file
    assert openai_client.files.content(file).read() == CONTENT


def test_interrupted(server: Counted, openai_client: OpenAI) -> None:
    """An upload that was stopped in the middle goes on as the same upload, whatever the size of the parts is then."""
    with pytest.raises(KeyboardInterrupt):
        sent(server, CutOff(CONTENT, 2 << 20))
    uploads._MOST = 1_300_000
    file = sent(server, io.BytesIO(CONTENT))
    assert openai_client.files.content(file).read() == CONTENT
    assert [each.id for each in openai_client.files.list()] == [file]


def test_deleted_since(server: Counted, openai_client: OpenAI) -> None:
    """If the file was deleted, or the upload cancelled, a new one is made."""
    first = sent(server, io.BytesIO(CONTENT))
    openai_client.files.delete(first)
    second = sent(server, io.BytesIO(CONTENT))
    assert second != first
    with pytest.raises(NotFoundError):
        openai_client.files.retrieve(first)
    with pytest.raises(uploads.ContentChanged):
        sent(server, io.BytesIO(CONTENT[:-1] + b"x"), "other")
    assert sent(server, io.BytesIO(CONTENT), "other") not in (first, second)
