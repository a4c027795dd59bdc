"""Objects as both clients read them."""

from __future__ import annotations

from typing import Any

import pytest
from meetkai_mka1 import models as mka1
from openai.types import FileObject, VectorStore
from openai.types.vector_stores import VectorStoreFile, VectorStoreFileBatch

from vectorlog.api import present
from vectorlog.api.dialect import MKA1, OPENAI, Dialect
from vectorlog.domain import file_batch, store_file, uploaded_file, vector_store
from vectorlog.domain.chunking import AUTO, Chunking
from vectorlog.domain.location import Location
from vectorlog.domain.store_file import Failure, Open, Placement, Serving
from vectorlog.domain.tenancy import Owner
from vectorlog.use_cases.file_batches import BatchView
from vectorlog.use_cases.indexed_text import IndexedText
from vectorlog.use_cases.search import Found, Result
from vectorlog.use_cases.store_files import StoreFileView
from vectorlog.use_cases.uploaded_files import FileView
from vectorlog.use_cases.vector_stores import StoreView
from vectorlog.views.counts import Counts

AT = 1_700_000_000_999
OWNER = Owner("p")
SERVING = Serving(1, chunks=3, usage_bytes=21, pages=2, attributes={"k": 1}, chunking=AUTO)


def shown(**changes: Any) -> dict[str, Any]:
    state = store_file.State(
        **{"attached": True, "placement": Placement(AT), "filename": "a.txt", "attributes": {"k": 2}, **changes}
    )
    return present.store_file(StoreFileView("vs_1", "file-1", state), OPENAI)


def store(**changes: Any) -> vector_store.State:
    return vector_store.State(
        **{"owner": OWNER, "created_at": AT, "active_at": AT, "model": "local:m", "dimensions": 8, **changes}
    )


def file() -> FileView:
    return FileView("file-1", uploaded_file.State(OWNER, AT, "a.txt", "assistants", 5, "ab" * 32, "text/plain"))


class TestFiles:
    def test_a_file_is_processed_at_once(self) -> None:
        """Times are whole seconds, `expires_at` is null without expiry, and clients need not wait for processing."""
        assert present.file(file()) == {
            "id": "file-1",
            "object": "file",
            "bytes": 5,
            "created_at": 1_700_000_000,
            "expires_at": None,
            "filename": "a.txt",
            "purpose": "assistants",
            "status": "processed",
            "status_details": None,
            "sha256": "ab" * 32,
        }


class TestStores:
    def test_a_store_has_the_fields_of_both_dialects(self) -> None:
        """Every field that either client requires is there, and metadata is never null."""
        found = present.store(
            StoreView(
                "vs_1", store(expires_after_days=2, used_at=AT), Counts(completed=2, usage_bytes=7), expired=False
            )
        )
        assert found == {
            "id": "vs_1",
            "object": "vector_store",
            "created_at": 1_700_000_000,
            "name": None,
            "description": None,
            "usage_bytes": 7,
            "file_counts": {"in_progress": 0, "completed": 2, "failed": 0, "cancelled": 0, "total": 2},
            "status": "completed",
            "expires_after": {"anchor": "last_active_at", "days": 2},
            "expires_at": 1_700_172_800,
            "last_active_at": 1_700_000_000,
            "last_used_at": 1_700_000_000,
            "metadata": {},
            "embedding_model": "local:m",
            "embedding_dimensions": 8,
            "retrieval_mode": "vector",
        }

    @pytest.mark.parametrize(
        ("counts", "expired", "status"),
        [
            (Counts(), False, "completed"),
            (Counts(completed=1, in_progress=1), False, "in_progress"),
            (Counts(failed=1), False, "completed"),
            (Counts(in_progress=1), True, "expired"),
        ],
    )
    def test_status_follows_from_counts(self, counts: Counts, expired: bool, status: str) -> None:
        """An empty store is completed; an expired one has no other status."""
        assert present.store(StoreView("vs_1", store(), counts, expired))["status"] == status


