"""The port of bytes at rest: uploaded files, manifests, artefacts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


class NoSuchBlob(KeyError):
    """Nothing is kept under this key."""


class Blobs(Protocol):
    """Bytes by key (`a/b/c`). What `put` returned is durable; a key is written whole or not at all.

    A key has no empty part, no `.` and no `..`, and none is the beginning of another (`a/b` and `a/b/c`). Every method
    raises ValueError for what is not a key.
    """

    def put(self, items: Sequence[tuple[str, bytes | Path]]) -> None:
        """Keeps each under its key, replacing what was there. A file at a Path is moved or copied, and gone
        afterwards.
        """
        ...

    def read(self, key: str) -> bytes:
        """All of it.

        Raises:
            NoSuchBlob: nothing is there.
        """
        ...

    def head(self, key: str, size: int) -> bytes:
        """The first `size` bytes, or all of them where there are fewer.

        Raises:
            NoSuchBlob: nothing is there.
        """
        ...

    def size(self, key: str) -> int | None:
        """Bytes, or None where nothing is there."""
        ...

    def local(self, key: str) -> AbstractContextManager[Path]:
        """A file on this machine with the same bytes, for as long as the context is open; to be read only.

        Raises:
            NoSuchBlob: nothing is there.
        """
        ...

    def list(self, prefix: str) -> Iterator[str]:
        """Every key that begins so, in no order; `prefix` ends at a `/`."""
        ...

    def delete(self, keys: Sequence[str]) -> None:
        """Forgets them; one that is not there is no error."""
        ...


def check_key(key: str) -> None:
    """Refuses what is not a key.

    Raises:
        ValueError: it has an empty part, `.`, `..`, or a null character.
    """
    if any(part in ("", ".", "..") for part in key.split("/")) or "\0" in key:
        raise ValueError(f"not a key: {key!r}")
