"""Pointers of Git LFS: small texts that stand for files which are elsewhere."""

from __future__ import annotations

import re

from vectorlog.syncing.items import Item

LONGEST = 1024
"""Bytes that a pointer has at most (the specification of git-lfs)."""
REASON = "it is a pointer of Git LFS, and the file itself is not here; `git lfs pull` fetches it"
_POINTER = re.compile(
    rb"version https://[\x21-\x7e]{1,200}\n(?:[a-z0-9.-]+ [^\n]*\n)*oid sha256:[0-9a-f]{64}\nsize \d+\n"
)


def is_pointer(item: Item) -> bool:
    """Whether a file is a pointer of Git LFS.

    Raises:
        OSError: it cannot be read.
    """
    if not 100 <= item.size < LONGEST:
        return False
    with item.open() as content:
        return _POINTER.fullmatch(content.read(LONGEST)) is not None
