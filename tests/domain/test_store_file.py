"""Decisions on a file in a store: given these events, when this is decided, then these events follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce

import pytest

from vectorlog.domain import store_file
from vectorlog.domain.chunking import AUTO, Chunking
from vectorlog.domain.file_warning import FileWarning
from vectorlog.domain.filters import Scalar
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.store_file import (
    INITIAL,
    SEEN_KEPT,
    SINGLE,
    Attach,
    Event,
    Failure,
    FileAttached,
    FileAttributesChanged,
    FileCancelled,
    FileChunked,
    FileDetached,
    FileFailed,
    FileIngested,
    Ingested,
    Open,
    Placement,
    Retired,
    Seen,
    Serving,
    State,
    entries,
    evolve,
)

Decision = Callable[[State], Sequence[Event]]

A, B, C = "vsfb_a", "vsfb_b", "vsfb_c"
RED: Mapping[str, Scalar] = {"colour": "red"}
BLUE: Mapping[str, Scalar] = {"colour": "blue"}
SMALL = Chunking("static", 100, 0)
BROKEN = Failure("invalid_file", "The file holds no text. Upload one that does.")
FIRST = Placement(1)


def after(*events: Event) -> State:
    return reduce(evolve, events, INITIAL)


# Events, with defaults for what most tests do not care about


def attached(
    *owners: str,
    generation: int = 1,
    at: int = 1,
    asked_at: int | None = None,
    revision: int = 0,
    attributes: Mapping[str, Scalar] | None = None,
    chunking: Chunking = AUTO,
    placement: Placement = FIRST,
    joins: bool = False,
    retires: Sequence[Retired] = (),
) -> FileAttached:
    """The last owner is the one that asked."""
    asked_at = at if asked_at is None else asked_at
    return FileAttached(
        at,
        asked_at,
        owners[-1],
        generation,
        owners,
        placement,
        revision,
        "a.txt",
        "5a",
        attributes or {},
        chunking,
        joins,
        tuple(retires),
    )


joined = partial(attached, joins=True)


def has_ingested(
    *owners: str, generation: int = 1, chunks: int = 3, revision: int = 0, retires: Sequence[Retired] = ()
) -> FileIngested:
    return FileIngested(5, generation, chunks, 900, 2, revision, owners, tuple(retires))


def has_failed(*owners: str, generation: int = 1, chunks: int = 0) -> FileFailed:
    return FileFailed(5, generation, BROKEN, owners, (Retired(generation, chunks),))


def unlisted(by: str, at: int = 9) -> FileCancelled:
    """A batch that ends without leaving a trace in the list."""
    return FileCancelled(at, by)


def ended(by: str, generation: int = 1, chunks: int = 0, at: int = 9) -> FileCancelled:
    return FileCancelled(at, by, ended=generation, retires=(Retired(generation, chunks),))


def listed(by: str, failure: Failure | None = None, at: int = 9) -> FileCancelled:
    sha256 = "5a" if failure else ""
    return FileCancelled(
        at,
        by,
        placement=Placement(1, 7),
        filename="a.txt",
        sha256=sha256,
        attributes=RED,
        chunking=SMALL,
        failure=failure,
    )


def detached(*owners: str, retires: Sequence[Retired] = (), at: int = 6) -> FileDetached:
    return FileDetached(at, "detached", owners, tuple(retires))


# Commands


def attach(
    by: str,
    *,
    at: int = 9,
    asked_at: int | None = None,
    attributes: Mapping[str, Scalar] | None = None,
    chunking: Chunking = AUTO,
    placement: Placement = FIRST,
) -> Decision:
    command = Attach(at, at if asked_at is None else asked_at, by, placement, "a.txt", "5a", attributes or {}, chunking)
    return lambda state: store_file.attach(state, command)


def refuse_duplicate(by: str, *, asked_at: int = 9) -> Decision:
    command = Attach(9, asked_at, by, Placement(1, 7), "a.txt", "5a", RED, SMALL)
    return lambda state: store_file.refuse_duplicate(state, command, "file-holder", "Say otherwise.")


def cancel(batch: str, *, asked_at: int = 1) -> Decision:
    return lambda state: store_file.cancel(
        state, 9, batch, asked_at, Placement(1, 7), BatchItem("file-a", RED, SMALL), "a.txt"
    )


def chunked(generation: int, chunks: int) -> Decision:
    return lambda state: store_file.chunked(state, generation, chunks)


def ingested(generation: int, *, revision: int = 0) -> Decision:
    return lambda state: store_file.ingested(state, Ingested(5, generation, 3, 900, 2, revision))


def fail(generation: int) -> Decision:
    return lambda state: store_file.fail(state, 5, generation, BROKEN)


def change(attributes: Mapping[str, Scalar]) -> Decision:
    return lambda state: store_file.change_attributes(state, 9, attributes)


def detach(state: State) -> Sequence[Event]:
    return store_file.detach(state, 6, "detached")


DUPLICATE = Failure(
    "duplicate_file",
    "The store already holds the same content as 'file-holder'. Say otherwise.",
)

SERVES = (attached(A), FileChunked(1, 3), has_ingested(A))
"""Batch A's ingest is done: generation 1 with three chunks."""
SERVES_AND_OPEN = (*SERVES, attached(B, generation=2, attributes=RED, revision=1, at=8))
"""In addition, batch B's re-ingest is in progress."""
GONE = (*SERVES, detached(retires=[Retired(1, 3)]))
"""Detached at 6."""

