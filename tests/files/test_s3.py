"""Bytes in S3: large files, interrupted answers, partially failed deletes, signed URLs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError, ResponseStreamingError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from tests.files.s3_sink import S3Sink
from tests.support import moto_aws
from vectorlog.files.s3 import MB, BlobsError, S3Blobs
from vectorlog.runtime.aws import clients

if TYPE_CHECKING:
    from botocore.client import BaseClient


@pytest.fixture
def client() -> Iterator[BaseClient]:
    with moto_aws.aws():
        moto_aws.s3().create_bucket(Bucket="bucket")
        yield moto_aws.s3()


@pytest.fixture
def blobs(client: BaseClient, tmp_path: Path) -> Iterator[S3Blobs]:
    made = S3Blobs(client, "bucket", tmp_path)
    yield made
    made.close()


class BreaksOff:
    """A body that ends after these bytes with this error, or without one."""

    def __init__(self, content: bytes, error: Exception | None) -> None:
        self._content = BytesIO(content)
        self._error = error

    def read(self, amount: int | None = None) -> bytes:
        found = self._content.read(amount)
        if not found and self._error:
            raise self._error
        return found


def break_off(monkeypatch: pytest.MonkeyPatch, client: BaseClient, *errors: Exception | None) -> None:
    """The next bodies end after a third of their bytes."""
    get, left = client.get_object, list(errors)

    def get_object(**given: Any) -> Any:
        answer = get(**given)
        if left:
            content = answer["Body"].read()
            answer["Body"] = StreamingBody(BreaksOff(content[: len(content) // 3], left.pop(0)), len(content))
        return answer

    monkeypatch.setattr(client, "get_object", get_object)


class TestReading:
    @pytest.mark.parametrize(
        "error", [None, ReadTimeoutError(endpoint_url="s3"), ResponseStreamingError(error="reset")]
    )
    def test_breaks_off(
        self, client: BaseClient, blobs: S3Blobs, monkeypatch: pytest.MonkeyPatch, error: Exception | None
    ) -> None:
        """An interrupted body is read again from its beginning: the bytes are right, and none occurs twice."""
        content = os.urandom(3 * MB)
        blobs.put([("a/b", content)])
        break_off(monkeypatch, client, error, error)
        assert blobs.read("a/b") == content
        break_off(monkeypatch, client, error, error)
        with blobs.local("a/b") as path:
            assert path.read_bytes() == content

    def test_breaks_off_for_good(
        self, client: BaseClient, blobs: S3Blobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Half a file is never taken for a complete one, and no half is left on disk."""
        blobs.put([("a/b", b"x" * 1_000)])
        break_off(monkeypatch, client, *[ResponseStreamingError(error="reset")] * 20)
        with pytest.raises(ResponseStreamingError):
            blobs.read("a/b")
        with pytest.raises(ResponseStreamingError), blobs.local("a/b"):
            pass
        assert list(tmp_path.iterdir()) == []

    def test_copy_is_deleted(self, blobs: S3Blobs, tmp_path: Path) -> None:
        """A copy of a file lives as long as its context, even if the reader fails: Lambda's /tmp does not fill up."""
        blobs.put([("a/b", b"x")])

        def fail(path: Path) -> None:
            assert path.parent == tmp_path
            raise RuntimeError

        with pytest.raises(RuntimeError), blobs.local("a/b") as path:
            fail(path)
        assert list(tmp_path.iterdir()) == []

    def test_other_errors_stay(self, client: BaseClient) -> None:
        """A wrong bucket or a missing right is not reported as a missing blob."""
        blobs = S3Blobs(client, "another")
        with pytest.raises(ClientError, match="NoSuchBucket"):
            blobs.read("a/b")
        with Stubber(client) as stub:
            stub.add_client_error("head_object", "403", http_status_code=403)
            with pytest.raises(ClientError, match="403"):
                blobs.size("a/b")
        blobs.close()

    def test_list_of_many_pages(self, blobs: S3Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
        """A list continues where a page of S3's ends."""
        monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "3")
        keys = [f"a/{number}" for number in range(10)]
        blobs.put([(key, b"") for key in keys])
        assert sorted(blobs.list("a/")) == keys

    def test_any_key(self, blobs: S3Blobs) -> None:
        """A key is kept unchanged, whatever characters it has."""
        keys = ["a/é 漢+%2F&=?#~'\"", "a/ b", "a/<&>"]
        blobs.put([(key, key.encode()) for key in keys])
        assert sorted(blobs.list("a/")) == sorted(keys)
        assert [blobs.read(key) for key in keys] == [key.encode() for key in keys]
        blobs.delete(keys)
        assert list(blobs.list("a/")) == []


