"""The effect of a deployment's settings on its clients, on new servers."""

from __future__ import annotations

from pathlib import Path

import openai
import pytest
from meetkai_mka1 import SDK
from meetkai_mka1.errors import SDKDefaultError
from openai import OpenAI

from tests.clients.conftest import EDITION, URL, long_locally
from tests.clients.service import HeldStub, running

pytestmark = pytest.mark.skipif(bool(URL) or EDITION != "local", reason="needs a server with other settings")


@long_locally
def test_duplicates_may_be_refused(tmp_path: Path, stub: HeldStub) -> None:
    """With `--duplicate-content refuse` the same bytes are attached once: a 409 names the holder, and nothing else
    happens.
    """
    with running(tmp_path / "data", stub, "--duplicate-content", "refuse") as url:
        client = OpenAI(base_url=f"{url}/v1", api_key="any")
        files = [client.files.create(file=(name, b"the same"), purpose="assistants").id for name in ("a.txt", "b.txt")]
        store = client.vector_stores.create().id
        client.vector_stores.files.create_and_poll(files[0], vector_store_id=store)
        with pytest.raises(openai.ConflictError, match=files[0]) as caught:
            client.vector_stores.files.create(store, file_id=files[1])
        assert (caught.value.code, caught.value.param) == ("duplicate_file", "file_id")
        assert caught.value.response.headers["x-should-retry"] == "false"
        stores = SDK(bearer_auth="any", server_url=url).llm.vector_stores
        with pytest.raises(SDKDefaultError, match=files[0]) as refused:
            stores.create_file_batch(vector_store_id=store, file_ids=[files[1]])
        assert refused.value.status_code == 409
        with pytest.raises(SDKDefaultError) as refused:
            stores.create(file_ids=files)
        assert refused.value.status_code == 409
        assert [each.id for each in client.vector_stores.list()] == [store]
        assert client.vector_stores.retrieve(store).file_counts.total == 1
        # Only files that are attached now count: once the first is detached, the other may be attached.
        client.vector_stores.files.delete(files[0], vector_store_id=store)
        assert client.vector_stores.files.create_and_poll(files[1], vector_store_id=store).status == "completed"


@pytest.mark.long
def test_model_that_is_gone(tmp_path: Path, stub: HeldStub) -> None:
    """After a restart without its model a store and its files are still listed; search and attach name the model."""
    with running(tmp_path / "data", stub) as url:
        client = OpenAI(base_url=f"{url}/v1", api_key="any")
        store = client.vector_stores.create(name="kept").id
        row = client.vector_stores.files.upload_and_poll(vector_store_id=store, file=("a.txt", b"hello"))
        shown = client.vector_stores.retrieve(store).to_dict()
    with running(tmp_path / "data", stub, "--embedding", "local") as url:
        client = OpenAI(base_url=f"{url}/v1", api_key="any")
        assert [each.to_dict() for each in client.vector_stores.list()] == [shown]
        assert [each.id for each in client.vector_stores.files.list(store)] == [row.id]
        assert [each.text for each in client.vector_stores.files.content(row.id, vector_store_id=store)] == ["hello"]
        with pytest.raises(openai.BadRequestError, match=str(shown["embedding_model"])):
            client.vector_stores.search(store, query="hello")
        with pytest.raises(openai.BadRequestError, match=str(shown["embedding_model"])):
            client.vector_stores.files.create(store, file_id=row.id)
        assert client.vector_stores.create().to_dict()["embedding_model"] != shown["embedding_model"]
