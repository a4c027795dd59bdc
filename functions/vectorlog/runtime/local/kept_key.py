"""Keys of the local edition that are made once and kept in a file: of signed addresses, and of webhooks' secrets."""

from __future__ import annotations

import secrets
from pathlib import Path

from vectorlog.files.private import private_file
from vectorlog.files.synced import sync

_KEY_BYTES = 32


def key_in(path: Path) -> bytes:
    """Returns the key that a file holds, made now if there is none. It is durable once this returns, and whole or not
    there after a crash: signatures and secrets that were given out must hold.
    """
    if path.exists() and len(key := path.read_bytes()) == _KEY_BYTES:
        return key
    made = secrets.token_bytes(_KEY_BYTES)
    draft = path.with_name(f"{path.name}.new")
    with private_file(draft) as file:
        file.write(made)
    sync(draft)
    draft.replace(path)
    sync(path.parent)
    return made
