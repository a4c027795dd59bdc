"""Random histories of one file in a store: commands of all kinds, some repeated, some late, some lost by a race."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.support.examples import examples
from vectorlog.domain import store_file
from vectorlog.domain.chunking import AUTO, Chunking
from vectorlog.domain.filters import Scalar
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.store_file import (
    INITIAL,
    SINGLE,
    Attach,
    Event,
    Failure,
    FileAttached,
    Ingested,
    Placement,
    State,
    entries,
    evolve,
)

BATCHES = [f"vsfb_{letter}" for letter in "abcd"]
ATTRIBUTES: st.SearchStrategy[Mapping[str, Scalar]] = st.sampled_from([{}, {"colour": "red"}, {"n": 1}, {"n": True}])
CHUNKINGS = st.sampled_from([AUTO, Chunking("static", 100, 0)])
ATTACHED_BY = st.sampled_from([*BATCHES, SINGLE])
AMONG_GENERATIONS = st.integers(0, 3)
"""How far behind the newest generation a worker's message is."""


@dataclass
class Ledger:
    """The knowledge of a reader of the events alone."""

    generations: dict[int, Literal["open", "serving", "retired"]] = field(default_factory=dict)
    chunks: dict[int, int] = field(default_factory=dict)
    entries: dict[str, str] = field(default_factory=dict)

    def read(self, event: Event) -> None:
        if isinstance(event, FileAttached) and not event.joins:
            assert event.generation not in self.generations
            self.generations[event.generation] = "open"
        if isinstance(event, store_file.FileChunked):
            self.chunks[event.generation] = event.chunks
        if isinstance(event, store_file.FileIngested):
            assert self.generations[event.generation] == "open"
            self.generations[event.generation] = "serving"
        for retired in getattr(event, "retires", ()):
            assert self.generations[retired.generation] != "retired"
            assert retired.chunks == self.chunks.get(retired.generation, 0)
            self.generations[retired.generation] = "retired"
        for batch, outcome in entries(event).items():
            before = self.entries.get(batch)
            assert before is None if outcome == "open" else before in (None, "open")
            self.entries[batch] = outcome


