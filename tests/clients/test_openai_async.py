"""The asynchronous client of `openai`."""

from __future__ import annotations

import asyncio

from openai import AsyncOpenAI

from tests.clients.service import Service


def test_from_upload_to_search(service: Service, user: str) -> None:
    """The whole path with the asynchronous client: parallel uploads, a batch, an iterator, parallel searches,
    deletion.
    """

    async def path() -> None:
        headers = {"X-On-Behalf-Of": user}
        async with AsyncOpenAI(base_url=f"{service.url}/v1", api_key=service.key, default_headers=headers) as client:
            store = (await client.vector_stores.create(name="async")).id
            texts = [f"note number{n}" for n in range(8)]
            uploads = [
                client.files.create(file=(f"{n}.txt", text.encode()), purpose="assistants")
                for n, text in enumerate(texts)
            ]
            files = [file.id for file in await asyncio.gather(*uploads)]
            batch = await client.vector_stores.file_batches.create_and_poll(store, file_ids=files)
            assert (batch.status, batch.file_counts.completed) == ("completed", 8)
            row = await client.vector_stores.files.upload_and_poll(
                vector_store_id=store, file=("last.txt", b"the last one")
            )
            assert row.status == "completed"
            listed = [each.id async for each in client.vector_stores.files.list(store, limit=2, order="asc")]
            assert listed == [*files, row.id]
            searches = [client.vector_stores.search(store, query=f"number{n}", max_num_results=1) for n in range(8)]
            found = [page.data[0].file_id for page in await asyncio.gather(*searches)]
            assert found == files
            await client.vector_stores.delete(store)
            assert [each.id async for each in client.vector_stores.list()] == []

    asyncio.run(path())


def test_sixteen_attaches_at_once(service: Service, user: str) -> None:
    """One file attached sixteen times in parallel is one file in the store, found once."""

    async def path() -> None:
        headers = {"X-On-Behalf-Of": user}
        async with AsyncOpenAI(base_url=f"{service.url}/v1", api_key=service.key, default_headers=headers) as client:
            store = (await client.vector_stores.create()).id
            file = (await client.files.create(file=("a.txt", b"only once"), purpose="assistants")).id
            rows = await asyncio.gather(*(client.vector_stores.files.create(store, file_id=file) for _ in range(16)))
            assert {(row.id, row.created_at) for row in rows} == {(file, rows[0].created_at)}
            await client.vector_stores.files.poll(file, vector_store_id=store)
            counts = (await client.vector_stores.retrieve(store)).file_counts
            assert (counts.total, counts.completed) == (1, 1)
            found = await client.vector_stores.search(store, query="once")
            assert [hit.file_id for hit in found.data] == [file]

    asyncio.run(path())