class TestPut:
    def test_lost_answer(
        self, client: BaseClient, blobs: S3Blobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """A file whose put failed is still in its place, so the put can be repeated."""
        source = tmp_path / "upload"
        source.write_bytes(b"content")
        with Stubber(client) as stub:
            stub.add_client_error("put_object", "InternalError", http_status_code=500)
            with pytest.raises(Exception, match="InternalError"):
                blobs.put([("a/b", source)])
        assert source.read_bytes() == b"content"
        blobs.put([("a/b", source)])
        assert blobs.read("a/b") == b"content"
        assert not source.exists()

    def test_no_key_of_several(self, client: BaseClient, blobs: S3Blobs, tmp_path: Path) -> None:
        """If one of several fails, the call fails, and every file is still there to be put again."""
        source, missing = tmp_path / "upload", tmp_path / "missing"
        source.write_bytes(b"content")
        with pytest.raises(FileNotFoundError):
            blobs.put([("a/1", source), ("a/2", missing)])
        assert source.exists()


class TestDelete:
    def test_thousands(self, client: BaseClient, blobs: S3Blobs) -> None:
        """A thousand keys are one call."""
        calls: list[int] = []
        client.meta.events.register("before-parameter-build.s3.DeleteObjects", note := _noting(calls))
        blobs.put([("a/0", b""), ("a/2499", b"")])
        blobs.delete([f"a/{number}" for number in range(2_500)])
        client.meta.events.unregister("before-parameter-build.s3.DeleteObjects", note)
        assert calls == [1_000, 1_000, 500]
        assert list(blobs.list("a/")) == []

    def test_part_fails(self, client: BaseClient, blobs: S3Blobs) -> None:
        """Keys that S3 failed to delete are retried; if they remain, the error has S3's reason."""
        failed = {"Errors": [{"Key": "a/2", "Code": "InternalError", "Message": "stub says no"}]}
        with Stubber(client) as stub:
            stub.add_response("delete_objects", failed, _deleting("a/1", "a/2"))
            stub.add_response("delete_objects", {}, _deleting("a/2"))
            blobs.delete(["a/1", "a/2"])
            stub.assert_no_pending_responses()
            for keys in (("a/1", "a/2"), ("a/2",), ("a/2",)):
                stub.add_response("delete_objects", failed, _deleting(*keys))
            with pytest.raises(BlobsError, match="1 keys were not deleted: InternalError: stub says no"):
                blobs.delete(["a/1", "a/2"])


class TestSignedAddresses:
    def test_download(self, blobs: S3Blobs) -> None:
        """The URL gives a file with the given name and type, for the given time."""
        found = urlsplit(blobs.download_url("a/é b", 60, name='Bericht "1" é.pdf', content_type="application/pdf"))
        query = {name: values[0] for name, values in parse_qs(found.query).items()}
        assert found.path.endswith("/a/%C3%A9%20b")
        assert query["X-Amz-Expires"] == "60"
        assert query["response-content-type"] == "application/pdf"
        assert query["response-content-disposition"] == "attachment; filename*=UTF-8''Bericht%20%221%22%20%C3%A9.pdf"

    def test_upload(self, blobs: S3Blobs) -> None:
        """The URL accepts exactly this many bytes, and requires no checksum of the uploader."""
        query = parse_qs(urlsplit(blobs.upload_url("a/b", 60, size=1_000)).query)
        assert query["X-Amz-SignedHeaders"] == ["content-length;host"]
        assert not [name for name in query if "checksum" in name.lower()]

    @pytest.mark.usefixtures("client")
    def test_region(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The URL is the bucket's own in its region: S3's global one redirects a new bucket's requests, which breaks
        the signature.
        """
        monkeypatch.setenv("AWS_REGION", "eu-south-1")
        monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
        with closing(S3Blobs(clients.s3(), "bucket")) as there:
            assert (
                urlsplit(there.download_url("a", 60, name="a", content_type="text/plain")).netloc
                == "bucket.s3.eu-south-1.amazonaws.com"
            )

    def test_key(self, blobs: S3Blobs) -> None:
        """No URL is signed for an invalid key."""
        with pytest.raises(ValueError, match="not a key"):
            blobs.upload_url("../b", 60, size=1)


CHILD = """
import json, sys, tracemalloc
from pathlib import Path
from vectorlog.files.s3 import S3Blobs
from vectorlog.runtime.aws import clients

folder = Path(sys.argv[1])
blobs = S3Blobs(clients.s3(), "bucket", folder)
tracemalloc.start()
blobs.put([("large", folder / "large")])
with blobs.local("large") as path:
    size = path.stat().st_size
print(json.dumps({"size": size, "peak": tracemalloc.get_traced_memory()[1]}))
"""


def test_large_file(tmp_path: Path) -> None:
    """A file of 96 MB is uploaded in parts, some of which fail once, and downloaded, in less than 32 MB of memory."""
    size = 96 * MB
    with (tmp_path / "large").open("wb") as file:
        file.truncate(size)
    with S3Sink(size, failures=2) as sink, moto_aws.credentials(AWS_ENDPOINT_URL_S3=sink.url):
        done = subprocess.run([sys.executable, "-c", CHILD, str(tmp_path)], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert found["size"] == size
    assert found["peak"] < 32 * MB
    assert sink.parts == dict.fromkeys(range(1, 13), 8 * MB)
    assert sink.completed == list(range(1, 13))


def _noting(calls: list[int]) -> Any:
    def note(params: dict[str, Any], **_: Any) -> None:
        calls.append(len(params["Delete"]["Objects"]))

    return note


def _deleting(*keys: str) -> dict[str, Any]:
    return {"Bucket": "bucket", "Delete": {"Objects": [{"Key": key} for key in keys], "Quiet": True}}