class Histories(RuleBasedStateMachine):
    """Commands come in any order and number; each advances the time by nothing or a little."""

    def __init__(self) -> None:
        super().__init__()
        self.state: State = INITIAL
        self.ledger = Ledger()
        self.now = 1
        self.asked: dict[str, Attach] = {}

    @initialize(data=st.data())
    def batches_are_created(self, data: st.DataObject) -> None:
        """Each batch is created at its own time; its fan-out and its cancel come at any time."""
        for position, batch in enumerate(BATCHES):
            asked_at = data.draw(st.integers(0, 20))
            placement, attributes, chunking = Placement(asked_at, position), data.draw(ATTRIBUTES), data.draw(CHUNKINGS)
            self.asked[batch] = Attach(0, asked_at, batch, placement, "a.txt", "5a", attributes, chunking)

    def decided(self, events: Sequence[Event]) -> None:
        for event in events:
            self.state = evolve(self.state, event)
            self.ledger.read(event)

    def of_batch(self, batch: str) -> Attach:
        asked = self.asked[batch]
        return Attach(self.now, asked.asked_at, batch, asked.placement, "a.txt", "5a", asked.attributes, asked.chunking)

    def generation(self, behind: int) -> int:
        return max(1, self.state.generation - behind)

    @rule(ms=st.integers(1, 5))
    def time_passes(self, ms: int) -> None:
        self.now += ms

    @rule(batch=st.sampled_from(BATCHES))
    def fan_out(self, batch: str) -> None:
        self.decided(store_file.attach(self.state, self.of_batch(batch)))
        assert self.state.has_seen(batch)

    @rule(attributes=ATTRIBUTES, chunking=CHUNKINGS)
    def attach(self, attributes: Mapping[str, Scalar], chunking: Chunking) -> None:
        before = self.state
        command = Attach(self.now, self.now, SINGLE, Placement(self.now), "a.txt", "5a", attributes, chunking)
        self.decided(store_file.attach(before, command))
        assert self.state.open is not None
        assert SINGLE in self.state.open.owners
        assert (self.state.attributes, self.state.chunking) == (attributes, chunking)
        if before.attached:
            assert self.state.placement == before.placement

    @rule(by=ATTACHED_BY)
    def refuse_duplicate(self, by: str) -> None:
        command = (
            self.of_batch(by)
            if by != SINGLE
            else Attach(self.now, self.now, by, Placement(self.now), "a.txt", "5a", {}, AUTO)
        )
        before = self.state
        self.decided(store_file.refuse_duplicate(before, command, "file-holder", "Say otherwise."))
        assert (self.state.open, self.state.serving) == (before.open, before.serving)

    @rule(behind=AMONG_GENERATIONS, chunks=st.integers(0, 9))
    def chunked(self, behind: int, chunks: int) -> None:
        before = self.state.open
        self.decided(store_file.chunked(self.state, self.generation(behind), chunks))
        if before is not None and self.state.open is not None:
            assert self.state.open.chunks >= before.chunks

    @rule(behind=AMONG_GENERATIONS)
    def ingested(self, behind: int) -> None:
        before, generation = self.state, self.generation(behind)
        chunks = before.open.chunks if before.open else 0
        self.decided(store_file.ingested(before, Ingested(self.now, generation, chunks, 10, 0, before.revision)))
        if before.open is not None and before.open.generation == generation:
            assert self.state.serving is not None
            assert (self.state.serving.generation, self.state.status) == (generation, "completed")
        else:
            assert self.state == before

    @rule(behind=AMONG_GENERATIONS)
    def fail(self, behind: int) -> None:
        before = self.state
        self.decided(store_file.fail(before, self.now, self.generation(behind), Failure("invalid_file", "No text.")))
        assert self.state.serving == before.serving

    @rule(batch=st.sampled_from(BATCHES))
    def cancel(self, batch: str) -> None:
        before, asked = self.state, self.asked[batch]
        listed = BatchItem("file-a", asked.attributes, asked.chunking)
        self.decided(store_file.cancel(before, self.now, batch, asked.asked_at, asked.placement, listed, "a.txt"))
        assert self.state.has_seen(batch)
        assert self.state.serving == before.serving
        assert self.ledger.entries[batch] != "open"

    @rule(attributes=ATTRIBUTES)
    def change_attributes(self, attributes: Mapping[str, Scalar]) -> None:
        before = self.state
        self.decided(store_file.change_attributes(before, self.now, attributes))
        if before.attached:
            assert self.state.attributes == attributes
            assert self.state.serving is None or self.state.serving.attributes == attributes
        assert self.state.generation == before.generation

    @rule(reason=st.sampled_from(["detached", "file_deleted"]))
    def detach(self, reason: Literal["detached", "file_deleted"]) -> None:
        self.decided(store_file.detach(self.state, self.now, reason))
        assert (self.state.attached, self.state.open, self.state.serving) == (False, None, None)
        assert "open" not in self.ledger.entries.values()
        assert set(self.ledger.generations.values()) <= {"retired"}

    @invariant()
    def generations_are_accounted_for(self) -> None:
        """Every generation that was opened is open, serving or retired: no chunk is forgotten."""
        held = {
            **({self.state.serving.generation: "serving"} if self.state.serving else {}),
            **({self.state.open.generation: "open"} if self.state.open else {}),
        }
        assert {number: how for number, how in self.ledger.generations.items() if how != "retired"} == held
        assert sorted(self.ledger.generations) == list(range(1, self.state.generation + 1))

    @invariant()
    def entries_are_open_while_someone_waits(self) -> None:
        """A batch's entry is open exactly as long as the batch owns the open generation."""
        waiting = {batch for batch, outcome in self.ledger.entries.items() if outcome == "open"}
        assert waiting == set(self.state.open.owners if self.state.open else ()) - {SINGLE}

    @invariant()
    def state_is_consistent(self) -> None:
        """A listed file has a placement; an open one is in progress and has owners; `completed` means found by
        search.
        """
        state = self.state
        if not state.attached:
            assert (state.open, state.serving) == (None, None)
            return
        assert state.placement is not None
        assert (state.open is not None) == (state.status == "in_progress")
        assert state.open is None or (state.open.owners and len(set(state.open.owners)) == len(state.open.owners))
        assert state.status != "completed" or state.serving is not None
        assert state.status != "failed" or state.failure is not None

    def teardown(self) -> None:
        """Once every batch was fanned out, twice, and nothing is open any more, every entry has ended exactly once."""
        for batch in [*BATCHES, *BATCHES]:
            self.decided(store_file.attach(self.state, self.of_batch(batch)))
        self.decided(
            store_file.ingested(self.state, Ingested(self.now, self.state.generation, 0, 10, 0, self.state.revision))
        )
        assert set(self.ledger.entries) == set(BATCHES) or not self.asked
        assert "open" not in self.ledger.entries.values()


@pytest.mark.random
def test_histories() -> None:
    """Whatever comes in whatever order: no generation is lost, entries end once, and failures do not affect what
    serves.
    """
    run_state_machine_as_test(
        Histories, settings=settings(max_examples=examples(150), stateful_step_count=30, deadline=None)
    )
