"""Ids: what they look like, how streams are named, and how a repeated request gets the same id.

Shapes are OpenAI's (docs/contract.md, section 1): `file-` + 22 alphanumerics; `vs_`, `vsfb_`, `upload_`, `part_`,
`key_` + 32 hex.
"""

from __future__ import annotations

import hashlib
import string
from typing import Literal

Kind = Literal["file", "vs", "vsfb", "upload", "part", "key"]

PREFIX: dict[Kind, str] = {
    "file": "file-",
    "vs": "vs_",
    "vsfb": "vsfb_",
    "upload": "upload_",
    "part": "part_",
    "key": "key_",
}

_ALPHABET = string.digits + string.ascii_letters


def make(kind: Kind, seed: bytes) -> str:
    """The id that these bytes stand for: 16 random bytes make a new one, a digest of a request always the same."""
    digest = hashlib.sha256(kind.encode() + b"\0" + seed).digest()
    if kind != "file":
        return PREFIX[kind] + digest[:16].hex()
    number, letters = int.from_bytes(digest[:20], "big"), []
    for _ in range(22):
        number, place = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[place])
    return PREFIX["file"] + "".join(letters)


def begins_right(kind: Kind, value: str) -> bool:
    """Whether this can be an id of that kind: its prefix, then what a stream name and a path may hold."""
    prefix = PREFIX[kind]
    rest = value[len(prefix) :]
    return (
        value.startswith(prefix)
        and 0 < len(rest) <= 64
        and rest.isascii()
        and rest.replace("_", "").replace("-", "").isalnum()
    )


def store_file_stream(store: str, file: str) -> str:
    """Stream of a file in a store."""
    return f"{store}/{file}"
