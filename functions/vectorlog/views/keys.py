"""The keys of all rows in the views, and the ids that a key contains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from zlib import crc32

from vectorlog.domain.ids import FileId, StoreFileId, StoreId, UploadId
from vectorlog.domain.store_file import Placement
from vectorlog.domain.tenancy import Caller, Owner
from vectorlog.views.table import Key

COUNTS = "C"
FILES = "F#"
_STORE = "VS#"
_FILE = "FILE#"
_UPLOAD = "UPLOAD#"
_BATCHES = "#B"
_CONTENTS = "#D"
_LEAVING = "LEAVING#"
_TEAM = "LIST#team#"
_PROGRESS = "PROGRESS#"


def store(store: str) -> Key:
    """The key of a store's row, which also holds its counts."""
    return Key(f"{_STORE}{store}", COUNTS)


def store_file(store: str, file: str, placement: Placement) -> Key:
    """The key of a file in a store, which sorts by the file's placement."""
    return Key(f"{_STORE}{store}", FILES + placement.row(file))


def store_file_row(store: str, row: str) -> Key:
    """The key of a file in a store, by the text of `Placement.row`."""
    return Key(f"{_STORE}{store}", FILES + row)


def batches(store: str) -> str:
    """The partition key of a store's batches."""
    return f"{_STORE}{store}{_BATCHES}"


OPEN = "open#"
EVERY = "every#"


def open_batch(store: str, batch: str) -> Key:
    """The key of a row that exists until the batch has reached all of its files."""
    return Key(batches(store), OPEN + batch)


def every_batch(store: str, batch: str) -> Key:
    """The key of a row that exists for a batch as long as its store exists."""
    return Key(batches(store), EVERY + batch)


@dataclass(frozen=True, slots=True)
class Unreached:
    """A batch that has not reached all of its files, as identified by its row's key."""

    store: str
    batch: str


def subject(key: Key) -> FileId | UploadId | StoreId | StoreFileId | Unreached:
    """Returns the id of the thing to which a row with a deadline belongs."""
    if key.pk.startswith(_FILE):
        return FileId(key.pk.removeprefix(_FILE))
    if key.pk.startswith(_UPLOAD):
        return UploadId(key.pk.removeprefix(_UPLOAD))
    store = key.pk.removeprefix(_STORE)
    if store.endswith(_BATCHES):
        return Unreached(store.removesuffix(_BATCHES), thing_of(key.sk))
    return StoreId(store) if key.sk == COUNTS else StoreFileId(store, thing_of(key.sk))


def batch(batch: str) -> Key:
    """The key of a batch's row, which also holds its counts."""
    return Key(f"VSFB#{batch}", COUNTS)


def entry(batch: str, file: str) -> Key:
    """The key of a batch's entry for a file."""
    return Key(f"VSFB#{batch}", f"E#{file}")


def file(file: str) -> Key:
    """The key of an uploaded file."""
    return Key(f"{_FILE}{file}", COUNTS)


def upload(upload: str) -> Key:
    """The key of an upload's row, which exists for its deadline."""
    return Key(f"{_UPLOAD}{upload}", COUNTS)


def attachment(file: str, store: str) -> Key:
    """The key of the row which says that a file is in a store."""
    return Key(f"{_FILE}{file}", f"{_STORE}{store}")


def leaving(project: str, file: str) -> Key:
    """The key of a row that exists from the deletion of a file until the file has left all of its stores."""
    return Key(leaving_of(project), file)


def leaving_of(project: str) -> str:
    """The partition key of the project's deleted files that have yet to leave stores."""
    return _LEAVING + project


def is_leaving(key: Key) -> bool:
    """Whether this is the key of a deleted file that has yet to leave stores."""
    return key.pk.startswith(_LEAVING)


def progress(store: str, row: str) -> Key:
    """The key of the row that says how far the ingest of a file has come. Its sort key is that of `store_file_row`, so
    what is recorded of a page of files is a range too.
    """
    return Key(progress_of(store), FILES + row)


def progress_of(store: str) -> str:
    """The partition key of the rows of `progress`."""
    return f"{_PROGRESS}{store}"


