"""The keys of rows."""

from __future__ import annotations

import pytest

from vectorlog.domain.ids import FileId, StoreFileId, StoreId
from vectorlog.domain.store_file import Placement
from vectorlog.views import keys
from vectorlog.views.table import Key


@pytest.mark.parametrize(
    ("key", "found"),
    [
        (keys.file("file-2"), FileId("file-2")),
        (keys.store("vs_1"), StoreId("vs_1")),
        (keys.store_file("vs_1", "file-2", Placement(5, 1)), StoreFileId("vs_1", "file-2")),
        (keys.open_batch("vs_1", "vsfb_3"), keys.Unreached("vs_1", "vsfb_3")),
    ],
)
def test_subject(key: Key, found: object) -> None:
    """The key of a row that has passed its deadline shows what has to be ended."""
    assert keys.subject(key) == found


def test_store_of() -> None:
    """An attachment names its store, whether it is looked for or met; no other row of the file does."""
    key = keys.attachment("file-2", "vs_1")
    pk, prefix = keys.attachments("file-2")
    assert key.pk == pk
    assert key.sk.startswith(prefix)
    assert keys.store_of(key) == "vs_1"
    assert keys.store_of(keys.file("file-2")) is None
    assert keys.store_of(keys.store("vs_1")) is None
