"""Blobs in a folder."""

from __future__ import annotations

import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from stat import S_ISREG

from vectorlog.files.appending import append_file
from vectorlog.files.blobs import NoSuchBlob, StoredBlob, check_key
from vectorlog.files.listings import Listings
from vectorlog.files.private import PRIVATE_FILE, PRIVATE_FOLDER, private_file
from vectorlog.files.synced import sync

SYNCERS = 16
"""Threads that call fsync in parallel."""

_NO_FILE = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


class FolderBlobs:
    """Implements Blobs with one file per key. `staging` is a folder on the same disk; it is emptied at the start."""

    def __init__(self, folder: Path, staging: Path) -> None:
        self._folder = folder
        self._staging = staging
        self._syncers = ThreadPoolExecutor(SYNCERS, thread_name_prefix="sync")
        self._listings = Listings(self.stored_after)
        self._naming = threading.Lock()  # so that no delete removes an empty folder that a put is about to use
        folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)

    def put(self, items: Sequence[tuple[str, bytes | Path]]) -> None:
        """See Blobs. Writes all files, then syncs them together, then moves each to its place."""
        targets = [self._path(key) for key, _ in items]
        staged = [self._staging / uuid.uuid4().hex for _ in items]
        try:
            for path, (_, content) in zip(staged, items, strict=True):
                _stage(content, path)
            self._name(staged, targets)
        except BaseException:
            for path in staged:
                path.unlink(missing_ok=True)
            raise
        self._sync_folders([key for key, _ in items])

    def join(
        self,
        blobs: Sequence[tuple[str, int]],
        scratch: str,  # noqa: ARG002
        see: Callable[[bytes], None],
        target: Callable[[], str],
        local: Callable[[str], AbstractContextManager[Path]] | None = None,
    ) -> None:
        """See Blobs. Where the file system can, the new file shares the blocks of the old ones. `local` finds a blob's
        file if it may be elsewhere.
        """
        staged = self._staging / uuid.uuid4().hex
        try:
            with private_file(staged) as into:
                for key, _ in blobs:
                    with (local or self.local)(key) as path:
                        append_file(key, path, into, see)
            key = target()
            self._name([staged], [self._path(key)])
        except BaseException:
            staged.unlink(missing_ok=True)
            raise
        self._sync_folders([key])

    def read(self, key: str) -> bytes:
        """See Blobs."""
        try:
            return self._path(key).read_bytes()
        except _NO_FILE:
            raise NoSuchBlob(key) from None

    def head(self, key: str, size: int) -> bytes:
        """See Blobs."""
        with self.local(key) as path, path.open("rb") as file:
            return file.read(size)

    def slice(self, key: str, start: int, end: int) -> bytes:
        """See Blobs."""
        with self.local(key) as path, path.open("rb") as file:
            file.seek(start)
            return file.read(max(0, end - start))

    def size(self, key: str) -> int | None:
        """See Blobs."""
        try:
            status = self._path(key).stat()
        except _NO_FILE:
            return None
        return status.st_size if S_ISREG(status.st_mode) else None

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """See Blobs."""
        path = self._path(key)
        if not path.is_file():
            raise NoSuchBlob(key)
        yield path

    def list(self, prefix: str) -> Iterator[str]:
        """See Blobs. The keys come in order."""
        return self._after(f"{prefix.removesuffix('/')}/" if prefix else "", "")

    def page(self, after: str, limit: int) -> Sequence[StoredBlob]:
        """See Blobs. It lists the folders anew, unless it goes on where another page ended."""
        return self._listings.page(after, limit)

    def delete(self, keys: Sequence[str]) -> None:
        """See Blobs. Also removes the folders that become empty."""
        for path in [self._path(key) for key in keys]:
            with self._naming:
                if path.is_file():
                    self._unlink(path)

    def delete_unreplaced(self, blob: StoredBlob) -> bool:
        """See Blobs. No put can name its file between the comparison and the deletion."""
        path = self._path(blob.key)
        with self._naming:
            if self._stored(blob.key) != blob:
                return False
            self._unlink(path)
        return True

    def stored_after(self, after: str) -> Iterator[StoredBlob]:
        """Yields the blobs whose keys come after `after`, in the order of their keys."""
        return (blob for blob in map(self._stored, self._after("", after)) if blob is not None)

    def _after(self, folder: str, after: str) -> Iterator[str]:
        """Yields the keys below a folder that come after `after`, in order; `folder` is "" or ends with `/`."""
        low = after[len(folder) :] if after.startswith(folder) else ""
        try:
            with os.scandir(self._folder / folder) as entries:
                # "0" follows "/", so such an entry's key, or every key in its folder, comes before `after`.
                left = [each for each in entries if each.name + "0" > low]
        except _NO_FILE:  # a delete has removed it
            return
        names = sorted(f"{folder}{each.name}{'/' if each.is_dir() else ''}" for each in left)
        for name in names:
            if not name.endswith("/"):
                if name > after:
                    yield name
            elif name > after or after.startswith(name):
                yield from self._after(name, after)

    def _stored(self, key: str) -> StoredBlob | None:
        try:
            status = self._path(key).stat()
        except _NO_FILE:
            return None
        return StoredBlob(key, status.st_size, status.st_mtime_ns // 1_000_000)

    def _name(self, staged: Sequence[Path], targets: Sequence[Path]) -> None:
        """Syncs files together, and moves each to its place."""
        self._sync(staged)
        with self._naming:
            for target in targets:
                self._make_folders(target)
            for source, target in zip(staged, targets, strict=True):
                source.replace(target)

    def _sync_folders(self, keys: Sequence[str]) -> None:
        """Syncs the folders of keys, so that the files keep their names."""
        folders = {key[:end] for key in keys for end, character in enumerate(key) if character == "/"}
        self._sync([self._folder, *(self._folder / folder for folder in folders)])

    def _unlink(self, path: Path) -> None:
        path.unlink()
        with suppress(OSError):  # rmdir fails at the first folder that is not empty
            for folder in path.parents:
                if folder == self._folder:
                    break
                folder.rmdir()

    def _sync(self, paths: Iterable[Path]) -> None:
        """Syncs the files in parallel, so that the file system writes its journal once for all of them.

        Measured with 32 small files: 5 ms, against 150 ms one by one.
        """
        for _ in self._syncers.map(_sync, paths):
            pass

    def _path(self, key: str) -> Path:
        check_key(key)
        return self._folder.joinpath(*key.split("/"))

    def _make_folders(self, path: Path) -> None:
        """Makes the folders of a blob, each with its mode, which `Path.mkdir` would give only to the last."""
        if path.parent != self._folder and not path.parent.is_dir():
            self._make_folders(path.parent)
            path.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def _stage(content: bytes | Path, path: Path) -> None:
    if isinstance(content, Path):
        shutil.move(content, path)  # a copy if the file is on another disk
        path.chmod(PRIVATE_FILE)
        os.utime(path)  # when it is stored, not when the file was written
    else:
        with private_file(path) as file:
            file.write(content)


def _sync(path: Path) -> None:
    with suppress(FileNotFoundError):  # a delete has removed this folder in the meantime
        sync(path)
