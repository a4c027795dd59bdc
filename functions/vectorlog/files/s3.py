"""Blobs in an S3 bucket; an object's key is the blob's key."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError

from vectorlog.files.blobs import NoSuchBlob, StoredBlob, check_key
from vectorlog.files.s3_join import S3Join
from vectorlog.retry import RetryPolicy, Temporary, retrying

if TYPE_CHECKING:
    from botocore.client import BaseClient

MB = 1024 * 1024
KEYS = 1_000
"""S3's limit of keys in one DeleteObjects call."""

BROKEN_BODY = RetryPolicy(attempts=3)
"""For a response body that breaks off; retried immediately, because only the connection failed and S3 is not busy.
botocore retries requests but not the reading of bodies, and boto3's transfers need an extra request for the size.
"""
KEYS_LEFT = RetryPolicy(attempts=3)
"""For keys that DeleteObjects failed to delete; retried immediately. S3 may return `InternalError` for single keys of a
successful call (API reference, "DeleteObjects").
"""

_TRANSFER = TransferConfig(multipart_threshold=16 * MB, multipart_chunksize=8 * MB, max_concurrency=4)
_BROKEN = (IncompleteReadError, ReadTimeoutError, ResponseStreamingError)
_ABSENT = {"404", "NoSuchKey"}
_BEYOND_END = "InvalidRange"


class BlobsError(Exception):
    """S3 accepted a call but refused some of its keys; the message gives its reason."""


