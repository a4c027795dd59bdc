"""Uploads in parts through `openai`, and what the contract says of wrong ones."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from meetkai_mka1 import SDK
from openai import APIStatusError, BadRequestError, NotFoundError, OpenAI, omit
from openai.types import Upload

from tests.clients.conftest import EDITION, URL
from vectorlog.defaults import GATEWAY_UPLOADS, LOCAL_UPLOADS

LIMITS = GATEWAY_UPLOADS if EDITION == "aws" else LOCAL_UPLOADS
MB = 1 << 20
TOO_SMALL = "integer_below_min_value"
WORDS = b"the quick brown fox jumps over the lazy dog\n"


def content(size: int) -> bytes:
    return (WORDS * (size // len(WORDS) + 1))[:size]


def created(client: OpenAI, size: int, **fields: Any) -> Upload:
    given = {"filename": "long.txt", "purpose": "assistants", "mime_type": "text/plain", **fields}
    return client.uploads.create(bytes=size, **given)


def sent(client: OpenAI, upload: str, parts: Sequence[bytes]) -> list[str]:
    """The ids of parts that are sent at the same time, in the order of `parts`."""
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(lambda data: client.uploads.parts.create(upload, data=data).id, parts))


def refused(error: APIStatusError) -> tuple[int, str | None, str | None]:
    return error.status_code, error.param, error.code


class TestChunked:
    def test_bytes(self, openai_client: OpenAI) -> None:
        """`upload_file_chunked` makes an ordinary file of bytes."""
        data = content(9 * MB + 17)
        upload = openai_client.uploads.upload_file_chunked(
            file=data,
            filename="ü.txt",
            bytes=len(data),
            mime_type="text/plain",
            purpose="user_data",
            part_size=LIMITS.part_size if EDITION == "aws" else 2 * MB,
            md5=hashlib.md5(data).hexdigest(),
        )
        assert upload.status == "completed"
        assert upload.file is not None
        assert (upload.file.filename, upload.file.bytes, upload.file.purpose) == ("ü.txt", len(data), "user_data")
        assert upload.file == openai_client.files.retrieve(upload.file.id)
        assert upload.file.to_dict()["sha256"] == hashlib.sha256(data).hexdigest()
        assert openai_client.files.content(upload.file.id).content == data

    def test_a_file_in_a_store(self, openai_client: OpenAI, store: str, tmp_path: Path) -> None:
        """What was sent in parts is attached and found like any other file."""
        path = tmp_path / "notes.md"
        path.write_bytes(content(300_000) + b"\n\nThe password of the safe is periwinkle.\n")
        upload = openai_client.uploads.upload_file_chunked(
            file=path, mime_type="text/markdown", purpose="assistants", part_size=100_000
        )
        assert upload.file is not None
        attached = openai_client.vector_stores.files.create_and_poll(upload.file.id, vector_store_id=store)
        assert attached.status == "completed", attached.last_error
        found = openai_client.vector_stores.search(store, query="password periwinkle", max_num_results=1).data
        assert "periwinkle" in found[0].content[0].text


class TestParts:
    def test_any_order(self, openai_client: OpenAI) -> None:
        """Parts sent at once, out of order, and twice with the same bytes, make the file that complete lists."""
        pieces = [bytes([65 + number]) * (1000 + number) for number in range(40)]
        upload = created(openai_client, sum(map(len, pieces)))
        shuffled = random.Random(7).sample(range(40), 40)
        ids = dict(zip(shuffled, sent(openai_client, upload.id, [pieces[each] for each in shuffled]), strict=True))
        again = openai_client.uploads.parts.create(upload.id, data=pieces[3])
        assert len({*ids.values(), again.id}) == 41
        assert (again.object, again.upload_id) == ("upload.part", upload.id)
        order = [ids[number] for number in range(40)]
        order[3] = again.id
        done = openai_client.uploads.complete(upload.id, part_ids=order)
        assert done.file is not None
        assert openai_client.files.content(done.file.id).content == b"".join(pieces)

    def test_pending(self, openai_client: OpenAI) -> None:
        """A new upload is pending for an hour, and has no file."""
        upload = created(openai_client, 10)
        shown = upload.to_dict()
        assert (upload.status, upload.object, upload.bytes) == ("pending", "upload", 10)
        assert upload.expires_at == upload.created_at + 3600
        assert "file" not in shown

    def test_expiry_of_the_file(self, openai_client: OpenAI) -> None:
        """The file expires as the upload says; a file of purpose `batch` after 30 days."""
        for fields, seconds in (
            ({"expires_after": {"anchor": "created_at", "seconds": 4000}}, 4000),
            ({"purpose": "batch"}, 30 * 86_400),
            ({}, None),
        ):
            upload = created(openai_client, 1, **fields)
            [part] = sent(openai_client, upload.id, [b"x"])
            file = openai_client.uploads.complete(upload.id, part_ids=[part]).file
            assert file is not None
            assert file.expires_at == (None if seconds is None else file.created_at + seconds)

    def test_completed_twice(self, openai_client: OpenAI) -> None:
        """Completing again with the same parts changes nothing; with others it is refused."""
        upload = created(openai_client, 4)
        one, other = sent(openai_client, upload.id, [b"ab", b"cd"])
        first = openai_client.uploads.complete(upload.id, part_ids=[one, other])
        assert openai_client.uploads.complete(upload.id, part_ids=[one, other]) == first
        assert openai_client.files.list().data == [first.file]
        with pytest.raises(BadRequestError) as caught:
            openai_client.uploads.complete(upload.id, part_ids=[other, one])
        assert refused(caught.value) == (400, "upload_id", "upload_not_pending")

    def test_cancelled(self, openai_client: OpenAI) -> None:
        """A cancelled upload takes no part and makes no file; cancelling again changes nothing."""
        upload = created(openai_client, 2)
        parts = sent(openai_client, upload.id, [b"ab"])
        for _ in range(2):
            assert openai_client.uploads.cancel(upload.id).status == "cancelled"
        for call in (
            lambda: openai_client.uploads.parts.create(upload.id, data=b"x"),
            lambda: openai_client.uploads.complete(upload.id, part_ids=parts),
        ):
            with pytest.raises(BadRequestError) as caught:
                call()
            assert refused(caught.value) == (400, "upload_id", "upload_not_pending")
            assert "cancelled" in caught.value.message
        assert openai_client.files.list().data == []

    def test_a_completed_upload_is_not_cancelled(self, openai_client: OpenAI) -> None:
        upload = created(openai_client, 1)
        openai_client.uploads.complete(upload.id, part_ids=sent(openai_client, upload.id, [b"x"]))
        with pytest.raises(BadRequestError) as caught:
            openai_client.uploads.cancel(upload.id)
        assert refused(caught.value) == (400, "upload_id", "upload_not_pending")


class TestWrong:
    def test_complete(self, openai_client: OpenAI) -> None:
        """A list of parts that is not the file's is refused and names what is wrong; the upload stays as it is."""
        upload, stranger = created(openai_client, 4), created(openai_client, 2)
        one, other = sent(openai_client, upload.id, [b"ab", b"cd"])
        [foreign] = sent(openai_client, stranger.id, [b"cd"])
        for parts, md5, param, word in (
            ([one], None, "part_ids", "2 bytes"),
            ([one, other, one], None, "part_ids[2]", "listed before"),
            ([one, foreign], None, "part_ids[1]", "no part"),
            ([one, "part_" + "0" * 32], None, "part_ids[1]", "no part"),
            ([one, "file-1"], None, "part_ids[1]", "part_"),
            ([], None, "part_ids", "empty"),
            ([one, other], "0" * 32, "md5", hashlib.md5(b"abcd").hexdigest()),
            ([one, other], "x", "md5", "hexadecimal"),
        ):
            with pytest.raises(BadRequestError) as caught:
                openai_client.uploads.complete(upload.id, part_ids=parts, md5=md5 or omit)
            assert caught.value.param == param
            assert word in caught.value.message
        assert openai_client.files.list().data == []
        md5 = hashlib.md5(b"abcd").hexdigest().upper()
        assert openai_client.uploads.complete(upload.id, part_ids=[one, other], md5=md5).status == "completed"

    @pytest.mark.parametrize(
        ("fields", "param", "code"),
        [
            ({"bytes": LIMITS.upload + 1}, "bytes", "integer_above_max_value"),
            ({"bytes": 0}, "bytes", TOO_SMALL),
            ({"bytes": "5"}, "bytes", "invalid_type"),
            ({"filename": " "}, "filename", "string_below_min_length"),
            ({"filename": "x" * 1025}, "filename", "string_above_max_length"),
            ({"purpose": "fun"}, "purpose", None),
            ({"mime_type": ""}, "mime_type", "string_below_min_length"),
            ({"size": 5}, "size", "unknown_parameter"),
            ({"expires_after": {"anchor": "created_at", "seconds": 1}}, "expires_after.seconds", TOO_SMALL),
            ({"direct_upload": {"part_size": 1}}, "direct_upload.part_size", TOO_SMALL),
        ],
    )
    def test_create(self, raw: httpx.Client, fields: dict[str, Any], param: str, code: str | None) -> None:
        """Each wrong field is named, in both dialects."""
        body = {"filename": "a", "purpose": "assistants", "bytes": 5, "mime_type": "text/plain", **fields}
        for prefix in ("/v1", "/api/v1/llm"):
            answer = raw.post(f"{prefix}/uploads", json=body)
            error = answer.json()["error"]
            assert (answer.status_code, error["param"], error["code"]) == (400, param, code)

    @pytest.mark.parametrize("name", ["filename", "purpose", "bytes", "mime_type"])
    def test_missing(self, raw: httpx.Client, name: str) -> None:
        body = {"filename": "a", "purpose": "assistants", "bytes": 5, "mime_type": "text/plain"}
        del body[name]
        error = raw.post("/v1/uploads", json=body).json()["error"]
        assert (error["param"], error["code"]) == (name, "missing_required_parameter")

    def test_part_forms(self, openai_client: OpenAI, raw: httpx.Client) -> None:
        """A part is a form with the file `data` and nothing else. It needs no filename."""
        path = f"/v1/uploads/{created(openai_client, 3).id}/parts"
        assert raw.post(path, files={"data": (None, b"\xff\0x")}).status_code == 200
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"data": ("d", b"")}, "data"),
            ({"file": ("d", b"x")}, "file"),
            ({"data": ("d", b"x"), "purpose": (None, "batch")}, "purpose"),
            ({"x": (None, "y")}, "data"),
        ]
        for fields, param in wrong:
            answer = raw.post(path, files=fields)
            assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
        assert raw.post(path, json={}).status_code == 400

    def test_unknown(self, openai_client: OpenAI) -> None:
        """An upload that does not exist, or is another end user's, is a 404; another prefix is a 400."""
        upload = created(openai_client, 1)
        other = openai_client.with_options(default_headers={"X-On-Behalf-Of": "somebody-else"})
        for client, id in ((openai_client, "upload_" + "0" * 32), (other, upload.id)):
            calls: list[Callable[[], object]] = [
                partial(client.uploads.parts.create, id, data=b"x"),
                partial(client.uploads.complete, id, part_ids=["part_" + "0" * 32]),
                partial(client.uploads.cancel, id),
            ]
            for call in calls:
                with pytest.raises(NotFoundError) as caught:
                    call()
                assert (caught.value.param, caught.value.message.count(id)) == ("upload_id", 1)
        with pytest.raises(BadRequestError):
            openai_client.uploads.cancel("file-1")

    def test_too_large(self, openai_client: OpenAI, raw: httpx.Client) -> None:
        """A part above the limit is a 413 that says which `part_size` to pass."""
        upload = created(openai_client, 1)
        too_large = b"x" * (LIMITS.part + 1)
        answer = raw.post(f"/v1/uploads/{upload.id}/parts", files={"data": ("d", too_large)})
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")
        assert f"part_size={LIMITS.part_size}" in answer.json()["error"]["message"]

    @pytest.mark.skipif(EDITION != "aws", reason="writes 512 MB in the local edition")
    def test_file_too_large(self, raw: httpx.Client) -> None:
        """A file above the limit is a 413 that names both ways to send it."""
        for size in (LIMITS.file + 1, 8_000_000, 12_000_000):
            answer = raw.post("/v1/files", files={"file": ("a.pdf", b"x" * size)}, data={"purpose": "assistants"})
            message = answer.json()["error"]["message"]
            assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")
            assert f"part_size={LIMITS.part_size}" in message
            assert "direct_upload" in message


