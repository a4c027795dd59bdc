"""What a client may see of one file in one store: states, the effect of each command, and what work may do meanwhile.

A client knows what it asked, and not how far the work behind it is. So a place (a file in a store) has a set of states
that are possible; commands change each of them, work may move each of them on, and an answer leaves only those that
agree with it. If none is left, the answer was wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Status = Literal["in_progress", "completed", "failed", "cancelled"]
Maybe = Literal["no", "yes", "maybe"]
SINGLE = "single"


class Settings(NamedTuple):
    """The settings with which a file is ingested: attributes as sorted pairs, and the name of a chunking."""

    attributes: tuple[tuple[str, object], ...] = ()
    chunking: str = "auto"


Shown = tuple[Status, Settings] | None
"""A status with settings, or None for a 404."""


class State(NamedTuple):
    """One state that a place may be in.

    Attributes:
        asked: the settings that a GET shows.
        asked_seq: the number of the newest command whose settings these are.
        serving: the settings of what a search finds; None if it finds nothing.
        owners: batches (and `single`) that wait for the ingest that is under way; None if none is.
        entries: each batch that named the file, with how far it is.
        done: the uncertain requests that took effect in this state.
    """

    attached: bool = False
    status: Status = "in_progress"
    asked: Settings = Settings()
    asked_seq: int = 0
    serving: Settings | None = None
    owners: frozenset[str] | None = None
    detached_seq: int = -1
    entries: tuple[tuple[str, str], ...] = ()
    done: frozenset[str] = frozenset()

    def entry(self, batch: str) -> str | None:
        """How far the batch is with this file; None if the batch does not name it in this state."""
        for name, outcome in self.entries:
            if name == batch:
                return outcome
        return None

    def seq_of(self, batch: Batch) -> int:
        """The number of the batch's command: that of its first try, or of the repeated one that took effect."""
        return batch.late_seq if batch.late_seq and f"late {batch.label}" in self.done else batch.seq

    @property
    def ended(self) -> bool:
        """Whether no work is left that could change the state."""
        return self.owners is None and all(outcome not in ("unreached", "open") for _, outcome in self.entries)

    def with_entry(self, batches: frozenset[str] | set[str], outcome: str) -> State:
        return self._replace(
            entries=tuple((name, outcome if name in batches else before) for name, before in self.entries)
        )


@dataclass(slots=True)
class Batch:
    """A batch as its client knows it. `seq` is the number of its command, and `fuzzy` whether it was sent and not
    answered at first, so that of it and another batch either may count as the newer one.
    """

    label: str
    store: str
    seq: int
    settings: Mapping[str, Settings]
    skip_duplicates: bool = False
    fuzzy: bool = False
    exists: Maybe = "yes"
    cancelled: Maybe = "no"
    id: str = ""
    owner: str = ""
    least: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] | None = None
    untracked: set[str] = field(default_factory=set)
    late_seq: int = 0
    unanswered: bool = False


@dataclass(slots=True)
class File:
    """An uploaded file as its client knows it. `kind` says what an ingest makes of its content, and `unshown` whether a
    delete was not answered, so that rows may not show it.
    """

    label: str
    kind: Literal["good", "bad"]
    text: str
    exists: Maybe = "yes"
    deleted: Maybe = "no"
    id: str = ""
    owner: str = ""
    at: int = 0
    sha256: str = ""
    unsure: str = ""
    unshown: bool = False


@dataclass(slots=True)
class Place:
    """A file in a store.

    Attributes:
        states: those that the streams may be in now.
        rows: those that rows may still show, because the feed has not projected all of the work.
        may_fail: whether an ingest of good content may fail, because a day has passed or a provider refused.
        duplicate_of: whether another file with the same content may be in the store.
        unshown: whether a detach was not answered, so that rows may not show it: lists and counts may then lack the
            file until a batch that names it has reached it.
        untagged: whether a change of attributes was answered although something failed, so that a filter may not find
            the file until all work is done.
        counted_by: batches that may count the file as new, because an attach before them was not answered, so that rows
            may not have shown it: it counts twice until they have reached it.
        tried: requests under keys that were never answered.
        forgotten: those of them of which the states no longer tell whether they took effect.
    """

    file: File
    store: str
    states: set[State]
    rows: set[State]
    may_fail: bool = False
    dirty: bool = True
    unshown: bool = False
    untagged: bool = False
    counted_by: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)


def attach(state: State, by: str, settings: Settings, seq: int, *, newest: bool) -> State:
    """The file is attached, by a request or by a batch that has reached it."""
    if by != SINGLE:
        if state.entry(by) != "unreached":
            return state
        if not state.attached and seq < state.detached_seq:
            return state.with_entry({by}, "cancelled")
    owners = (state.owners or frozenset()) | {by}
    if newest or not state.attached:
        state = state._replace(asked=settings, asked_seq=max(seq, state.asked_seq))
    return state.with_entry({by}, "open")._replace(attached=True, status="in_progress", owners=owners)


def complete(state: State) -> State:
    """The ingest that was under way has ended well."""
    assert state.owners is not None
    done = state.with_entry(state.owners, "completed")
    return done._replace(status="completed", serving=state.asked, owners=None)


def fail(state: State) -> State:
    """The ingest that was under way has failed; what served before still does."""
    assert state.owners is not None
    return state.with_entry(state.owners, "failed")._replace(status="failed", owners=None)


