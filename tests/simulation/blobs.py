"""Blobs in memory, as S3 keeps them: consistent, each whole or not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from vectorlog.files.blobs import NoSuchBlob, StoredBlob, check_key


class MemoryBlobs:
    """Implements Blobs. `folder` holds the local files that `local` provides; `clock` is in ms."""

    def __init__(self, folder: Path, clock: Callable[[], int]) -> None:
        self._folder = folder
        self._clock = clock
        self._blobs: dict[str, bytes] = {}
        self._stored: dict[str, StoredBlob] = {}

    def put(self, items: Sequence[tuple[str, bytes | Path]]) -> None:
        for key, _ in items:
            check_key(key)
        for key, content in items:
            if isinstance(content, Path):
                self._blobs[key] = content.read_bytes()
                content.unlink()
            else:
                self._blobs[key] = content
            self._stored[key] = StoredBlob(key, len(self._blobs[key]), self._clock())

    def join(
        self,
        blobs: Sequence[tuple[str, int]],
        scratch: str,
        see: Callable[[bytes], None],
        target: Callable[[], str],
    ) -> None:
        joined = b"".join(self.read(key) for key, _ in blobs)
        see(joined)
        self.put([(target(), joined)])

    def read(self, key: str) -> bytes:
        check_key(key)
        if key not in self._blobs:
            raise NoSuchBlob(key)
        return self._blobs[key]

    def head(self, key: str, size: int) -> bytes:
        return self.read(key)[:size]

    def slice(self, key: str, start: int, end: int) -> bytes:
        return self.read(key)[start : max(start, end)]

    def size(self, key: str) -> int | None:
        check_key(key)
        return len(self._blobs[key]) if key in self._blobs else None

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        with NamedTemporaryFile(dir=self._folder) as file:  # another file may be read before this one is closed
            file.write(self.read(key))
            file.flush()
            yield Path(file.name)

    def list(self, prefix: str) -> Iterator[str]:
        yield from [key for key in self._blobs if key.startswith(prefix)]

    def page(self, after: str, limit: int) -> Sequence[StoredBlob]:
        keys = sorted((key for key in self._blobs if key.encode() > after.encode()), key=str.encode)
        return [self._stored[key] for key in keys[:limit]]

    def delete_unreplaced(self, blob: StoredBlob) -> bool:
        if blob.key not in self._blobs or self._stored[blob.key] != blob:
            return False
        self.delete([blob.key])
        return True

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            check_key(key)
            self._blobs.pop(key, None)