def move_progress(store: str) -> Key:
    """The key of the row that says how far the move of a store to another space has come."""
    return Key(f"{_PROGRESS}{store}#move", COUNTS)


def contents(store: str) -> str:
    """The partition key of the rows that list, by their bytes, a store's files that serve or are being ingested."""
    return f"{_STORE}{store}{_CONTENTS}"


def store_of(key: Key) -> str | None:
    """Returns the store of an `attachment`; None for any other key."""
    return key.sk.removeprefix(_STORE) if key.pk.startswith(_FILE) and key.sk.startswith(_STORE) else None


def attachments(file: str) -> tuple[str, str]:
    """The partition key and the prefix of all attachments of a file."""
    return f"{_FILE}{file}", _STORE


def content(store: str, sha256: str, file: str) -> Key:
    """The key of the row which says that a file with these bytes serves in a store, or is being ingested."""
    return Key(contents(store), f"{sha256}#{file}")


def claim(store: str, sha256: str) -> Key:
    """The key of the row which says that a file with these bytes is being attached to a store."""
    return Key(contents(store), f"claim#{sha256}")


def is_pointer(key: Key) -> bool:
    """Whether this is the key of an `attachment` or a `content`. The version of such a row depends on the order in
    which commits were projected.
    """
    return store_of(key) is not None or key.pk.endswith(_CONTENTS)


def api_key(key: str) -> Key:
    """The key of an API key's row; all API keys share one partition key."""
    return Key("KEYS", key)


EVERY_PROJECT = None
"""The list of the keys of all projects."""


def key_list(project: str | None) -> str:
    """The partition key of the list of a project's keys that are not revoked, or of those of `EVERY_PROJECT`."""
    return "LIST#key" if project is None else f"LIST#key#{project}"


def key_lists_with(project: str, created_at: int, key: str) -> tuple[Key, ...]:
    """The keys under which an API key is listed."""
    return tuple(Key(key_list(each), list_row(created_at, key)) for each in (project, EVERY_PROJECT))


COUNT_SHARDS = 16
"""The number of rows over which a project's counts are spread, so that its uploads do not all write to one row."""


def project_counts(project: str, thing: str) -> Key:
    """The key of the row that counts this store or file among those of its project."""
    return Key(project_counts_of(project), f"{crc32(thing.encode()) % COUNT_SHARDS:02d}")


def project_counts_of(project: str) -> str:
    """The partition key of the rows that hold a project's counts."""
    return f"PROJECT#{project}"


Listable = Literal["store", "file"]


def list_of(kind: Listable, caller: Caller) -> str:
    """The partition key of the list of things that this caller may see."""
    return _list(kind, caller.project, caller.user)


def lists_of_stores(caller: Caller) -> tuple[str, ...]:
    """The partition keys of the lists that make up a caller's list of stores. For an end user these are the stores that
    they own or were granted, and those of the team; a store may be in both.
    """
    own = list_of("store", caller)
    return (own,) if caller.user is None else (own, f"{_TEAM}{caller.project}")


def shared_with(user: str | None, owner: Owner, created_at: int, store: str) -> Key:
    """The key under which a store is listed for an end user to whom it is shared, or for the team (None)."""
    pk = f"{_TEAM}{owner.project}" if user is None else _list("store", owner.project, user)
    return Key(pk, list_row(created_at, store))


def lists_with(kind: Listable, owner: Owner, created_at: int, thing: str) -> tuple[Key, ...]:
    """The keys under which a thing is listed: for its project, and for its end user if it has one."""
    sk = list_row(created_at, thing)
    users = (None,) if owner.user is None else (None, owner.user)
    return tuple(Key(_list(kind, owner.project, user), sk) for user in users)


def list_row(created_at: int, thing: str) -> str:
    """The sort key that lists a thing by its time of creation."""
    return f"{created_at:013d}#{thing}"


def thing_of(row: str) -> str:
    """Returns the id at the end of a sort key."""
    return row.rsplit("#", 1)[1]


def _list(kind: Listable, project: str, user: str | None) -> str:
    return f"LIST#{kind}#{project}" + ("" if user is None else f"/{user}")
