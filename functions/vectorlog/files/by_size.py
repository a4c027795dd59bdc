"""The blobs of the local edition: small ones in a database, where many share a sync, and large ones in files."""

from __future__ import annotations

import heapq
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from vectorlog.defaults import SMALL_FILE_BYTES
from vectorlog.files.blobs import NoSuchBlob, StoredBlob
from vectorlog.files.folder import FolderBlobs
from vectorlog.files.listings import Listings
from vectorlog.files.private import private_file
from vectorlog.files.sqlite import SQLiteBlobs


def now() -> int:
    """Returns the time in ms since 1970."""
    return time.time_ns() // 1_000_000


class BlobsBySize:
    """Implements Blobs. It finds a blob in either place, so data folders of earlier versions, which have files only,
    serve as they are. A key that is in both, because a crash came between storing and removing, is that of the
    database.

    Args:
        folder: of the large blobs.
        staging: a folder on the same disk; it is emptied at the start.
        database: the file of the small blobs.
        clock: returns ms since 1970, which is when small blobs are stored.
        read_only: nothing may be stored or deleted. `staging`, which is then elsewhere, has the copies of `local`.
    """

    def __init__(
        self,
        folder: Path,
        staging: Path,
        database: Path,
        clock: Callable[[], int] = now,
        *,
        read_only: bool = False,
    ) -> None:
        self._staging = staging
        self._files = FolderBlobs(folder, staging)
        self.rows = SQLiteBlobs(database, clock, read_only=read_only)
        self._listings = Listings(self._stored_after)

    def put(self, items: Sequence[tuple[str, bytes | Path]]) -> None:
        """See Blobs."""
        small: list[tuple[str, bytes]] = []
        large: list[tuple[str, bytes | Path]] = []
        paths: list[Path] = []
        for key, content in items:
            size = content.stat().st_size if isinstance(content, Path) else len(content)
            if size > SMALL_FILE_BYTES:
                large.append((key, content))
            elif isinstance(content, Path):
                small.append((key, content.read_bytes()))
                paths.append(content)
            else:
                small.append((key, content))
        if large:
            self._files.put(large)
            self.rows.delete([key for key, _ in large])
        if small:
            self.rows.put(small)
            self._files.delete([key for key, _ in small])
        for path in paths:
            path.unlink()

    def join(
        self,
        blobs: Sequence[tuple[str, int]],
        scratch: str,
        see: Callable[[bytes], None],
        target: Callable[[], str],
    ) -> None:
        """See Blobs. The joined blob is a file, whatever its size."""
        joined = ""

        def named() -> str:
            nonlocal joined
            joined = target()
            return joined

        self._files.join(blobs, scratch, see, named, self.local)
        self.rows.delete([joined])

    def read(self, key: str) -> bytes:
        """See Blobs."""
        return self._either(key, lambda content: content, self._files.read)

    def head(self, key: str, size: int) -> bytes:
        """See Blobs."""
        return self._either(key, lambda content: content[:size], lambda key: self._files.head(key, size))

    def slice(self, key: str, start: int, end: int) -> bytes:
        """See Blobs."""
        return self._either(
            key, lambda content: content[start : max(start, end)], lambda key: self._files.slice(key, start, end)
        )

    def size(self, key: str) -> int | None:
        """See Blobs."""
        stored = self.rows.stored(key)
        return self._files.size(key) if stored is None else stored.size

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """See Blobs. Of a small blob, the file is a copy for as long as the context is open."""
        found = self.rows.found(key)
        if found is None:
            with self._files.local(key) as path:
                yield path
            return
        content, stored_at = found
        copy = self._staging / uuid.uuid4().hex
        try:
            with private_file(copy) as file:
                file.write(content)
            os.utime(copy, ns=(stored_at * 1_000_000,) * 2)
            yield copy
        finally:
            copy.unlink(missing_ok=True)

    def list(self, prefix: str) -> Iterator[str]:
        """See Blobs. The keys come in order."""
        last = ""
        for key in heapq.merge((blob.key for blob in self.rows.stored_after("", prefix)), self._files.list(prefix)):
            if key != last:
                yield key
            last = key

    def page(self, after: str, limit: int) -> Sequence[StoredBlob]:
        """See Blobs. It lists anew, unless it goes on where another page ended."""
        return self._listings.page(after, limit)

    def delete(self, keys: Sequence[str]) -> None:
        """See Blobs."""
        self.rows.delete(keys)
        self._files.delete(keys)

    def delete_unreplaced(self, blob: StoredBlob) -> bool:
        """See Blobs."""
        if self.rows.stored(blob.key) is None:
            return self._files.delete_unreplaced(blob)
        return self.rows.delete_unreplaced(blob)

    def _either(self, key: str, of_row: Callable[[bytes], bytes], of_file: Callable[[str], bytes]) -> bytes:
        """Reads a blob where it is. If a small one takes the place of a large one meanwhile, a second look finds it.

        Raises:
            NoSuchBlob: see Blobs.
        """
        content = self.rows.find(key)
        if content is not None:
            return of_row(content)
        try:
            return of_file(key)
        except NoSuchBlob:
            if (content := self.rows.find(key)) is None:
                raise
            return of_row(content)

    def _stored_after(self, after: str) -> Iterator[StoredBlob]:
        last = ""
        both = heapq.merge(self.rows.stored_after(after), self._files.stored_after(after), key=lambda each: each.key)
        for blob in both:  # the merge is stable: of two with one key, the row comes first
            if blob.key != last:
                yield blob
            last = blob.key
