"""Bytes in a folder."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from vectorlog.files.blobs import NoSuchBlob


class FolderBlobs:
    """Implements Blobs with one file per key; `staging` is a folder on the same disk, emptied at the start."""

    def __init__(self, folder: Path, staging: Path) -> None:
        self._folder = folder
        self._staging = staging
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True, exist_ok=True)

    def put(self, items: Sequence[tuple[str, bytes | Path]]) -> None:
        """See Blobs. All are written first, then synced, then named: the disk syncs them together."""
        staged = [(self._path(key), self._stage(content)) for key, content in items]
        for _, source in staged:
            _sync(source)
        for target, source in staged:
            self._name(source, target)
        for folder in {folder for target, _ in staged for folder in target.parents if folder.is_relative_to(self._folder)}:
            _sync(folder)

    def read(self, key: str) -> bytes:
        """See Blobs."""
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            raise NoSuchBlob(key) from None

    def size(self, key: str) -> int | None:
        """See Blobs."""
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return None

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """See Blobs."""
        path = self._path(key)
        if not path.is_file():
            raise NoSuchBlob(key)
        yield path

    def list(self, prefix: str) -> Iterator[str]:
        """See Blobs."""
        for folder, _, names in os.walk(self._path(prefix)):
            for name in names:
                yield (Path(folder) / name).relative_to(self._folder).as_posix()

    def delete(self, keys: Sequence[str]) -> None:
        """See Blobs; folders that are left empty go too."""
        for key in keys:
            path = self._path(key)
            path.unlink(missing_ok=True)
            with suppress(OSError):  # the first one that is not empty ends it
                for folder in path.parents:
                    if folder == self._folder:
                        break
                    folder.rmdir()

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if any(part in (".", "..") for part in parts) or key.startswith("/"):
            raise ValueError(f"not a key: {key!r}")
        return self._folder.joinpath(*parts)

    def _name(self, source: Path, target: Path) -> None:
        for last in (False, False, True):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                source.replace(target)
                return
            except FileNotFoundError:  # a delete took the empty folder away in between
                if last:
                    raise

    def _stage(self, content: bytes | Path) -> Path:
        if isinstance(content, Path):
            return content
        path = self._staging / uuid.uuid4().hex
        path.write_bytes(content)
        return path


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
