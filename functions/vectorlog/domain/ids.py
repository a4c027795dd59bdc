"""The format of ids, the names of streams, and ids that are the same whenever a request is repeated.

Formats are OpenAI's (docs/contract.md, section 1): `file-` and 22 alphanumerics; `vs_`, `vsfb_`, `upload_`, `part_`,
`key_`, `proj_` or `we_` and 32 hex digits.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind = Literal["file", "vs", "vsfb", "upload", "part", "key", "proj", "we"]

PREFIX: dict[Kind, str] = {
    "file": "file-",
    "vs": "vs_",
    "vsfb": "vsfb_",
    "upload": "upload_",
    "part": "part_",
    "key": "key_",
    "proj": "proj_",
    "we": "we_",
}

_ALPHABET = string.digits + string.ascii_letters


def make(kind: Kind, seed: bytes) -> str:
    """Returns the id of this kind that is derived from `seed`: pass 16 random bytes for a new id, or the digest of a
    request for the same id each time.
    """
    digest = hashlib.sha256(kind.encode() + b"\0" + seed).digest()
    if kind != "file":
        return PREFIX[kind] + digest[:16].hex()
    number, letters = int.from_bytes(digest[:20], "big"), []
    for _ in range(22):
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return PREFIX["file"] + "".join(letters)


def is_well_formed(kind: Kind, value: str) -> bool:
    """Whether a text can be an id of this kind: the kind's prefix, then 1 to 64 ASCII letters, digits, `_` or `-`,
    which are safe in stream names and paths.
    """
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
        """Parses the stream id of a file in a store.

        Raises:
            ValueError: the stream is of another kind.
        """
        parsed = parse_stream(stream)
        if not isinstance(parsed, StoreFileId):
            raise ValueError(f"stream '{stream}' is not that of a file in a store")
        return parsed


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
class UploadId:
    """Stream of an upload, `upload_…`."""

    upload: str

    def __str__(self) -> str:
        return self.upload


@dataclass(frozen=True, slots=True)
class UploadPartId:
    """Stream of a part of an upload, `upload_…/part_…`."""

    upload: str
    part: str

    def __str__(self) -> str:
        return f"{self.upload}/{self.part}"

    @classmethod
    def parse(cls, stream: str) -> UploadPartId:
        """Parses the stream id of a part.

        Raises:
            ValueError: the stream is of another kind.
        """
        parsed = parse_stream(stream)
        if not isinstance(parsed, UploadPartId):
            raise ValueError(f"stream '{stream}' is not that of a part of an upload")
        return parsed


@dataclass(frozen=True, slots=True)
class KeyId:
    """Stream of an API key, `key_…`."""

    key: str

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True, slots=True)
class ProjectId:
    """Stream of a project, `proj_…`."""

    project: str

    def __str__(self) -> str:
        return self.project


@dataclass(frozen=True, slots=True)
class WebhookId:
    """Stream of a webhook endpoint, `we_…`."""

    endpoint: str

    def __str__(self) -> str:
        return self.endpoint


StreamId: TypeAlias = StoreId | StoreFileId | BatchId | FileId | UploadId | UploadPartId | KeyId | ProjectId | WebhookId


def parse_stream(stream: str) -> StreamId | None:
    """Parses a stream id; `str` of the result is the same text. None if this version does not know the kind."""
    whole, slash, part = stream.partition("/")
    if slash:
        if not part or "/" in part:
            return None
        if whole.startswith(PREFIX["upload"]):
            return UploadPartId(whole, part)
        return StoreFileId(whole, part) if whole.startswith(PREFIX["vs"]) else None
    for kind, make_id in _STREAMS.items():
        if stream.startswith(PREFIX[kind]):
            return make_id(stream)
    return None


_STREAMS: dict[Kind, Callable[[str], StreamId]] = {
    "vs": StoreId,
    "vsfb": BatchId,
    "file": FileId,
    "upload": UploadId,
    "key": KeyId,
    "proj": ProjectId,
    "we": WebhookId,
}


def store_file_stream(store: str, file: str) -> str:
    """Returns the stream id of a file in a store as text."""
    return str(StoreFileId(store, file))


def group_of(stream: str) -> str:
    """Returns the name of the group of streams that share rows: a store and its files are one group, and every other
    stream is a group by itself.
    """
    parsed = parse_stream(stream)
    return parsed.store if isinstance(parsed, StoreFileId) else stream
