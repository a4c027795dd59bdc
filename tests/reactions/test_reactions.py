"""Which work follows from which event: nothing accepted is forgotten, and nothing is done twice without need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from vectorlog.domain import api_key, file_batch, store_file, uploaded_file, vector_store
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.manifest import Manifest
from vectorlog.domain.store_file import Attach, Failure, Ingested, Placement, Retired
from vectorlog.domain.tenancy import Owner
from vectorlog.event_log import codec
from vectorlog.event_log.codec import aggregate_of
from vectorlog.event_log.decision import Decision
from vectorlog.event_log.provenance import meta_of
from vectorlog.reactions.reactions import reactions
from vectorlog.work.messages import CancelBatch, FanOut, Forget, Ingest, Message, OpenBatch, Purge, PurgeStore, Retag

OWNER = Owner("acme")
FILE = "vs_1/file-1"
OLDER = Retired(1, 3)


def after(stream: str, *events: Any, state: Any = None) -> list[Message]:
    """The messages that follow from a commit with these events, on a stream with this state."""
    aggregate = aggregate_of(stream)
    new = codec.fold(aggregate, events, state)
    text = codec.encode_state(aggregate, new)
    decision = Decision(stream, 0, 0, events, new, text, meta_of("acme", "req_1"))
    messages: Sequence[Message] = reactions(decision)
    assert all(message.request == "req_1" for message in messages)
    return [replace(message, request="") for message in messages]


def attached(by: str, state: store_file.State = store_file.INITIAL, **attributes: str) -> Any:
    """The event with which a file is attached."""
    command = Attach(1, 1, by, Placement(1), "a.txt", "5a", attributes, AUTO)
    [event] = store_file.attach(state, command)
    return event


def ingested(state: store_file.State, generation: int, revision: int) -> Any:
    """The event with which a generation of three chunks serves."""
    [event] = store_file.ingested(state, Ingested(2, generation, 3, 9, 0, revision))
    return event


OPEN = store_file.evolve(store_file.INITIAL, attached("vsfb_1"))
SERVING = store_file.evolve(OPEN, ingested(OPEN, 1, 0))
REOPENED = store_file.evolve(SERVING, attached("single", SERVING, year="1843"))
CHANGED = store_file.evolve(OPEN, store_file.FileAttributesChanged(2, {"year": "1843"}, 1))


class TestFilesInStores:
    def test_attached(self) -> None:
        """A file that is attached is ingested."""
        assert after(FILE, attached("vsfb_1")) == [Ingest("vs_1", "file-1", 1)]

    def test_joined(self) -> None:
        """A file that another batch names while it is ingested is not embedded, and paid for, twice."""
        assert after(FILE, attached("vsfb_2", OPEN), state=OPEN) == []

    def test_replaced_while_it_is_open(self) -> None:
        """An attach with other settings is ingested, and what was open is removed."""
        event = attached("single", OPEN, year="1843")
        assert after(FILE, event, state=OPEN) == [
            Ingest("vs_1", "file-1", 2),
            Purge("vs_1", "file-1", (Retired(1, 0),)),
        ]

    def test_serves(self) -> None:
        """The generation that served before is removed once the next one serves."""
        assert after(FILE, ingested(OPEN, 1, 0), state=OPEN) == []
        assert after(FILE, ingested(REOPENED, 2, 1), state=REOPENED) == [Purge("vs_1", "file-1", (OLDER,))]

    @pytest.mark.parametrize(("revision", "messages"), [(0, [Retag("vs_1", "file-1", 1)]), (1, [])])
    def test_changed_while_it_was_ingested(self, revision: int, messages: list[Message]) -> None:
        """Attributes that changed since the ingest read them are written to the index."""
        assert after(FILE, ingested(CHANGED, 1, revision), state=CHANGED) == messages

    def test_changed(self) -> None:
        """Changed attributes are written to the index, for what serves."""
        change = store_file.FileAttributesChanged(3, {"year": "1952"}, 1)
        assert after(FILE, change, state=SERVING) == [Retag("vs_1", "file-1", 1)]
        assert after(FILE, change, state=OPEN) == []

    @pytest.mark.parametrize(
        "event",
        [
            store_file.FileFailed(3, 2, Failure("invalid_file", "Broken."), ("single",), (Retired(2, 5),)),
            store_file.FileCancelled(3, "vsfb_2", ended=2, retires=(Retired(2, 5),)),
            store_file.FileDetached(3, "detached", (), (Retired(2, 5), OLDER)),
        ],
        ids=lambda event: type(event).__name__,
    )
    def test_ended(self, event: Any) -> None:
        """What an ingest that ended, or a file that left, has put into index and artefacts is removed."""
        assert after(FILE, event, state=REOPENED) == [Purge("vs_1", "file-1", event.retires)]

    def test_nothing_to_do(self) -> None:
        """A cancel that ends nothing, and a number of chunks, need no work."""
        assert after(FILE, store_file.FileCancelled(3, "vsfb_2"), state=REOPENED) == []
        assert after(FILE, store_file.FileChunked(2, 5), state=REOPENED) == []


class TestStores:
    CREATED = vector_store.VectorStoreCreated(1, OWNER, "stub:words", 16)

    def test_created(self) -> None:
        """A store that was created with files gets its batch, even if only its own commit was appended."""
        assert after("vs_1", self.CREATED) == []
        first = vector_store.FirstBatch("vsfb_1", Manifest(1, inline="x"))
        assert after("vs_1", replace(self.CREATED, batch=first)) == [OpenBatch("vs_1")]

    @pytest.mark.parametrize("ended", [vector_store.VectorStoreDeleted(2), vector_store.VectorStoreExpired(2)], ids=str)
    def test_ended(self, ended: Any) -> None:
        """What a deleted or expired store has left is removed."""
        state = vector_store.evolve(vector_store.INITIAL, self.CREATED)
        assert after("vs_1", ended, state=state) == [PurgeStore("vs_1")]

    def test_used(self) -> None:
        """A use or a change of a store needs no work."""
        state = vector_store.evolve(vector_store.INITIAL, self.CREATED)
        assert after("vs_1", vector_store.VectorStoreUsed(2, True), state=state) == []
        assert after("vs_1", vector_store.VectorStoreModified(2, "x", {}, None), state=state) == []


def test_batches() -> None:
    """A batch is fanned out, and a cancelled one cancelled, from its first file on."""
    created = file_batch.FileBatchCreated(1, "vs_1", OWNER, Manifest(1, inline="x"))
    assert after("vsfb_1", created) == [FanOut("vs_1", "vsfb_1")]
    state = file_batch.evolve(file_batch.INITIAL, created)
    assert after("vsfb_1", file_batch.FileBatchCancelled(2), state=state) == [CancelBatch("vs_1", "vsfb_1")]


def test_uploaded_files() -> None:
    """A deleted file, expired ones included, leaves its stores and loses its bytes."""
    uploaded = uploaded_file.FileUploaded(1, OWNER, "a.txt", "assistants", 1, "5a", "text/plain")
    assert after("file-1", uploaded) == []
    state = uploaded_file.evolve(uploaded_file.INITIAL, uploaded)
    for expired in (False, True):
        assert after("file-1", uploaded_file.FileDeleted(2, expired), state=state) == [Forget("file-1")]


def test_keys() -> None:
    """Keys need no work."""
    assert after("key_1", api_key.ApiKeyCreated(1, "acme", "mine", "5a", "write")) == []


def test_a_commit_with_several_events() -> None:
    """Of a commit with several events, each has what follows from it, in their order."""
    detached = store_file.FileDetached(3, "file_deleted", ("vsfb_1",), (Retired(1, 0),))
    assert after(FILE, attached("vsfb_1"), detached) == [
        Ingest("vs_1", "file-1", 1),
        Purge("vs_1", "file-1", (Retired(1, 0),)),
    ]
