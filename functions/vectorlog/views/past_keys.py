"""The keys of the rows that list what was in a store, and the parts of an upload."""

from __future__ import annotations

from vectorlog.domain.ids import UploadPartId
from vectorlog.views import keys
from vectorlog.views.table import Key

PAST_FILES = "F#"
PAST_BATCHES = "B#"


def past(store: str) -> str:
    """The partition key of the rows that list what was in a store: files that left it, and what a deleted store had.
    They are kept as long as the log, because nothing else finds these streams.
    """
    return f"{keys.store(store).pk}#P"


def past_file(store: str, file: str) -> Key:
    """The key of the row which says that a file was in a store."""
    return Key(past(store), PAST_FILES + file)


def past_batch(store: str, batch: str) -> Key:
    """The key of the row which says that a deleted store had a batch."""
    return Key(past(store), PAST_BATCHES + batch)


def parts(upload: str) -> str:
    """The partition key of the rows that list the parts of an upload. They are kept as long as the log, because nothing
    else finds these streams.
    """
    return f"{keys.upload(upload).pk}#P"


def part(id: UploadPartId) -> Key:
    """The key of the row which says that an upload had a part."""
    return Key(parts(id.upload), id.part)


def store_of(key: Key) -> str:
    """Returns the store of a row that lists one of its files or batches."""
    return key.pk.removeprefix(keys.store("").pk).partition("#")[0]


def listed(key: Key) -> Key | None:
    """Returns the row that a purge leaves of a row which lists a file or a batch of a store; None for any other row."""
    store = store_of(key)
    if key == keys.store_file_row(store, key.sk.removeprefix(keys.FILES)):
        return past_file(store, keys.thing_of(key.sk))
    if key.pk == keys.batches(store) and key.sk.startswith(keys.EVERY):
        return past_batch(store, keys.thing_of(key.sk))
    return None