class TestStoreFiles:
    def test_while_it_is_ingested(self) -> None:
        """Nothing is used yet; the number of chunks is shown once it is known."""
        found = shown(open=Open(1, AT, ("single",), chunks=4))
        assert (found["status"], found["usage_bytes"], found["created_at"]) == ("in_progress", 0, 1_700_000_000)
        assert (found["chunk_count"], found["processed_chunk_count"]) == (4, 0)
        assert shown(open=Open(1, AT, ("single",)))["chunk_count"] is None

    def test_when_it_serves(self) -> None:
        """Bytes, chunks and pages are those of what search returns."""
        found = shown(status="completed", serving=SERVING)
        assert (found["usage_bytes"], found["last_error"]) == (21, None)
        assert [
            found[key] for key in ("chunk_count", "processed_chunk_count", "page_count", "processed_page_count")
        ] == [3, 3, 2, 2]

    def test_when_it_failed(self) -> None:
        """`last_error` says why; what served before does not count as used, as in the store's sum."""
        found = shown(status="failed", serving=SERVING, failure=Failure("invalid_file", "Empty."))
        assert (found["usage_bytes"], found["last_error"]) == (0, {"code": "invalid_file", "message": "Empty."})

    def test_content_carries_the_attributes_that_serve(self) -> None:
        """The text belongs to the generation that serves, and so do the attributes beside it."""
        state = store_file.State(attached=True, filename="a.txt", attributes={"k": 2}, serving=SERVING)
        assert present.content(IndexedText(StoreFileView("vs_1", "file-1", state), "hello"), MKA1)["attributes"] == {
            "k": 1
        }


class TestLists:
    @pytest.mark.parametrize(("dialect", "empty"), [(OPENAI, None), (MKA1, "")])
    def test_ids_of_a_page(self, dialect: Dialect, empty: str | None) -> None:
        """First and last id are those of this page; an empty page has what the dialect's clients expect."""
        found = present.page([{"id": "a"}, {"id": "b"}], dialect, has_more=True)
        assert (found["first_id"], found["last_id"], found["has_more"]) == ("a", "b", True)
        assert present.page([], dialect, has_more=False) == {
            "object": "list",
            "data": [],
            "first_id": empty,
            "last_id": empty,
            "has_more": False,
        }


class TestClients:
    """Every object passes the strict validation of the real clients' models."""

    def test_mka1(self) -> None:
        """MKA1's client raises on what it cannot validate, so all objects must pass."""
        view = StoreFileView(
            "vs_1",
            "file-1",
            store_file.State(attached=True, placement=Placement(AT), failure=Failure("invalid_file", "x")),
        )
        batch = BatchView("vsfb_1", file_batch.State(OWNER, "vs_1", AT, 1), Counts(in_progress=1))
        where = Location(0, 5, 1, 2, "Prices", ("Guide",))
        results = tuple(
            Result("vs_1", "file-1", "a.txt", 0.75, {"k": True}, "hello", 0, each) for each in (where, None)
        )
        mka1.File.model_validate(present.file(file()))
        mka1.FileList.model_validate(present.page([], MKA1, has_more=False))
        for days in (None, 3):
            mka1.VectorStore.model_validate(
                present.store(StoreView("vs_1", store(expires_after_days=days), Counts(), expired=False))
            )
        mka1.VectorStoreList.model_validate(present.page([], MKA1, has_more=False))
        mka1.VectorStoreFile.model_validate(present.store_file(view, MKA1))
        mka1.VectorStoreFileList.model_validate(present.page([present.store_file(view, MKA1)], MKA1, has_more=False))
        mka1.VectorStoreFileBatch.model_validate(present.batch(batch))
        mka1.VectorStoreSearchResults.model_validate(present.results(Found(("a", "b"), results), MKA1, of_several=True))
        mka1.VectorStoreFileContent.model_validate(present.content(IndexedText(view, "hello"), MKA1))
        mka1.FileDeletionStatus.model_validate(present.deleted("file", "file-1"))
        mka1.VectorStoreDeletionStatus.model_validate(present.deleted("vector_store.deleted", "vs_1"))
        mka1.VectorStoreFileDeletionStatus.model_validate(present.deleted("vector_store.file.deleted", "file-1"))

    def test_openai(self) -> None:
        """OpenAI's models accept every object but two: `name` may be null, and the batch's `object` is spelled as in
        its traffic.
        """
        view = StoreFileView(
            "vs_1",
            "file-1",
            store_file.State(attached=True, placement=Placement(AT), chunking=Chunking("static", 100, 0)),
        )
        batch = present.batch(BatchView("vsfb_1", file_batch.State(OWNER, "vs_1", AT, 1), Counts(completed=1)))
        FileObject.model_validate(present.file(file()), strict=True)
        VectorStore.model_validate(
            present.store(StoreView("vs_1", store(name="n"), Counts(), expired=False)), strict=True
        )
        VectorStoreFile.model_validate(present.store_file(view, OPENAI), strict=True)
        assert batch["object"] == "vector_store.file_batch"
        VectorStoreFileBatch.model_validate({**batch, "object": "vector_store.files_batch"}, strict=True)