SPECIFICATION: Mapping[str, tuple[Sequence[Event], Decision, Sequence[Event]]] = {
    # attach
    "a first attach opens generation 1": ([], attach(A), [attached(A, at=9)]),
    "an attach with the same settings joins the open generation": (
        [attached(A)],
        attach(B),
        [joined(A, B, at=9)],
    ),
    "a direct attach joins it too": ([attached(A)], attach(SINGLE), [joined(A, SINGLE, at=9)]),
    "a direct attach twice is one": ([attached(SINGLE)], attach(SINGLE), []),
    "a direct attach twice is one although a batch joined in between": (
        [attached(SINGLE), joined(SINGLE, A)],
        attach(SINGLE),
        [],
    ),
    "a batch attaches once while the file is open": ([attached(A)], attach(A), []),
    "a batch attaches once although the file has ended since": (SERVES, attach(A), []),
    "a batch attaches once although the file failed since": ([attached(A), has_failed(A)], attach(A), []),
    "a batch attaches once although the file was detached since": (GONE, attach(A), []),
    "a batch that cancelled finds no way back in": ([attached(A), joined(A, B), unlisted(A)], attach(A), []),
    "a late fan-out after the cancel finds the batch seen": ([listed(A)], attach(A), []),
    "other attributes open the next generation and carry the owners over": (
        [attached(A), FileChunked(1, 3)],
        attach(B, attributes=RED),
        [attached(A, B, generation=2, attributes=RED, revision=1, at=9, retires=[Retired(1, 3)])],
    ),
    "another chunking opens the next generation, under the same attribute revision": (
        [attached(A)],
        attach(B, chunking=SMALL),
        [attached(A, B, generation=2, chunking=SMALL, at=9, retires=[Retired(1, 0)])],
    ),
    "a direct attach with other settings while one is open replaces it": (
        [attached(SINGLE)],
        attach(SINGLE, attributes=RED),
        [attached(SINGLE, generation=2, attributes=RED, revision=1, at=9, retires=[Retired(1, 0)])],
    ),
    "1 and True are different attributes": (
        [attached(SINGLE, attributes={"n": 1})],
        attach(SINGLE, attributes={"n": True}),
        [attached(SINGLE, generation=2, attributes={"n": True}, revision=1, at=9, retires=[Retired(1, 0)])],
    ),
    "1 and 1.0 are the same attribute": (
        [attached(SINGLE, attributes={"n": 1})],
        attach(SINGLE, attributes={"n": 1.0}),
        [],
    ),
    "an attach of what serves opens the next generation and retires nothing yet": (
        SERVES,
        attach(B),
        [attached(B, generation=2, at=9)],
    ),
    "an attach of what failed opens the next generation": (
        [attached(A), has_failed(A)],
        attach(B),
        [attached(B, generation=2, at=9)],
    ),
    "an attach keeps the file's place in the list": (
        [attached(A, placement=Placement(1, 7))],
        attach(B, placement=Placement(8, 2)),
        [joined(A, B, at=9, placement=Placement(1, 7))],
    ),
    "an attach after a detach takes a new place": (
        GONE,
        attach(B, placement=Placement(8, 2)),
        [attached(B, generation=2, at=9, placement=Placement(8, 2))],
    ),
    # clocks that go back
    "the second of two batches wins, although the clock went back": (
        [attached(B, at=5, attributes=RED)],
        attach(A, asked_at=4, attributes=BLUE),
        [attached(B, A, generation=2, at=9, asked_at=4, attributes=BLUE, revision=1, retires=[Retired(1, 0)])],
    ),
    "a batch re-ingests with its own chunking, although the clock went back": (
        [attached(B, at=5, chunking=SMALL), has_ingested(B)],
        attach(A, asked_at=4),
        [attached(A, generation=2, at=9, asked_at=4)],
    ),
    "a batch that comes after a direct attach wins, although the clock went back": (
        [attached(SINGLE, at=5, attributes=RED)],
        attach(A, asked_at=4, attributes=BLUE),
        [attached(SINGLE, A, generation=2, at=9, asked_at=4, attributes=BLUE, revision=1, retires=[Retired(1, 0)])],
    ),
    "a batch that comes after a change of attributes wins, although the clock went back": (
        [attached(SINGLE, at=1), FileAttributesChanged(5, RED, 1)],
        attach(A, asked_at=4, attributes=BLUE),
        [attached(SINGLE, A, generation=2, at=9, asked_at=4, attributes=BLUE, revision=2, retires=[Retired(1, 0)])],
    ),
    "a batch reaches a file no earlier than it was created, although the clock went back": (
        [],
        attach(A, asked_at=12),
        [attached(A, at=12, placement=Placement(1))],
    ),
    "a direct attach is the newest although another machine's clock was ahead": (
        [attached(A, at=12, attributes=RED)],
        attach(SINGLE, attributes=BLUE),
        [attached(A, SINGLE, generation=2, at=9, attributes=BLUE, revision=1, retires=[Retired(1, 0)])],
    ),
    "a batch of the same millisecond counts as newer": (
        [attached(SINGLE, at=5, attributes=RED)],
        attach(A, asked_at=5, attributes=BLUE),
        [attached(SINGLE, A, generation=2, at=9, asked_at=5, attributes=BLUE, revision=1, retires=[Retired(1, 0)])],
    ),
    "a batch that comes after a detach attaches, although the clock went back": (
        GONE,
        attach(B, asked_at=5),
        [attached(B, generation=2, at=9, asked_at=5)],
    ),
    "a batch that comes after a detach and an attach joins the attach": (
        [*GONE, attached(SINGLE, generation=2, at=8)],
        attach(B, asked_at=5),
        [joined(SINGLE, B, generation=2, at=9, asked_at=5)],
    ),
    # duplicates of content
    "a refused duplicate is listed as cancelled and says who holds the content": (
        [],
        refuse_duplicate(A),
        [listed(A, DUPLICATE)],
    ),
    "a direct one too": ([], refuse_duplicate(SINGLE), [listed(SINGLE, DUPLICATE)]),
    "a duplicate refused twice is refused once": ([listed(A, DUPLICATE)], refuse_duplicate(A), []),
    "a direct duplicate refused twice is refused once": ([listed(SINGLE, DUPLICATE)], refuse_duplicate(SINGLE), []),
    "a file that is there stays as it is, and the batch's entry is cancelled": (
        SERVES,
        refuse_duplicate(B),
        [unlisted(B)],
    ),
    # ingest
    "the number of chunks is noted": ([attached(A)], chunked(1, 3), [FileChunked(1, 3)]),
    "the number of chunks noted twice is noted once": ([attached(A), FileChunked(1, 3)], chunked(1, 3), []),
    "the number of chunks grows": ([attached(A), FileChunked(1, 3)], chunked(1, 4), [FileChunked(1, 4)]),
    "the number of chunks never shrinks": ([attached(A), FileChunked(1, 3)], chunked(1, 2), []),
    "an overtaken generation notes no chunks": (SERVES_AND_OPEN, chunked(1, 9), []),
    "an ended file notes no chunks": (SERVES, chunked(1, 9), []),
    "an ingest settles every owner": (
        [attached(A), joined(A, B), FileChunked(1, 3)],
        ingested(1),
        [has_ingested(A, B)],
    ),
    "ingested twice is once": (SERVES, ingested(1), []),
    "a re-ingest retires what served before": (
        SERVES_AND_OPEN,
        ingested(2, revision=1),
        [has_ingested(B, generation=2, revision=1, retires=[Retired(1, 3)])],
    ),
    "an overtaken generation does not serve": (
        [attached(A), attached(A, B, generation=2, attributes=RED, revision=1)],
        ingested(1),
        [],
    ),
    "a cancelled generation does not serve": ([attached(A), ended(A)], ingested(1), []),
    "a detached generation does not serve": ([attached(A), detached(A)], ingested(1), []),
    "a failed generation does not serve": ([attached(A), has_failed(A)], ingested(1), []),
    "a failure settles every owner and retires the generation": (
        [attached(A), joined(A, B), FileChunked(1, 3)],
        fail(1),
        [has_failed(A, B, chunks=3)],
    ),
    "failed twice is once": ([attached(A), has_failed(A)], fail(1), []),
    "what serves cannot fail": (SERVES, fail(1), []),
    "an overtaken generation cannot fail the one that replaced it": (
        [attached(A), attached(A, B, generation=2, chunking=SMALL)],
        fail(1),
        [],
    ),
    # cancel
    "a cancel by the only owner ends the generation": (
        [attached(A), FileChunked(1, 3)],
        cancel(A),
        [ended(A, chunks=3)],
    ),
    "a cancel by one of two owners ends only its own interest": ([attached(A), joined(A, B)], cancel(A), [unlisted(A)]),
    "a direct attach goes on when the batch beside it is cancelled": (
        [attached(SINGLE), joined(SINGLE, A)],
        cancel(A),
        [unlisted(A)],
    ),
    "the second of two owners ends it": ([attached(A), joined(A, B), unlisted(A)], cancel(B), [ended(B)]),
    "cancelled twice is once": ([attached(A), ended(A)], cancel(A), []),
    "cancelled twice beside another owner is once": ([attached(A), joined(A, B), unlisted(A)], cancel(A), []),
    "a cancel after the ingest changes nothing": (SERVES, cancel(A), []),
    "a cancel after the failure changes nothing": ([attached(A), has_failed(A)], cancel(A), []),
    "a cancel after the ingest leaves the re-ingest of another batch alone": (SERVES_AND_OPEN, cancel(A), []),
    "a cancel of a re-ingest lets the old one serve on": (SERVES_AND_OPEN, cancel(B), [ended(B, generation=2)]),
    "a cancel before the fan-out lists the file as cancelled": ([], cancel(A), [listed(A)]),
    "a cancel before the fan-out, twice, is once": ([listed(A)], cancel(A), []),
    "a cancel before the fan-out leaves a file that is there as it is": (SERVES, cancel(B), [unlisted(B)]),
    "a cancel before the fan-out leaves what is under way alone": ([attached(A)], cancel(B), [unlisted(B)]),
    "a cancel of a batch of after the detach lists the file, although the clock went back": (
        GONE,
        cancel(B, asked_at=5),
        [replace(listed(B), sha256="5a")],
    ),
    # attributes
    "changed attributes carry the next revision": (SERVES, change(RED), [FileAttributesChanged(9, RED, 1)]),
    "changed twice to the same is once": ([*SERVES, FileAttributesChanged(9, RED, 1)], change(RED), []),
    "1 to 1.0 is no change": ([attached(A, attributes={"n": 1})], change({"n": 1.0}), []),
    "1 to True is one": (
        [attached(A, attributes={"n": 1})],
        change({"n": True}),
        [FileAttributesChanged(9, {"n": True}, 1)],
    ),
    "what serves is changed although the open generation has these attributes already": (
        SERVES_AND_OPEN,
        change(RED),
        [FileAttributesChanged(9, RED, 2)],
    ),
    "a file that is not there has no attributes": ([], change(RED), []),
    "a detached file has none either": (GONE, change(RED), []),
    # detach
    "a detach retires what serves": (SERVES, detach, [detached(retires=[Retired(1, 3)])]),
    "a detach settles the owners of what is open and retires both": (
        [*SERVES_AND_OPEN, FileChunked(2, 4)],
        detach,
        [detached(B, retires=[Retired(2, 4), Retired(1, 3)])],
    ),
    "a detach of a cancelled file takes it off the list": ([listed(A)], detach, [detached()]),
    "detached twice is once": (GONE, detach, []),
    "what was never there cannot be detached": ([], detach, []),
}


