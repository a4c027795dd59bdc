"""Webhooks of a server that is killed, and of a receiver that is away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.embedding.stub_server import StubServer
from tests.live.live_server import serving, until
from tests.support.receiver import Receiver
from vectorlog.domain.outgoing_event import TYPES


@pytest.mark.long
def test_killed_between_commit_and_delivery(tmp_path: Path, own_stub: StubServer) -> None:
    """What happened before a kill is told after it, in its order, with the signature of the secret from before. Only
    what was under way may come twice, under the same id.
    """
    types: Any = list(TYPES)
    with (
        Receiver(status=503) as receiver,
        serving(tmp_path / "data", own_stub.base_url, "--webhook-allow-private") as server,
    ):
        client = server.client()
        made = client.webhooks.create(name="killed", url=receiver.url, event_types=types)
        stores = [client.vector_stores.create().id for _ in range(5)]
        file = client.files.create(file=("a.txt", b"A lighthouse guides ships."), purpose="assistants").id
        batch = client.vector_stores.file_batches.create_and_poll(stores[0], file_ids=[file]).id
        until(lambda: len(receiver.refused) >= 1 or None, "the receiver is asked")
        for store in stores[1:]:
            client.vector_stores.delete(store)
        server.kill()
        server.start()
        receiver.status = 200
        client = server.client()
        until(lambda: len({got.headers["webhook-id"] for got in receiver.got}) >= 6 or None, "all is told", 150.0)
        told: dict[str, str] = {}
        for got in receiver.got:
            client.webhooks.verify_signature(got.body, got.headers, secret=made.signing_secret)
            event = json.loads(got.body)
            told.setdefault(event["id"], event["data"]["id"])
        assert sorted(told.values()) == sorted([*stores[1:], file, batch])
        assert list(told.values()).index(file) < list(told.values()).index(batch)