class TestDirect:
    """The extension `direct_upload`: the client sends the parts to addresses in the answer."""

    def ask(self, client: OpenAI, size: int, **settings: int) -> tuple[str, list[dict[str, Any]]]:
        upload = created(client, size, extra_body={"direct_upload": settings})
        return upload.id, upload.to_dict()["direct_upload"]["parts"]  # type: ignore[index]

    @pytest.mark.parametrize("listed", [True, False])
    def test_direct(self, openai_client: OpenAI, raw: httpx.Client, listed: bool) -> None:
        """The addresses need no key, and the parts make the file, whether complete lists them or not."""
        data = content(11 * MB + 3)
        id, parts = self.ask(openai_client, len(data), part_size=5 * MB)
        assert [part["bytes"] for part in parts] == [5 * MB, 5 * MB, MB + 3]
        start = 0
        for part in parts:
            answer = httpx.request(part["method"], part["url"], content=data[start : start + part["bytes"]])
            assert answer.status_code == 200, answer.text
            start += part["bytes"]
        body = {"part_ids": [part["id"] for part in parts]} if listed else {}
        done = raw.post(f"/v1/uploads/{id}/complete", json={**body, "md5": hashlib.md5(data).hexdigest()}).json()
        assert done["status"] == "completed"
        assert "direct_upload" not in done
        assert done["file"]["sha256"] == hashlib.sha256(data).hexdigest()
        assert openai_client.files.content(done["file"]["id"]).content == data

    def test_missing(self, openai_client: OpenAI, raw: httpx.Client) -> None:
        """A part that was not sent is named, and can be sent then; also through the API instead."""
        data = content(6 * MB)
        id, parts = self.ask(openai_client, len(data), part_size=5 * MB)
        httpx.put(parts[0]["url"], content=data[: 5 * MB])
        answer = raw.post(f"/v1/uploads/{id}/complete", json={})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "part_ids[1]")
        instead = openai_client.uploads.parts.create(id, data=data[5 * MB :])
        done = openai_client.uploads.complete(id, part_ids=[parts[0]["id"], instead.id])
        assert done.file is not None
        assert openai_client.files.content(done.file.id).content == data

    def test_not_asked_for(self, openai_client: OpenAI, raw: httpx.Client) -> None:
        """Without direct parts, complete needs a list."""
        error = raw.post(f"/v1/uploads/{created(openai_client, 1).id}/complete", json={}).json()["error"]
        assert (error["param"], error["code"]) == ("part_ids", "missing_required_parameter")

    @pytest.mark.skipif(EDITION == "aws" or bool(URL), reason="S3 checks its addresses itself, and moto does not")
    def test_addresses(self, openai_client: OpenAI) -> None:
        """An address is for its part and its size only."""
        id, [first, second] = self.ask(openai_client, 6 * MB, part_size=5 * MB)
        for url, size, status in (
            (first["url"].replace(first["id"], second["id"]), 5 * MB, 403),
            (first["url"].replace("bytes=5", "bytes=6"), 5 * MB, 403),
            (first["url"].replace("until=1", "until=2"), 5 * MB, 403),
            (first["url"].partition("?")[0], 5 * MB, 403),
            (first["url"], 5 * MB - 1, 400),
            (first["url"], 5 * MB + 1, 413),
            (first["url"], 5 * MB, 200),
        ):
            answer = httpx.put(url, content=b"x" * size)
            assert answer.status_code == status, (url, answer.text)
        openai_client.uploads.cancel(id)
        answer = httpx.put(first["url"], content=b"x" * (5 * MB))
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "upload_not_pending")