@pytest.mark.parametrize(("given", "when", "then"), SPECIFICATION.values(), ids=SPECIFICATION.keys())
def test_specification(given: Sequence[Event], when: Decision, then: Sequence[Event]) -> None:
    """Every decision is as in the table, and deciding again changes nothing."""
    assert list(when(after(*given))) == list(then)
    assert list(when(after(*given, *then))) == []


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (joined(A, B), {B: "open"}),
        (joined(A, SINGLE), {}),
        (FileChunked(1, 3), {}),
        (has_ingested(A, SINGLE, B), {A: "completed", B: "completed"}),
        (has_failed(A, SINGLE), {A: "failed"}),
        (ended(A), {A: "cancelled"}),
        (listed(SINGLE, DUPLICATE), {}),
        (FileAttributesChanged(9, RED, 1), {}),
        (detached(A, SINGLE), {A: "cancelled"}),
        (FileDetached(9, "file_deleted", (A,)), {A: "failed"}),
    ],
)
def test_entries(event: Event, says: Mapping[str, str]) -> None:
    """Each event names the batch entries that it opens or closes; a direct attach has none."""
    assert entries(event) == says


class TestServing:
    def test_serves_while_the_next_is_under_way(self) -> None:
        """A re-ingest does not change what search returns: same chunks, old attributes."""
        state = after(*SERVES_AND_OPEN)
        assert state.serving == Serving(1, 3, 900, 2, {}, AUTO)
        assert (state.status, state.attributes) == ("in_progress", RED)

    def test_serves_on_when_the_next_fails(self) -> None:
        """The file is `failed` and says why; what served before is still found."""
        state = after(*SERVES_AND_OPEN, has_failed(B, generation=2))
        assert state.serving == Serving(1, 3, 900, 2, {}, AUTO)
        assert (state.status, state.failure, state.open) == ("failed", BROKEN, None)

    def test_serves_on_when_the_next_is_cancelled(self) -> None:
        """The file returns to `completed`, with the settings that serve, and shows no error of an earlier attempt."""
        failed = (*SERVES, attached(B, generation=2), has_failed(B, generation=2))
        again = attached(C, generation=3, attributes=RED, chunking=SMALL, revision=1)
        state = after(*failed, again, ended(C, generation=3))
        assert (state.status, state.attributes, state.chunking, state.failure) == ("completed", {}, AUTO, None)
        assert state.serving == Serving(1, 3, 900, 2, {}, AUTO)

    def test_next_replaces_it(self) -> None:
        """A finished re-ingest serves with the attributes and chunking that were requested."""
        state = after(
            *SERVES_AND_OPEN, FileChunked(2, 3), has_ingested(B, generation=2, revision=1, retires=[Retired(1, 3)])
        )
        assert state.serving == Serving(2, 3, 900, 2, RED, AUTO)
        assert (state.status, state.open) == ("completed", None)

    def test_warnings_are_those_of_what_serves(self) -> None:
        """What the reader told is shown while the file is completed, and replaced by the next ingest."""
        told = FileWarning("left_out", "A chart is left out.")
        opened = after(attached(A))
        command = Ingested(5, 1, 3, 900, 2, 0, (told,))
        served = after(attached(A), *store_file.ingested(opened, command))
        assert served.warnings == (told,)
        again = evolve(served, attached(B, generation=2))
        assert again.warnings == ()
        assert evolve(again, has_ingested(B, generation=2, retires=[Retired(1, 3)])).warnings == ()

    def test_attributes_serve_at_once(self) -> None:
        """Changed attributes are what search filters by from the change on, and what the open generation ends with."""
        changed = (*SERVES_AND_OPEN, FileAttributesChanged(9, BLUE, 2))
        assert after(*changed).serving == Serving(1, 3, 900, 2, BLUE, AUTO)
        state = after(*changed, has_ingested(B, generation=2, revision=1, retires=[Retired(1, 3)]))
        assert state.serving == Serving(2, 3, 900, 2, BLUE, AUTO)
        assert state.revision == 2  # newer than the 1 that its chunks carry: a re-tag follows

    def test_nothing_serves_after_a_detach(self) -> None:
        """Detached means gone; only the generation and the batches that named the file are remembered."""
        state = after(*SERVES_AND_OPEN, detached(B, retires=[Retired(2, 0), Retired(1, 3)]))
        assert (state.attached, state.serving, state.open) == (False, None, None)
        assert after(attached(A), has_failed(A), detached()).failure is None
        assert (state.generation, state.has_seen(A), state.has_seen(B)) == (2, True, True)


