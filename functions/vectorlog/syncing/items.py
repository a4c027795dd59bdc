"""What a source has: files with their paths, and what of it cannot be read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

LONGEST_PATH = 512
"""Characters of a path: what an attribute holds (docs/contract.md, section 5.1)."""


class SourceUnusable(Exception):
    """A source cannot be read at all; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file of a source.

    Attributes:
        path: below the source's root, with slashes; always text that a server takes.
        size: in bytes.
        modified: seconds since 1970, or None where the source does not say.
        version: what changes when the content does, such as size and time of change; texts are equal only if the
            content is, so a hash that was computed for it may be remembered. Empty if there is no such thing.
        open: opens its content, which can be read more than once.
        etag: a version that lasts: it is kept in the attribute `etag`, so that content that did not change is not
            fetched again. Empty if there is no such thing.
    """

    path: str
    size: int
    modified: int | None
    version: str
    open: Callable[[], BinaryIO]
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file or folder of a source that cannot be read. What was made of it before stays.

    Attributes:
        path: as of an item; of a folder it ends with a slash.
        reason: a short sentence.
        skipped: it is left out on purpose, such as a symbolic link, and is no failure.
    """

    path: str
    reason: str
    skipped: bool = False


class Source(Protocol):
    """Where files come from."""

    @property
    def name(self) -> str:
        """What files say that they are from, as the attribute `source`."""

    def items(self) -> Iterator[Item | Unreadable]:
        """Yields what is there now, in order of its paths.

        Raises:
            SourceUnusable: nothing can be said of what is there.
        """


def text_of(path: str) -> str:
    r"""Returns a path as text that a server takes: bytes that are no UTF-8 are written as `\xff`."""
    return os.fsencode(path).decode(errors="backslashreplace").replace("\0", "")
