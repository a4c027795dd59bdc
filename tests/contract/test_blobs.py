"""The promises of every blob adapter."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

import pytest

from tests.simulation.blobs import MemoryBlobs
from tests.support import moto_aws
from vectorlog.files.blobs import Blobs, NoSuchBlob, StoredBlob
from vectorlog.files.by_size import BlobsBySize
from vectorlog.files.folder import FolderBlobs
from vectorlog.files.s3 import S3Blobs
from vectorlog.runtime.aws import clients

BYTES = bytes(range(256)) * 10
MB = 1 << 20


@contextmanager
def folder(place: Path) -> Iterator[Blobs]:
    yield FolderBlobs(place / "blobs", place / "staging")


@contextmanager
def by_size(place: Path) -> Iterator[Blobs]:
    made = BlobsBySize(place / "blobs", place / "staging", place / "blobs.db")
    yield made
    assert list((place / "staging").iterdir()) == []
    made.rows.close()


@contextmanager
def moto(place: Path) -> Iterator[Blobs]:
    with moto_aws.aws():
        moto_aws.s3().create_bucket(Bucket="blobs")
        made = S3Blobs(moto_aws.s3(), "blobs", place)
        place.mkdir()
        yield made
        assert list(place.iterdir()) == []
        made.close()


@contextmanager
def s3(place: Path) -> Iterator[Blobs]:
    client, bucket = clients.s3(), f"blobs-{uuid4().hex}"
    client.create_bucket(Bucket=bucket)
    made = S3Blobs(client, bucket, place)
    place.mkdir()
    yield made
    made.delete(list(made.list("")))
    client.delete_bucket(Bucket=bucket)
    made.close()


@contextmanager
def simulated(folder: Path) -> Iterator[Blobs]:
    """The blobs in memory of the simulation."""
    folder.mkdir()
    yield MemoryBlobs(folder, lambda: time.time_ns() // 1_000_000)


@pytest.fixture(
    params=[folder, by_size, moto, simulated, pytest.param(s3, marks=pytest.mark.aws)],
    ids=lambda adapter: adapter.__name__,
)
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Blobs]:
    if request.param is moto:
        moto_aws.spared(request.node.originalname, ("test_put_beside_delete",))
    with request.param(tmp_path / "here") as made:
        yield made


class TestBlobs:
    def test_head(self, blobs: Blobs) -> None:
        """Reads the first bytes of a blob, or all if it is shorter; a missing blob is an error."""
        blobs.put([("a/b", b"0123456789"), ("a/empty", b"")])
        assert [blobs.head("a/b", size) for size in (4, 10, 99)] == [b"0123", b"0123456789", b"0123456789"]
        assert blobs.head("a/empty", 4) == b""
        with pytest.raises(NoSuchBlob):
            blobs.head("a/absent", 4)

    def test_slice(self, blobs: Blobs) -> None:
        """Reads a range of a blob, cut off at its end; a missing blob is an error."""
        blobs.put([("a/b", b"0123456789"), ("a/empty", b"")])
        ranges = ((0, 4), (3, 5), (8, 99), (10, 12), (5, 5))
        assert [blobs.slice("a/b", *each) for each in ranges] == [b"0123", b"34", b"89", b"", b""]
        assert blobs.slice("a/empty", 0, 4) == b""
        with pytest.raises(NoSuchBlob):
            blobs.slice("a/absent", 0, 4)

    def test_empty(self, blobs: Blobs) -> None:
        """A missing blob is an error to read, has no size, is in no list, and is no error to delete."""
        with pytest.raises(NoSuchBlob, match="a/b"):
            blobs.read("a/b")
        with pytest.raises(NoSuchBlob, match="a/b"), blobs.local("a/b"):
            pass
        assert blobs.size("a/b") is None
        assert list(blobs.list("a/")) == []
        blobs.delete(["a/b"])
        blobs.delete([])
        blobs.put([])

    @pytest.mark.parametrize("content", [b"", b"x", BYTES, b"\r\n\0" * 700_000], ids=["empty", "one", "all", "2 MB"])
    def test_bytes(self, blobs: Blobs, content: bytes) -> None:
        """Bytes come back unchanged."""
        blobs.put([("files/file-1/ab", content)])
        assert blobs.read("files/file-1/ab") == content
        assert blobs.size("files/file-1/ab") == len(content)
        with blobs.local("files/file-1/ab") as path:
            assert path.read_bytes() == content

    def test_path(self, blobs: Blobs, tmp_path: Path) -> None:
        """A file is moved: its bytes are kept, and it is gone from its old place."""
        source = tmp_path / "upload"
        source.write_bytes(BYTES)
        blobs.put([("a/b", source)])
        assert blobs.read("a/b") == BYTES
        assert not source.exists()

    @pytest.mark.parametrize("sizes", [[1], [5, 1, 7], [6 * MB, 3, 5 * MB], [1, 6 * MB, 2], [3 * MB] * 7])
    def test_join(self, blobs: Blobs, sizes: list[int]) -> None:
        """Blobs of any sizes become one, under a key that is chosen once all bytes were seen; they stay as they are."""
        parts = [(f"parts/{number}", bytes([65 + number]) * size) for number, size in enumerate(sizes)]
        blobs.put(parts)
        seen: list[bytes] = []

        def target() -> str:
            assert blobs.size("files/joined") is None
            return f"files/{sha256(b''.join(seen)).hexdigest()}"

        blobs.join([(key, len(content)) for key, content in parts], "scratch/", seen.append, target)
        whole = b"".join(content for _, content in parts)
        assert b"".join(seen) == whole
        assert blobs.read(f"files/{sha256(whole).hexdigest()}") == whole
        assert [blobs.read(key) for key, _ in parts] == [content for _, content in parts]
        blobs.delete(list(blobs.list("scratch/")))
        assert len(list(blobs.list(""))) == len(parts) + 1

    def test_join_that_is_refused(self, blobs: Blobs) -> None:
        """If a part is missing, or the caller refuses the bytes, no blob is stored."""
        blobs.put([("parts/1", b"x"), ("parts/2", b"y")])

        def refuse(*_: object) -> NoReturn:
            raise LookupError

        parts = [("parts/1", 1), ("parts/2", 1)]
        with pytest.raises(LookupError):
            blobs.join(parts, "scratch/", refuse, lambda: "files/1")
        with pytest.raises(LookupError):
            blobs.join(parts, "scratch/", lambda _: None, refuse)
        with pytest.raises(NoSuchBlob):
            blobs.join([("parts/1", 1), ("parts/3", 1)], "scratch/", lambda _: None, lambda: "files/1")
        assert list(blobs.list("files/")) == []

    def test_many(self, blobs: Blobs, tmp_path: Path) -> None:
        """One call stores many blobs, bytes and files alike."""
        source = tmp_path / "upload"
        source.write_bytes(b"of a file")
        blobs.put([*((f"a/{number}", str(number).encode()) for number in range(40)), ("b/c/d", source)])
        assert [blobs.read(f"a/{number}") for number in range(40)] == [str(number).encode() for number in range(40)]
        assert blobs.read("b/c/d") == b"of a file"

    def test_replace(self, blobs: Blobs, tmp_path: Path) -> None:
        """A key holds what was put last, longer or shorter than before."""
        source = tmp_path / "upload"
        source.write_bytes(b"file")
        blobs.put([("a", BYTES)])
        blobs.put([("a", b"short")])
        assert blobs.read("a") == b"short"
        blobs.put([("a", source)])
        assert blobs.read("a") == b"file"
        assert blobs.size("a") == 4

    def test_list(self, blobs: Blobs) -> None:
        """A prefix lists every key that begins with it, at any depth, and no other."""
        keys = ["a/1", "a/b/2", "a/b/c/3", "ab/4", "b/a/5"]
        blobs.put([(key, b"") for key in keys])
        assert sorted(blobs.list("a/")) == ["a/1", "a/b/2", "a/b/c/3"]
        assert sorted(blobs.list("a/b/")) == ["a/b/2", "a/b/c/3"]
        assert list(blobs.list("c/")) == []
        assert sorted(blobs.list("")) == keys

    def test_delete(self, blobs: Blobs) -> None:
        """Deleted keys are gone for good; their neighbours stay."""
        blobs.put([("a/1", b"1"), ("a/b/2", b"2"), ("a/b/3", b"3")])
        blobs.delete(["a/1", "a/b/2", "a/none"])
        blobs.delete(["a/1"])
        assert list(blobs.list("a/")) == ["a/b/3"]
        assert blobs.size("a/1") is None
        blobs.delete(["a/b/3"])
        assert list(blobs.list("a/")) == []

    def test_page(self, blobs: Blobs) -> None:
        """Pages list every blob once, in the order of the keys, with its size and the time when it was stored."""
        keys = ["a/1", "a-c/2", "a/b/2", "a/b-/3", "a/b/c/3", "ab/4", "a.b/9", "b/a/5"]
        began = (int(time.time()) - 1) * 1000  # the time of a file may be a tick of the kernel behind
        for size, key in enumerate(keys):
            blobs.put([(key, b"x" * size)])
        for limit in (1, 3, 8, 100):
            found: list[StoredBlob] = []
            while page := blobs.page(found[-1].key if found else "", limit):
                assert len(page) == min(limit, len(keys) - len(found))
                found += page
            assert [each.key for each in found] == sorted(keys)
            assert {each.key: each.size for each in found} == {key: size for size, key in enumerate(keys)}
            assert all(began <= each.stored_at <= time.time() * 1000 + 1000 for each in found)
        assert [each.key for each in blobs.page("a/b/bb", 2)] == ["a/b/c/3", "ab/4"]

    def test_stored_at(self, blobs: Blobs, tmp_path: Path) -> None:
        """The time is that of the put, however old the file is that was put."""
        source = tmp_path / "upload"
        source.write_bytes(b"x")
        os.utime(source, (1_000_000_000, 1_000_000_000))
        blobs.put([("a", source)])
        [found] = blobs.page("", 10)
        assert abs(found.stored_at - time.time() * 1000) < 60_000

    def test_delete_unreplaced(self, blobs: Blobs) -> None:
        """A listed blob is deleted, unless it was stored again since; deleting it twice is no error."""
        blobs.put([("a/b", b"1"), ("a/bc", b"1")])
        [listed, _] = blobs.page("", 10)
        older = replace(listed, stored_at=listed.stored_at - 5_000)
        assert not blobs.delete_unreplaced(older)
        assert blobs.read("a/b") == b"1"
        assert blobs.delete_unreplaced(listed)
        assert not blobs.delete_unreplaced(listed)
        assert list(blobs.list("")) == ["a/bc"]

    def test_beginning_of_a_key(self, blobs: Blobs) -> None:
        """A prefix of other keys is not a key itself, and neither is a key with more appended."""
        blobs.put([("a/b/c", b"x")])
        for key in ("a", "a/b", "a/b/c/d"):
            assert blobs.size(key) is None
            with pytest.raises(NoSuchBlob):
                blobs.read(key)
            blobs.delete([key])
        assert blobs.read("a/b/c") == b"x"

    @pytest.mark.parametrize(
        "key", ["", "/", "/a", "a/", "..", "../a", "a/../../b", "a/..", "./a", "a//b", "a/./b", "a\0b"]
    )
    def test_not_a_key(self, blobs: Blobs, tmp_path: Path, key: str) -> None:
        """Nothing outside is written, read or deleted, whatever a key contains."""
        outside = tmp_path / "a"
        outside.write_bytes(b"outside")
        with pytest.raises(ValueError, match="not a key"):
            blobs.put([("good", b""), (key, b"evil")])
        with pytest.raises(ValueError, match="not a key"):
            blobs.read(key)
        with pytest.raises(ValueError, match="not a key"):
            blobs.size(key)
        with pytest.raises(ValueError, match="not a key"), blobs.local(key):
            pass
        with pytest.raises(ValueError, match="not a key"):
            blobs.delete(["good", key])
        assert outside.read_bytes() == b"outside"
        assert blobs.size("good") is None

    def test_put_beside_delete(self, blobs: Blobs) -> None:
        """A blob that is put into a folder while others empty it is kept."""

        def put_and_delete(worker: int) -> None:
            for turn in range(40):
                key = f"shared/{turn % 2}/deep/{worker}-{turn}"
                blobs.put([(key, key.encode())])
                assert blobs.read(key) == key.encode()
                blobs.delete([key])

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(put_and_delete, range(8)))
        assert list(blobs.list("shared/")) == []

    def test_whole_or_not_at_all(self, blobs: Blobs) -> None:
        """A reader sees one of the contents while others replace them, never a mixture."""
        contents = [bytes([letter]) * 50_000 for letter in b"abcd"]
        digests = {sha256(content).digest() for content in contents}
        blobs.put([("a/b", contents[0])])

        def replace(content: bytes) -> None:
            for _ in range(10):
                blobs.put([("a/b", content)])

        def read(_: int) -> set[bytes]:
            return {sha256(blobs.read("a/b")).digest() for _ in range(50)}

        with ThreadPoolExecutor(8) as pool:
            replacing = [pool.submit(replace, content) for content in contents]
            reading = [pool.submit(read, number) for number in range(4)]
            assert set().union(*(each.result() for each in reading)) <= digests
            for each in replacing:
                each.result()