class TestOpen:
    def test_a_join_keeps_progress(self) -> None:
        """Joining does not restart the ingest: its start and its number of chunks stay."""
        state = after(attached(A, at=1), FileChunked(1, 3), joined(A, B, at=4))
        assert state.open == Open(1, 1, (A, B), 3)

    def test_the_next_generation_starts_anew(self) -> None:
        """Other settings start another ingest: its deadline counts from then, and it has no chunks yet."""
        state = after(attached(A, at=1), FileChunked(1, 3), attached(A, B, at=4, generation=2, chunking=SMALL))
        assert state.open == Open(2, 4, (A, B), 0)

    def test_attach_clears_the_error(self) -> None:
        """A file that is being ingested again shows no earlier error."""
        assert after(attached(A), has_failed(A), attached(B, generation=2)).failure is None

    def test_cancelled_without_anything_that_serves(self) -> None:
        """The file is listed as cancelled."""
        state = after(attached(A), ended(A))
        assert (state.status, state.open, state.attached) == ("cancelled", None, True)

    def test_listed_as_cancelled(self) -> None:
        """A file that its batch never reached is listed in its place, with the requested settings."""
        state = after(listed(A))
        assert (state.status, state.placement, state.attributes, state.chunking) == (
            "cancelled",
            Placement(1, 7),
            RED,
            SMALL,
        )

    def test_refused_duplicate_says_why(self) -> None:
        """The error of a refused duplicate names the file that holds the content."""
        assert after(listed(A, DUPLICATE)).failure == DUPLICATE


