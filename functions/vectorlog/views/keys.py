"""Where every row of the views is, and what a row's key says that it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vectorlog.domain.ids import FileId, StoreFileId, StoreId
from vectorlog.domain.store_file import Placement
from vectorlog.domain.tenancy import Caller, Owner
from vectorlog.views.table import Key

COUNTS = "C"
FILES = "F#"
_STORE = "VS#"
_FILE = "FILE#"
_BATCHES = "#B"


def store(store: str) -> Key:
    """A store and its counts."""
    return Key(f"{_STORE}{store}", COUNTS)


def store_file(store: str, file: str, placement: Placement) -> Key:
    """A file in a store, in the order of its list."""
    return Key(f"{_STORE}{store}", FILES + placement.row(file))


def store_file_row(store: str, row: str) -> Key:
    """The same, by `Placement.row`."""
    return Key(f"{_STORE}{store}", FILES + row)


def batches(store: str) -> str:
    """The pk of a store's batches."""
    return f"{_STORE}{store}{_BATCHES}"


OPEN = "open#"
EVERY = "every#"


def open_batch(store: str, batch: str) -> Key:
    """A batch that has not reached all of its files."""
    return Key(batches(store), OPEN + batch)


def every_batch(store: str, batch: str) -> Key:
    """A batch, for as long as its store is there."""
    return Key(batches(store), EVERY + batch)


@dataclass(frozen=True, slots=True)
class Unreached:
    """A batch that has not reached all of its files, as its row's key names it."""

    store: str
    batch: str


def subject(key: Key) -> FileId | StoreId | StoreFileId | Unreached:
    """What a row that has a deadline is about."""
    if key.pk.startswith(_FILE):
        return FileId(key.pk.removeprefix(_FILE))
    store = key.pk.removeprefix(_STORE)
    if store.endswith(_BATCHES):
        return Unreached(store.removesuffix(_BATCHES), thing_of(key.sk))
    return StoreId(store) if key.sk == COUNTS else StoreFileId(store, thing_of(key.sk))


def batch(batch: str) -> Key:
    """A batch and its counts."""
    return Key(f"VSFB#{batch}", COUNTS)


def entry(batch: str, file: str) -> Key:
    """How a file of a batch went."""
    return Key(f"VSFB#{batch}", f"E#{file}")


def file(file: str) -> Key:
    """An uploaded file."""
    return Key(f"{_FILE}{file}", COUNTS)


def attachment(file: str, store: str) -> Key:
    """That a file is in a store."""
    return Key(f"{_FILE}{file}", f"{_STORE}{store}")


def contents(store: str) -> str:
    """The pk of a store's contents."""
    return f"{_STORE}{store}#D"


def store_of(key: Key) -> str | None:
    """The store of an `attachment`; None for another key."""
    return key.sk.removeprefix(_STORE) if key.pk.startswith(_FILE) and key.sk.startswith(_STORE) else None


def attachments(file: str) -> tuple[str, str]:
    """The pk and the prefix of all attachments of a file."""
    return f"{_FILE}{file}", _STORE


def content(store: str, sha256: str, file: str) -> Key:
    """That a file with these bytes is in a store."""
    return Key(contents(store), f"{sha256}#{file}")


def api_key(key: str) -> Key:
    """An API key; all keys are under one pk."""
    return Key("KEYS", key)


Listable = Literal["store", "file"]


def list_of(kind: Listable, caller: Caller) -> str:
    """The pk of what this caller may see."""
    return _list(kind, caller.project, caller.user)


def lists_with(kind: Listable, owner: Owner, created_at: int, thing: str) -> tuple[Key, ...]:
    """Where a thing is listed: with its project, and with its end user if it has one."""
    sk = list_row(created_at, thing)
    users = (None,) if owner.user is None else (None, owner.user)
    return tuple(Key(_list(kind, owner.project, user), sk) for user in users)


def list_row(created_at: int, thing: str) -> str:
    """The sort key that lists things in the order of their creation."""
    return f"{created_at:013d}#{thing}"


def thing_of(row: str) -> str:
    """The id at the end of a sort key."""
    return row.rsplit("#", 1)[1]


def _list(kind: Listable, project: str, user: str | None) -> str:
    return f"LIST#{kind}#{project}" + ("" if user is None else f"/{user}")