def cancel(state: State, batch: Batch, settings: Settings) -> State:
    """The batch was cancelled, and work has come to this file."""
    label = batch.label
    if state.owners is not None and label in state.owners:
        owners = state.owners - {label}
        state = state.with_entry({label}, "cancelled")
        if owners:
            return state._replace(owners=owners)
        if state.serving is None:
            return state._replace(owners=None, status="cancelled")
        return state._replace(owners=None, status="completed", asked=state.serving)
    if state.entry(label) != "unreached":
        return state
    state = state.with_entry({label}, "cancelled")
    if state.attached or state.seq_of(batch) < state.detached_seq:
        return state
    return state._replace(attached=True, status="cancelled", asked=settings)


def refuse_duplicate(state: State, batch: Batch, settings: Settings) -> State:
    """The batch leaves the file out, because another one has its content."""
    state = state.with_entry({batch.label}, "cancelled")
    if state.attached or state.seq_of(batch) < state.detached_seq:
        return state
    return state._replace(attached=True, status="cancelled", asked=settings)


def detach(state: State, seq: int, outcome: str = "cancelled") -> State:
    """The file leaves the store."""
    if not state.attached:
        return state
    state = state.with_entry(state.owners or frozenset(), outcome)
    return state._replace(attached=False, owners=None, serving=None, detached_seq=max(seq, state.detached_seq))


def change(state: State, attributes: tuple[tuple[str, object], ...], seq: int) -> State:
    """The file's attributes are replaced."""
    if not state.attached:
        return state
    serving = state.serving and state.serving._replace(attributes=attributes)
    return state._replace(asked=state.asked._replace(attributes=attributes), asked_seq=seq, serving=serving)


def shown(state: State, place: Place, batches: Mapping[str, Batch]) -> tuple[Shown, ...]:
    """What a GET of the file in the store may show in this state; None stands for a 404."""
    if place.file.deleted == "yes":
        return (None,)
    if state.attached:
        return ((state.status, state.asked),)
    if not state.entries:
        return (None,)
    waiting = [
        batches[name]
        for name, outcome in state.entries
        if outcome == "unreached" and state.seq_of(batches[name]) > state.detached_seq
    ]
    if not waiting:
        return (None,)
    oldest = min(waiting, key=state.seq_of)
    settings = oldest.settings[place.file.label]
    both: tuple[Shown, ...] = (("in_progress", settings), ("cancelled", settings))
    options = {"no": both[:1], "yes": both[1:], "maybe": both}[oldest.cancelled]
    sure = place.file.deleted == "no" and oldest.exists == "yes"
    return options if sure else (*options, None)


def listed(state: State, place: Place, batches: Mapping[str, Batch]) -> tuple[Shown, ...]:
    """What a list may show of the file in this state; a delete without an answer reaches lists with the feed."""
    if place.file.unshown and state.attached:
        return (*shown(state, place, batches), (state.status, state.asked))
    return shown(state, place, batches)


def moves(state: State, place: Place, batches: Mapping[str, Batch], *, duplicate: bool) -> Iterator[State]:
    """What one more piece of work may make of this state."""
    label, gone = place.file.label, place.file.deleted
    for name, outcome in state.entries:
        batch = batches[name]
        if outcome == "unreached":
            if batch.cancelled != "no":
                after = cancel(state, batch, batch.settings[label])
                yield _uncertain(after, batch.cancelled, f"cancel {name}")
                if gone != "no":
                    left_out = _uncertain(state.with_entry({name}, "cancelled"), batch.cancelled, f"cancel {name}")
                    yield _uncertain(left_out, gone, f"delete {label}")
            if batch.cancelled != "yes" and gone != "yes":
                yield from reach(state, place, batch, duplicate=duplicate)
            if gone != "no":
                settings = batch.settings[label]
                seq = state.seq_of(batch)
                attached = attach(state, name, settings, seq, newest=True)
                yield _uncertain(detach(attached, seq, "failed"), gone, f"delete {label}")
        elif outcome == "open" and batch.cancelled != "no":
            yield _uncertain(cancel(state, batch, batch.settings[label]), batch.cancelled, f"cancel {name}")
    if state.owners is not None:
        if place.file.kind == "good":
            yield complete(state)
        if place.file.kind == "bad" or place.may_fail:
            yield fail(state)
    if gone != "no" and state.attached:
        yield _uncertain(detach(state, state.asked_seq, "failed"), gone, f"delete {label}")


def reach(state: State, place: Place, batch: Batch, *, duplicate: bool) -> Iterator[State]:
    """What the batch makes of the file when it reaches it."""
    settings = batch.settings[place.file.label]
    seq = state.seq_of(batch)
    newer = seq >= state.asked_seq
    for newest in (True, False) if batch.fuzzy else (newer,):
        yield attach(state, batch.label, settings, seq, newest=newest)
    if batch.unanswered and not state.attached and seq < state.detached_seq:
        yield attach(state, batch.label, settings, state.detached_seq, newest=True)
    if batch.skip_duplicates and duplicate:
        yield refuse_duplicate(state, batch, settings)


def _uncertain(state: State, certain: Maybe, what: str) -> State:
    return state._replace(done=state.done | {what}) if certain == "maybe" else state
