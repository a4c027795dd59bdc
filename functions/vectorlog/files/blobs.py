"""The port of blob storage: uploaded files, manifests and artefacts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class NoSuchBlob(KeyError):
    """There is no blob under this key."""


class BlobChanged(Exception):
    """The blob under this key was replaced while it was read."""


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A blob as it is listed: its key, its size in bytes, and when it was stored, in ms since 1970."""

    key: str
    size: int
    stored_at: int


class Blobs(Protocol):
    """Stores blobs under keys such as `a/b/c`. Blobs are durable once `put` returns, and each is written whole or not.

    A key has no empty part, no `.` and no `..`, and no key may be a folder of another (`a/b` and `a/b/c`). Every method
    raises ValueError for an invalid key.
    """

    def put(self, items: Sequence[tuple[str, bytes | Path]]) -> None:
        """Stores each item under its key, replacing an older blob.

        If the content is a path, that file is moved or copied; it no longer exists afterwards.
        """
        ...

    def join(
        self,
        blobs: Sequence[tuple[str, int]],
        scratch: str,
        see: Callable[[bytes], None],
        target: Callable[[], str],
    ) -> None:
        """Stores what other blobs hold, one after the other, as one blob. Memory does not grow with their sizes.

        Args:
            blobs: their keys and sizes, in their order: one blob or more, none of them empty. They stay.
            scratch: a prefix that ends with `/`, below which other blobs may be stored on the way. The caller deletes
                them.
            see: called with each piece, in order.
            target: called once, after the last piece; returns the key of the new blob. If `see` or `target` raises,
                nothing is stored.

        Raises:
            NoSuchBlob: one of the blobs does not exist.
            BlobChanged: one of them was replaced meanwhile, and not all of it could be read.
        """
        ...

    def read(self, key: str) -> bytes:
        """Returns the blob's bytes.

        Raises:
            NoSuchBlob: there is no blob under this key.
        """
        ...

    def head(self, key: str, size: int) -> bytes:
        """Returns the first `size` bytes, or the whole blob if it is shorter.

        Raises:
            NoSuchBlob: there is no blob under this key.
        """
        ...

    def slice(self, key: str, start: int, end: int) -> bytes:
        """Returns the bytes from offset `start` up to but not including `end`; fewer if the blob ends before.

        Raises:
            NoSuchBlob: there is no blob under this key.
        """
        ...

    def size(self, key: str) -> int | None:
        """Returns the blob's size in bytes, or None if there is no blob under this key."""
        ...

    def local(self, key: str) -> AbstractContextManager[Path]:
        """Provides a local file with the blob's bytes while the context is open. The caller must not change it.

        Raises:
            NoSuchBlob: there is no blob under this key.
        """
        ...

    def list(self, prefix: str) -> Iterator[str]:
        """Yields every key that starts with `prefix`, in no particular order; `prefix` is empty or ends with `/`."""
        ...

    def page(self, after: str, limit: int) -> Sequence[StoredBlob]:
        """Returns up to `limit` blobs whose keys come after `after`, in the order of their keys in UTF-8.

        If `after` is the last key of an earlier page, blobs that were stored since that page's listing began may be
        left out.
        """
        ...

    def delete(self, keys: Sequence[str]) -> None:
        """Deletes the blobs; keys without a blob are ignored."""
        ...

    def delete_unreplaced(self, blob: StoredBlob) -> bool:
        """Deletes a blob unless it was stored again since it was listed; returns whether it deleted one."""
        ...


def check_key(key: str) -> None:
    """Checks that a key is valid.

    Raises:
        ValueError: it has an empty part, `.`, `..` or a null character.
    """
    if any(part in ("", ".", "..") for part in key.split("/")) or "\0" in key:
        raise ValueError(f"not a key: {key!r}")
