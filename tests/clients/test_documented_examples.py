"""Examples from MKA1's and OpenAI's documentation: their requests are accepted, and every field that they show is in
the answer with its type.

Ids, times and sizes of the examples are made up, so only their form is compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from meetkai_mka1 import SDK
from openai import OpenAI

from tests.clients.conftest import Upload, new_text

MKA1 = "/api/v1/llm/vector_stores"
STATUSES = {"in_progress", "completed", "cancelled", "failed"}


@pytest.fixture
def three(upload: Upload) -> list[str]:
    return [upload(new_text()).id for _ in range(3)]


def post(raw: httpx.Client, path: str, body: Any = None) -> Any:
    answer = raw.post(path, json=body) if body is not None else raw.post(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def is_time(value: object) -> bool:
    return isinstance(value, int) and 1_700_000_000 < value < 10_000_000_000


class TestCreateFileBatch:
    """MKA1's example of creating a file batch."""

    def test_example(
        self, mka1_client: SDK, raw: httpx.Client, me: dict[str, Any], three: list[str], store: str
    ) -> None:
        """The example's call and its answer, field by field."""
        body = {"file_ids": three, "attributes": {"batch_id": "import-2024-01"}}
        shown = post(raw, f"{MKA1}/{store}/file_batches", body)
        assert list(shown) == ["id", "object", "created_at", "vector_store_id", "status", "file_counts"]
        assert re.fullmatch(r"vsfb_\w+", shown["id"])
        assert (shown["object"], shown["vector_store_id"]) == ("vector_store.file_batch", store)
        assert is_time(shown["created_at"])
        assert shown["status"] in STATUSES
        assert set(shown["file_counts"]) == {"in_progress", "completed", "failed", "cancelled", "total"}
        assert shown["file_counts"]["total"] == 3
        made = mka1_client.llm.vector_stores.create_file_batch(
            vector_store_id=store, file_ids=three, attributes={"batch_id": "import-2024-01"}, **me
        )
        assert (made.vector_store_id, made.file_counts.total) == (store, 3)

    def test_root_settings_apply_to_all_file_ids(
        self, openai_client: OpenAI, raw: httpx.Client, three: list[str], store: str
    ) -> None:
        """Attributes and chunking strategy at the root level apply to all files of the batch."""
        sizes = {"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 10}}
        body = {"file_ids": three, "attributes": {"batch_id": "import-2024-01"}, "chunking_strategy": sizes}
        batch = post(raw, f"{MKA1}/{store}/file_batches", body)["id"]
        openai_client.vector_stores.file_batches.poll(batch, vector_store_id=store)
        rows = raw.get(f"{MKA1}/{store}/file_batches/{batch}/files", params={"order": "asc"}).json()["data"]
        assert [row["id"] for row in rows] == three
        assert [(row["attributes"], row["chunking_strategy"]) for row in rows] == [
            ({"batch_id": "import-2024-01"}, sizes)
        ] * 3

    @pytest.mark.parametrize("prefix", ["/v1/vector_stores", MKA1])
    def test_root_settings_are_ignored_with_files(
        self, raw: httpx.Client, three: list[str], store: str, prefix: str
    ) -> None:
        """The root attributes and chunking strategy are ignored with `files`, even for a file without its own."""
        sizes = {"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 10}}
        files = [{"file_id": three[0], "attributes": {"own": "1"}}, {"file_id": three[1]}]
        post(
            raw,
            f"{prefix}/{store}/file_batches",
            {"files": files, "attributes": {"root": "1"}, "chunking_strategy": sizes},
        )
        rows = {row["id"]: row for row in raw.get(f"{MKA1}/{store}/files").json()["data"]}
        assert {file: row["attributes"] for file, row in rows.items()} == {three[0]: {"own": "1"}, three[1]: {}}
        assert [row["chunking_strategy"] for row in rows.values()] == [{"type": "auto"}] * 2

    @pytest.mark.parametrize(
        ("fields", "code"), [(2, "mutually_exclusive_parameters"), (0, "missing_required_parameter")]
    )
    def test_file_ids_and_files_exclude_each_other(
        self, raw: httpx.Client, three: list[str], store: str, fields: int, code: str
    ) -> None:
        """Sending both is refused, and so is sending neither."""
        both = {"file_ids": three, "files": [{"file_id": three[0]}]}
        answer = raw.post(f"{MKA1}/{store}/file_batches", json=dict(list(both.items())[:fields]))
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
        assert raw.get(f"{MKA1}/{store}").json()["file_counts"]["total"] == 0


def test_create_store_file(
    mka1_client: SDK, raw: httpx.Client, me: dict[str, Any], three: list[str], store: str
) -> None:
    """MKA1's example of attaching a file, and its answer field by field; the default strategy is `auto`."""
    attributes: Any = {"category": "manual", "version": "2.0"}
    shown = post(raw, f"{MKA1}/{store}/files", {"file_id": three[0], "attributes": attributes})
    created_at = shown.pop("created_at")
    more = {"filename", "chunk_count", "processed_chunk_count", "page_count", "processed_page_count", "warnings"}
    assert {name: value for name, value in shown.items() if name not in more} == {
        "id": three[0],
        "object": "vector_store.file",
        "usage_bytes": 0,
        "vector_store_id": store,
        "status": "in_progress",
        "last_error": None,
        "chunking_strategy": {"type": "auto"},
        "attributes": attributes,
    }
    assert is_time(created_at)
    made = mka1_client.llm.vector_stores.create_file(
        vector_store_id=store, file_id=three[1], attributes=attributes, **me
    )
    assert (made.id, made.attributes, made.status) == (three[1], attributes, "in_progress")


def test_create_store(mka1_client: SDK, raw: httpx.Client, me: dict[str, Any], three: list[str]) -> None:
    """MKA1's example of creating a store, and its answer field by field."""
    description = "Vector store for product manuals and documentation"
    body: Any = {
        "name": "Product Documentation",
        "description": description,
        "file_ids": three[:1],
        "expires_after": {"anchor": "last_active_at", "days": 30},
        "metadata": {"department": "engineering"},
    }
    shown = post(raw, MKA1, body)
    shapes: dict[str, Callable[[Any], bool]] = {
        "id": lambda value: value.startswith("vs_"),
        "object": lambda value: value == "vector_store",
        "created_at": is_time,
        "name": lambda value: value == "Product Documentation",
        "usage_bytes": lambda value: isinstance(value, int),
        "embedding_model": lambda value: re.fullmatch(r"\w+:.+", value) is not None,
        "embedding_dimensions": lambda value: isinstance(value, int) and value > 0,
        "file_counts": lambda value: value["total"] == 1 and len(value) == 5,
        "status": lambda value: value in {"expired", "in_progress", "completed"},
        "last_active_at": is_time,
        "last_used_at": lambda value: value is None or is_time(value),
        "metadata": lambda value: value == {"department": "engineering"},
        "description": lambda value: value == description,
        "expires_after": lambda value: value == {"anchor": "last_active_at", "days": 30},
        "expires_at": lambda value: value == shown["last_active_at"] + 30 * 86_400,
    }
    assert set(shapes) <= set(shown)
    assert [name for name, fits in shapes.items() if not fits(shown[name])] == []
    made = mka1_client.llm.vector_stores.create(**body, **me)
    assert (made.name, made.description, made.metadata) == (body["name"], description, body["metadata"])


@pytest.mark.parametrize("prefix", ["/v1/vector_stores", MKA1])
def test_cancel_file_batch(
    raw: httpx.Client,
    three: list[str],
    store: str,
    embedding_held: Callable[[], None],
    prefix: str,
    openai_client: OpenAI,
    upload: Upload,
) -> None:
    """MKA1's example of cancelling a batch: of three files in progress, three are cancelled immediately and for
    good.
    """
    made = post(raw, f"{prefix}/{store}/file_batches", {"file_ids": three})
    cancelled = post(raw, f"{prefix}/{store}/file_batches/{made['id']}/cancel")
    assert cancelled == {
        "id": made["id"],
        "object": "vector_store.file_batch",
        "created_at": made["created_at"],
        "vector_store_id": store,
        "status": "cancelled",
        "file_counts": {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 3, "total": 3},
    }
    embedding_held()
    openai_client.vector_stores.files.create_and_poll(upload("after").id, vector_store_id=store)
    assert raw.get(f"{prefix}/{store}/file_batches/{made['id']}").json() == cancelled
    counts = {"in_progress": 0, "completed": 1, "failed": 0, "cancelled": 3, "total": 4}
    assert raw.get(f"{prefix}/{store}").json()["file_counts"] == counts


def test_file_batches_of_openai(openai_client: OpenAI, raw: httpx.Client, three: list[str], store: str) -> None:
    """OpenAI's four operations on batches, by their paths, with every field of the model."""
    batches = openai_client.vector_stores.file_batches
    made = batches.create(store, file_ids=three, attributes={"a": "b"}, chunking_strategy={"type": "auto"})
    batches.poll(made.id, vector_store_id=store)
    path = f"/v1/vector_stores/{store}/file_batches/{made.id}"
    shown = raw.get(path).json()
    assert set(shown) == {"id", "created_at", "file_counts", "object", "status", "vector_store_id"}
    assert set(shown["file_counts"]) == {"cancelled", "completed", "failed", "in_progress", "total"}
    assert all(isinstance(count, int) for count in shown["file_counts"].values())
    assert (shown["object"], shown["status"]) == ("vector_store.file_batch", "completed")
    assert post(raw, f"{path}/cancel") == shown
    query: dict[str, Any] = {"limit": 2, "order": "asc", "filter": "completed"}
    page = raw.get(f"{path}/files", params=query).json()
    assert ([row["id"] for row in page["data"]], page["has_more"]) == (three[:2], True)
    rest = raw.get(f"{path}/files", params={**query, "after": page["last_id"]}).json()
    assert ([row["id"] for row in rest["data"]], rest["has_more"]) == (three[2:], False)
    back = raw.get(f"{path}/files", params={**query, "before": three[2]}).json()
    assert [row["id"] for row in back["data"]] == three[:2]
