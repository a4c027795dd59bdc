"""What is to be sent to a store, and how it ended."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from vectorlog.syncing.items import Item

_READ = 1 << 20


@dataclass(frozen=True, slots=True)
class Task:
    """A file to attach.

    Attributes:
        path: its place in its source.
        attributes: what it gets.
        sha256: of its content, in hexadecimal.
        item: where its content is; None if it is uploaded already.
        file: its id if it is uploaded already, else empty.
        key: see `Uploader.upload`.
        chunking: a chunking strategy of its own, or None for the sender's.
    """

    path: str
    attributes: Mapping[str, Any]
    sha256: str
    item: Item | None
    file: str = ""
    key: str = ""
    chunking: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """How a task ended.

    Attributes:
        task: the task.
        file: its id, or empty if it was not uploaded.
        status: `completed`, `failed` or `cancelled` as in the API; `unsent` if it did not come to the store; `accepted`
            if it was not waited for.
        reason: why it failed, or empty.
        warnings: what is told of a completed file.
    """

    task: Task
    file: str
    status: str
    reason: str = ""
    warnings: tuple[str, ...] = ()


class Progress(Protocol):
    """Is told how far the work is; never from two threads at once."""

    def uploaded(self, size: int) -> None:
        """A file of so many bytes was uploaded."""

    def ended(self, sent: Sent) -> None:
        """A file has ended."""


class Stop(Protocol):
    """What `threading.Event` has: once it is set, nothing new begins."""

    def is_set(self) -> bool:
        """Whether it is set."""

    def wait(self, timeout: float) -> bool:
        """Waits until it is set, at most so many seconds; returns whether it is."""


def key_of(*parts: str) -> str:
    """Returns an Idempotency-Key that is the same for the same parts."""
    whole = "\0".join(parts).encode(errors="surrogateescape")
    return f"vectorlog-{hashlib.sha256(whole).hexdigest()}"


def sha256_of(item: Item) -> str:
    """Returns the SHA-256 of a file, in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with item.open() as content:
        while data := content.read(_READ):
            digest.update(data)
    return digest.hexdigest()
