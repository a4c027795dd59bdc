"""Joins S3 objects to one.

S3 joins objects itself (UploadPartCopy), but only those of 5 MB or more, and API Gateway takes parts of 4 MB. So the
bytes are cut into pieces: an object that is large enough is a piece as it is; smaller ones are put together and stored
again. The hash of the file needs all bytes in any case. While a piece is seen, the next ones are read and those before
it are written, so reading and writing overlap, and memory holds a few pieces.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError

from vectorlog.files.blobs import BlobChanged, NoSuchBlob
from vectorlog.retry import RetryPolicy, retrying

if TYPE_CHECKING:
    from botocore.client import BaseClient

MB = 1024 * 1024
SMALLEST = 5 * MB
"""S3's limit for every part of a multipart upload but the last."""
PIECE = 8 * MB
"""The size of pieces that are put together, and of those in which an object is read. 10,000 of them, as many as S3
joins, have 80 GB.
"""
AHEAD = 6
"""How many pieces are read before they are needed, and how many are written at a time: 96 MB in all. One connection to
S3 transfers some 50 MB/s or more, and a function has some 75 MB/s, so a few suffice.
"""
BROKEN_BODY = RetryPolicy(attempts=3)
"""For a response body that breaks off; see `s3.BROKEN_BODY`."""
_BROKEN = (IncompleteReadError, ReadTimeoutError, ResponseStreamingError)


@dataclass(frozen=True, slots=True)
class Source:
    """`length` bytes from `start` on, of an object of `size` bytes."""

    key: str
    start: int
    length: int
    size: int

    @property
    def range(self) -> str:
        """The range as S3 takes it."""
        return f"bytes={self.start}-{self.start + self.length - 1}"


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive bytes of the joined object.

    Attributes:
        sources: where they are.
        stored: whether S3 can take them from their one source.
    """

    sources: tuple[Source, ...]
    stored: bool


def pieces(objects: Sequence[tuple[str, int]]) -> Iterator[Piece]:
    """Cuts objects, given by key and size, into pieces of some 8 MB. Only the last may be below `SMALLEST`."""
    small: list[Source] = []
    room = PIECE
    for place, (key, size) in enumerate(objects):
        start = 0
        while start < size:
            rest, last = size - start, place == len(objects) - 1
            if not small and (rest >= SMALLEST or (last and start == 0)):
                length = rest if rest < PIECE + SMALLEST else PIECE  # so that no rest is below S3's limit
                yield Piece((Source(key, start, length, size),), stored=True)
            else:
                length = min(room, rest)
                small.append(Source(key, start, length, size))
                room -= length
                if not room:
                    yield Piece(tuple(small), stored=False)
                    small, room = [], PIECE
            start += length
    if small:
        yield Piece(tuple(small), stored=False)


class S3Join:
    """Joins objects of one bucket.

    Args:
        client: an S3 client.
        bucket: the bucket's name.
        pool: runs its calls.
    """

    def __init__(self, client: BaseClient, bucket: str, pool: Executor) -> None:
        self._client = client
        self._bucket = bucket
        self._pool = pool
        self._versions: dict[str, str] = {}
        self._lock = Lock()

    def join(
        self,
        objects: Sequence[tuple[str, int]],
        scratch: str,
        see: Callable[[bytes], None],
        target: Callable[[], str],
    ) -> None:
        """See `Blobs.join`. Pieces that an attempt before has stored below `scratch` are not written again.

        Raises:
            NoSuchBlob: an object does not exist.
            BlobChanged: an object was replaced meanwhile.
        """
        known = self._known(scratch)
        rest = iter(list(pieces(objects)))
        reading = deque((each, self._pool.submit(self._read, each)) for each in islice(rest, AHEAD))
        writing: deque[Future[None]] = deque()
        parts: list[Source] = []
        try:
            while reading:
                piece, read = reading.popleft()
                content = read.result()
                reading.extend((each, self._pool.submit(self._read, each)) for each in islice(rest, 1))
                see(content)
                parts.append(piece.sources[0])
                if not piece.stored:
                    name = f"{scratch}{len(parts):05d}-{hashlib.sha256(content).hexdigest()}"
                    parts[-1] = Source(name, 0, len(content), len(content))
                    if name not in known:
                        writing.append(self._pool.submit(self._put, name, content))
                while len(writing) > AHEAD:
                    writing.popleft().result()
            for written in writing:
                written.result()
        finally:
            for _, read in reading:
                read.cancel()
            for written in writing:
                written.cancel()
        self._join(parts, target())

    def _known(self, scratch: str) -> set[str]:
        found: set[str] = set()
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=scratch):
            found |= {each["Key"] for each in page.get("Contents", ())}
        return found

    def _read(self, piece: Piece) -> bytes:
        return b"".join(map(self._read_source, piece.sources))

    def _read_source(self, source: Source) -> bytes:
        def read() -> bytes:
            answer = self._client.get_object(Bucket=self._bucket, Key=source.key, Range=source.range)
            with self._lock:
                version = self._versions.setdefault(source.key, answer["ETag"])
            content: bytes = answer["Body"].read()
            if version != answer["ETag"] or len(content) != source.length:
                raise BlobChanged(source.key)
            return content

        try:
            return retrying("S3 GetObject", BROKEN_BODY, read, on=_BROKEN)
        except ClientError as error:
            raise _understood(error, source.key) from error

    def _put(self, key: str, content: bytes) -> None:
        answer = self._client.put_object(Bucket=self._bucket, Key=key, Body=content)
        with self._lock:
            self._versions[key] = answer["ETag"]

    def _join(self, parts: Sequence[Source], key: str) -> None:
        """Has S3 join pieces that it has."""
        upload = self._client.create_multipart_upload(Bucket=self._bucket, Key=key)["UploadId"]
        named = {"Bucket": self._bucket, "Key": key, "UploadId": upload}
        copies: list[Future[dict[str, Any]]] = []
        try:
            for number, part in enumerate(parts, 1):
                copies.append(self._pool.submit(self._copy, named, number, part))
            listed = [{"PartNumber": number, "ETag": copy.result()["ETag"]} for number, copy in enumerate(copies, 1)]
            self._client.complete_multipart_upload(**named, MultipartUpload={"Parts": listed})
        except BaseException:
            for copy in copies:
                copy.cancel()
            self._client.abort_multipart_upload(**named)
            raise

    def _copy(self, named: dict[str, str], number: int, part: Source) -> dict[str, Any]:
        unchanged = {"CopySourceIfMatch": self._versions[part.key]} if part.key in self._versions else {}
        source = {"Bucket": self._bucket, "Key": part.key}
        # S3 copies a range only from an object of more than 5 MB.
        given = {} if part.length == part.size else {"CopySourceRange": part.range}
        try:
            answer = self._client.upload_part_copy(**named, PartNumber=number, CopySource=source, **given, **unchanged)
        except ClientError as error:
            raise _understood(error, part.key) from error
        copied: dict[str, Any] = answer["CopyPartResult"]
        return copied


def _understood(error: ClientError, key: str) -> NoSuchBlob | BlobChanged | ClientError:
    match error.response["Error"]["Code"]:
        case "404" | "NoSuchKey":
            return NoSuchBlob(key)
        case "412" | "PreconditionFailed" | "InvalidRange":
            return BlobChanged(key)
        case _:
            return error