class S3Blobs:
    """Implements Blobs. Safe to use from several threads; except in `read`, memory does not grow with a file's size.

    The role needs `s3:ListBucket` in addition to the permissions on objects: without it S3 answers "forbidden" for a
    key that does not exist. The bucket needs a lifecycle rule that aborts incomplete multipart uploads.

    Args:
        client: an S3 client.
        bucket: the bucket's name.
        folder: where `local` puts its copies; the system's temporary folder if None (`/tmp` in Lambda).
    """

    def __init__(self, client: BaseClient, bucket: str, folder: Path | None = None) -> None:
        self._client = client
        self._bucket = bucket
        self._folder = folder
        self._pool = ThreadPoolExecutor(16, thread_name_prefix="s3")

    def put(self, items: Sequence[tuple[str, bytes | Path]]) -> None:
        """See Blobs. Files above 16 MB are uploaded in parts. If one item fails, others may have been stored."""
        for key, _ in items:
            check_key(key)
        run = map if len(items) == 1 else self._pool.map
        for content in list(run(self._put, items)):
            if isinstance(content, Path):
                content.unlink()

    def join(
        self, blobs: Sequence[tuple[str, int]], scratch: str, see: Callable[[bytes], None], target: Callable[[], str]
    ) -> None:
        """See Blobs and `s3_join.py`."""
        S3Join(self._client, self._bucket, self._pool).join(blobs, scratch, see, target)

    def read(self, key: str) -> bytes:
        """See Blobs."""
        content = BytesIO()
        self._fetch(key, content)
        return content.getvalue()

    def head(self, key: str, size: int) -> bytes:
        """See Blobs. Closes the connection after `size` bytes; a range request would fail for an empty object."""
        with closing(self._get(key)) as body:
            head: bytes = body.read(size)
            return head

    def slice(self, key: str, start: int, end: int) -> bytes:
        """See Blobs."""
        if end <= start:
            return self.head(key, 0)
        content = BytesIO()
        try:
            self._fetch(key, content, f"bytes={start}-{end - 1}")
        except ClientError as error:
            if _code(error) == _BEYOND_END:
                return b""
            raise
        return content.getvalue()

    def size(self, key: str) -> int | None:
        """See Blobs."""
        check_key(key)
        try:
            return int(self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"])
        except ClientError as error:
            if _code(error) in _ABSENT:
                return None
            raise

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """See Blobs. The file is a temporary copy, deleted at the end of the context."""
        with tempfile.NamedTemporaryFile(prefix="blob-", dir=self._folder) as file:
            self._fetch(key, file)
            file.flush()
            yield Path(file.name)

    def list(self, prefix: str) -> Iterator[str]:
        """See Blobs."""
        if prefix:
            check_key(prefix.removesuffix("/"))
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            yield from (each["Key"] for each in page.get("Contents", ()))

    def page(self, after: str, limit: int) -> Sequence[StoredBlob]:
        """See Blobs. It is one call for up to 1,000 blobs."""
        found: list[StoredBlob] = []
        while len(found) < limit:
            request = {"Bucket": self._bucket, "MaxKeys": min(KEYS, limit - len(found))}
            answer = self._client.list_objects_v2(**request, StartAfter=found[-1].key if found else after)
            found += map(_stored, answer.get("Contents", ()))
            if not answer["IsTruncated"]:
                break
        return found

    def delete(self, keys: Sequence[str]) -> None:
        """See Blobs.

        Raises:
            BlobsError: S3 refused to delete some of the keys.
        """
        for key in keys:
            check_key(key)
        rest = iter(keys)
        while batch := list(islice(rest, KEYS)):
            self._delete(batch)

    def delete_unreplaced(self, blob: StoredBlob) -> bool:
        """See Blobs. S3 compares no times when it deletes, so a put within the same milliseconds can be deleted; the
        bucket keeps what was deleted for some days.

        Raises:
            BlobsError: S3 refused to delete it.
        """
        listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix=blob.key, MaxKeys=1).get("Contents", ())
        if [_stored(each) for each in listed] != [blob]:
            return False
        self.delete([blob.key])
        return True

    def download_url(self, key: str, seconds: int, *, name: str, content_type: str) -> str:
        """Returns a URL from which anyone can download the blob for `seconds`, under this file name and content type.

        It also expires with the credentials that signed it, in Lambda within hours.
        """
        disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        return self._signed(
            "get_object", key, seconds, ResponseContentDisposition=disposition, ResponseContentType=content_type
        )

    def body_url(self, key: str, seconds: int, *, content_type: str, encoding: str) -> str:
        """Returns a URL of the blob for `seconds`, as a body of this content type and encoding (empty: none)."""
        encoded = {"ResponseContentEncoding": encoding} if encoding else {}
        return self._signed("get_object", key, seconds, ResponseContentType=content_type, **encoded)

    def upload_url(self, key: str, seconds: int, *, size: int) -> str:
        """Returns a URL to which anyone can PUT exactly `size` bytes (5 GB at most); it expires as `download_url`'s."""
        return self._signed("put_object", key, seconds, ContentLength=size)

    def close(self) -> None:
        """Stops the threads."""
        self._pool.shutdown()

    def _put(self, item: tuple[str, bytes | Path]) -> bytes | Path:
        key, content = item
        if isinstance(content, Path):
            self._client.upload_file(str(content), self._bucket, key, Config=_TRANSFER)
        else:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=content)
        return content

    def _fetch(self, key: str, into: IO[bytes], byte_range: str | None = None) -> None:
        """Streams an object, or a range of it, into a file, from the beginning again if the body breaks off."""
        check_key(key)

        def fetch() -> None:
            into.seek(0)
            into.truncate()
            for piece in self._get(key, byte_range).iter_chunks(MB):
                into.write(piece)

        retrying("S3 GetObject", BROKEN_BODY, fetch, on=_BROKEN)

    def _get(self, key: str, byte_range: str | None = None) -> Any:  # noqa: ANN401  # StreamingBody has no types
        options = {} if byte_range is None else {"Range": byte_range}
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key, **options)["Body"]
        except ClientError as error:
            if _code(error) in _ABSENT:
                raise NoSuchBlob(key) from None
            raise

    def _delete(self, keys: Sequence[str]) -> None:
        remaining = keys

        def delete() -> None:
            nonlocal remaining
            objects = {"Objects": [{"Key": key} for key in remaining], "Quiet": True}
            errors = self._client.delete_objects(Bucket=self._bucket, Delete=objects).get("Errors", ())
            remaining = [error["Key"] for error in errors]
            if remaining:
                raise Temporary(f"{errors[0]['Code']}: {errors[0].get('Message', 'no reason given')}")

        try:
            retrying("S3 DeleteObjects", KEYS_LEFT, delete)
        except Temporary as refused:
            raise BlobsError(f"{len(remaining)} keys were not deleted: {refused}") from None

    def _signed(self, operation: str, key: str, seconds: int, **parameters: str | int) -> str:
        check_key(key)
        address: str = self._client.generate_presigned_url(
            operation, Params={"Bucket": self._bucket, "Key": key, **parameters}, ExpiresIn=seconds
        )
        return address


def _stored(listed: dict[str, Any]) -> StoredBlob:
    return StoredBlob(listed["Key"], listed["Size"], int(listed["LastModified"].timestamp() * 1000))


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