def _one_after_another(batches: int) -> list[Event]:
    """A batch attaches the file at 1 and has it ingested, then the next one at 2, and so on."""
    return [
        event
        for number in range(1, batches + 1)
        for event in (
            attached(f"vsfb_{number}", at=number, generation=number),
            has_ingested(f"vsfb_{number}", generation=number),
        )
    ]


class TestSeen:
    def test_the_last_batches_are_remembered(self) -> None:
        """A commit does not grow with the number of batches that named its file."""
        state = after(*_one_after_another(SEEN_KEPT + 2))
        assert state.seen == tuple(Seen(f"vsfb_{number}", number) for number in range(2, SEEN_KEPT + 3))

    def test_what_is_forgotten_is_known_to_be(self) -> None:
        """A batch that was forgotten can be told from a new one, so it is never reached twice."""
        state = after(*_one_after_another(SEEN_KEPT + 2))
        assert state.forgotten_until == 1
        assert state.may_have_forgotten("vsfb_1", created_at=1)
        assert not state.may_have_forgotten("vsfb_new", created_at=2)
        assert not state.may_have_forgotten(f"vsfb_{SEEN_KEPT + 2}", created_at=1)

    def test_batches_that_wait_are_never_forgotten(self) -> None:
        """However many batches wait for a file, each is told how it ended."""
        waiting = tuple(f"vsfb_{number}" for number in range(SEEN_KEPT + 2))
        state = after(
            *(attached(*waiting[: number + 1], at=number + 1, joins=number > 0) for number in range(len(waiting)))
        )
        assert tuple(each.batch for each in state.seen) == waiting

    def test_direct_attach_is_not_a_batch(self) -> None:
        """A direct attach may be repeated as often as the user likes."""
        assert after(attached(SINGLE)).seen == ()


def test_rows_sort_as_asked() -> None:
    """A store lists files by time, then by position in the batch, then by id."""
    asked = [Placement(999, 3), Placement(1000, 2), Placement(1000, 10), Placement(10_000_000_000_000 - 1, 0)]
    rows = [placement.row("file-a") for placement in asked]
    assert rows == sorted(rows)
    assert Placement(1000, 2).row("file-a") < Placement(1000, 2).row("file-b")