def test_idempotency(raw: httpx.Client) -> None:
    """Under an Idempotency-Key, each POST of an upload has one effect."""

    def twice(path: str, key: str, **body: Any) -> dict[str, Any]:
        first, second = (raw.post(path, headers={"Idempotency-Key": key}, **body) for _ in range(2))
        assert first.status_code == second.status_code == 200, first.text
        assert first.json() == second.json()
        answer: dict[str, Any] = first.json()
        return answer

    body = {"filename": "a", "purpose": "assistants", "bytes": 2, "mime_type": "text/plain"}
    upload = twice("/v1/uploads", "one", json=body)["id"]
    part = twice(f"/v1/uploads/{upload}/parts", "two", files={"data": ("d", b"ab")})["id"]
    other = raw.post(f"/v1/uploads/{upload}/parts", headers={"Idempotency-Key": "two"}, files={"data": ("d", b"cd")})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_key_reused")
    twice(f"/v1/uploads/{upload}/complete", "three", json={"part_ids": [part]})
    cancelled = twice("/v1/uploads", "four", json=body)["id"]
    assert twice(f"/v1/uploads/{cancelled}/cancel", "five")["status"] == "cancelled"


def test_mka1(mka1_client: SDK, me: dict[str, Any], raw: httpx.Client) -> None:
    """MKA1's client has no uploads, but their routes are under its prefix too, and it reads the file."""
    body = {"filename": "a.txt", "purpose": "assistants", "bytes": 2, "mime_type": "text/plain"}
    upload = raw.post("/api/v1/llm/uploads", json=body).json()["id"]
    part = raw.post(f"/api/v1/llm/uploads/{upload}/parts", files={"data": ("d", b"ab")}).json()["id"]
    done = raw.post(f"/api/v1/llm/uploads/{upload}/complete", json={"part_ids": [part]}).json()
    assert done["status"] == "completed"
    file = mka1_client.llm.files.get(file_id=done["file"]["id"], **me)
    assert file.filename == "a.txt"


def test_deleted_file(openai_client: OpenAI) -> None:
    """If the file was deleted since, completing again is a 404, as for a GET."""
    upload = created(openai_client, 1)
    parts = sent(openai_client, upload.id, [b"x"])
    file = openai_client.uploads.complete(upload.id, part_ids=parts).file
    assert file is not None
    openai_client.files.delete(file.id)
    with pytest.raises(NotFoundError):
        openai_client.uploads.complete(upload.id, part_ids=parts)
