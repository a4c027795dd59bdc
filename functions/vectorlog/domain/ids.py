"""Ids: what they look like, how streams are named, and how a repeated request gets the same id.

Shapes are OpenAI's (docs/contract.md, section 1): `file-` + 22 alphanumerics; `vs_`, `vsfb_`, `upload_`, `part_`,
`key_` + 32 hex.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

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


@dataclass(frozen=True, slots=True)
class StoreId:
    """Stream of a vector store, `vs_…`."""

    store: str

    def __str__(self) -> str:
        return self.store


@dataclass(frozen=True, slots=True)
class StoreFileId:
    """Stream of a file in a store, `vs_…/file-…`."""

    store: str
    file: str

    def __str__(self) -> str:
        return f"{self.store}/{self.file}"

    @classmethod
    def parse(cls, stream: str) -> StoreFileId:
        """The id of a stream that has to be that of a file in a store.

        Raises:
            ValueError: it is another kind's.
        """
        found = parse_stream(stream)
        if not isinstance(found, StoreFileId):
            raise ValueError(f"stream '{stream}' is not that of a file in a store")
        return found


@dataclass(frozen=True, slots=True)
class BatchId:
    """Stream of a file batch, `vsfb_…`."""

    batch: str

    def __str__(self) -> str:
        return self.batch


@dataclass(frozen=True, slots=True)
class FileId:
    """Stream of an uploaded file, `file-…`."""

    file: str

    def __str__(self) -> str:
        return self.file


@dataclass(frozen=True, slots=True)
class KeyId:
    """Stream of an API key, `key_…`."""

    key: str

    def __str__(self) -> str:
        return self.key


StreamId: TypeAlias = StoreId | StoreFileId | BatchId | FileId | KeyId


def parse_stream(stream: str) -> StreamId | None:
    """The typed id of a stream, of which `str` gives the same text back; None for a kind that this version does not
    know.
    """
    store, slash, file = stream.partition("/")
    if slash:
        return StoreFileId(store, file) if store.startswith(PREFIX["vs"]) and file and "/" not in file else None
    for kind, make_id in _STREAMS.items():
        if stream.startswith(PREFIX[kind]):
            return make_id(stream)
    return None


_STREAMS: dict[Kind, Callable[[str], StreamId]] = {"vs": StoreId, "vsfb": BatchId, "file": FileId, "key": KeyId}


def store_file_stream(store: str, file: str) -> str:
    """The text of a `StoreFileId`."""
    return str(StoreFileId(store, file))


def group_of(stream: str) -> str:
    """What a stream shares rows with, as a name: a store and its files are one group, any other stream is its own."""
    found = parse_stream(stream)
    return found.store if isinstance(found, StoreFileId) else stream
