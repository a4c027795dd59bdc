"""Objects in S3 that are joined to one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from tests.support import moto_aws
from vectorlog.files.blobs import BlobChanged
from vectorlog.files.s3_join import AHEAD, MB, PIECE, SMALLEST, S3Join, pieces

if TYPE_CHECKING:
    from botocore.client import BaseClient


@pytest.fixture
def client() -> Iterator[BaseClient]:
    with moto_aws.aws():
        moto_aws.s3().create_bucket(Bucket="bucket")
        yield moto_aws.s3()


class Calls:
    """Remembers the calls of a client; `before` runs before each, with its name."""

    def __init__(self, client: BaseClient) -> None:
        self._client = client
        self.names: list[str] = []
        self.given: list[dict[str, Any]] = []
        self.before: Callable[[str], None] = lambda _: None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self.names.append(name)
            self.given.append(kwargs)
            self.before(name)
            return found(*args, **kwargs)

        return call


def join(client: Any, objects: list[tuple[str, int]], key: str = "files/1") -> bytes:
    seen: list[bytes] = []
    with ThreadPoolExecutor(1) as pool:  # moto is correct only in one thread at a time
        S3Join(client, "bucket", pool).join(objects, "scratch/", seen.append, lambda: key)
    return b"".join(seen)


def put(client: BaseClient, *sizes: int) -> list[tuple[str, int]]:
    for number, size in enumerate(sizes):
        client.put_object(Bucket="bucket", Key=f"parts/{number}", Body=bytes([65 + number]) * size)
    return [(f"parts/{number}", size) for number, size in enumerate(sizes)]


SIZES = st.one_of(st.integers(1, 3), st.integers(1, 40 * MB), st.sampled_from([SMALLEST, SMALLEST - 1, PIECE, 4 * MB]))


@given(st.lists(SIZES, min_size=1, max_size=20))
def test_pieces(sizes: list[int]) -> None:
    """Whatever the sizes, the pieces are the bytes in their order, small enough for memory, and S3 takes each."""
    objects = [(str(number), size) for number, size in enumerate(sizes)]
    cut = list(pieces(objects))
    places = [(each.key, each.start + at) for piece in cut for each in piece.sources for at in (0, each.length - 1)]
    assert places == sorted(places, key=lambda each: (int(each[0]), each[1]))
    lengths = [sum(each.length for each in piece.sources) for piece in cut]
    assert sum(lengths) == sum(sizes)
    assert all(length >= SMALLEST for length in lengths[:-1])
    assert max(lengths) < PIECE + SMALLEST
    for piece in cut:
        if piece.stored:
            [source] = piece.sources
            assert source.length == source.size or source.size > SMALLEST, "S3 copies no range of it"


def test_large_objects_are_not_written_again(client: BaseClient) -> None:
    """What S3 can join itself is only read; what is too small for it is put together and written."""
    calls = Calls(client)
    join(calls, put(client, 6 * MB, 20 * MB, 1))
    assert "put_object" not in calls.names
    calls = Calls(client)
    objects = put(client, *[4 * MB] * 4)
    join(calls, objects)
    assert calls.names.count("put_object") == 2


def test_a_second_attempt_reads_only(client: BaseClient) -> None:
    """A request that was cut off has written pieces; the next one does not write them again."""
    objects = put(client, *[4 * MB] * 8)

    def dies(name: str) -> None:
        if name == "create_multipart_upload":
            raise ConnectionError

    first = Calls(client)
    first.before = dies
    with pytest.raises(ConnectionError):
        join(first, objects)
    assert first.names.count("put_object") == 4
    second = Calls(client)
    whole = join(second, objects)
    assert "put_object" not in second.names
    assert client.get_object(Bucket="bucket", Key="files/1")["Body"].read() == whole


def test_replaced_objects(client: BaseClient) -> None:
    """An object that is replaced after it was read is not joined: the hash would be that of other bytes. Moto does not
    compare ETags, so S3's answer is given here.
    """
    objects, calls = put(client, 6 * MB, 6 * MB), Calls(client)
    etag = client.head_object(Bucket="bucket", Key="parts/1")["ETag"]

    def answer(name: str) -> None:
        if name == "upload_part_copy" and calls.given[-1]["CopySource"]["Key"] == "parts/1":
            assert calls.given[-1]["CopySourceIfMatch"] == etag
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "UploadPartCopy")

    calls.before = answer
    with pytest.raises(BlobChanged):
        join(calls, objects)
    assert "abort_multipart_upload" in calls.names
    assert client.list_objects_v2(Bucket="bucket", Prefix="files/")["KeyCount"] == 0


def test_memory(client: BaseClient) -> None:
    """However large the file, only some pieces are read ahead of the one that is seen."""
    calls, most, seen = Calls(client), 0, 0
    objects = put(client, *[6 * MB] * 20)

    def see(_: bytes) -> None:
        nonlocal most, seen
        seen += 1
        most = max(most, calls.names.count("get_object") - seen)

    with ThreadPoolExecutor(1) as pool:
        S3Join(cast("BaseClient", calls), "bucket", pool).join(objects, "scratch/", see, lambda: "files/1")
    assert seen == 20
    assert most <= AHEAD
