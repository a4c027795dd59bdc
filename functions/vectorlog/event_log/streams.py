"""Loads streams, decides, and appends what was decided to the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Generic, TypeVar

from vectorlog.domain.errors import Conflict, KeyReused, Unavailable
from vectorlog.event_log import codec
from vectorlog.event_log.codec import Aggregate, IdempotencyKey
from vectorlog.event_log.decision import AnyDecision, Decision
from vectorlog.event_log.event_log import Commit, EventLog
from vectorlog.event_log.optimistic import until_first
from vectorlog.retry import REAL_TIME, Contended, Timing

S = TypeVar("S")
E = TypeVar("E")

NO_VERSION = -1

AppendHook = Callable[[Callable[[], list[Commit]], Sequence[Decision[Any, Any]]], list[Commit]]
"""`hook(append, decisions)` calls `append`, optionally in parallel with other work, and returns its result."""


@dataclass(frozen=True, slots=True)
class Loaded(Generic[S]):
    """A stream as it was loaded; `version` is that of its newest commit, or `NO_VERSION` if it has none."""

    stream: str
    version: int
    state: S
    keys: tuple[IdempotencyKey, ...] = ()
    newest: Commit | None = None


@dataclass(frozen=True, slots=True)
class Plan(Generic[S, E]):
    """What to decide on one stream. `meta` is set if it differs from that of the other plans.

    Attributes:
        decide: returns the events that follow from the stream's state; raises if the request is refused.
        key: if the stream has it, nothing is decided. If `decide` returns nothing, a commit without events keeps it.
        loaded: saves a read: the stream as just loaded. If it is out of date, it is loaded again.
    """

    aggregate: Aggregate[S, E]
    stream: str
    decide: Callable[[S], Sequence[E]]
    key: IdempotencyKey | None = None
    loaded: Loaded[S] | None = None
    meta: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome(Generic[S, E]):
    """The result of a plan: the stream after it, and the commit that was appended (None if nothing was decided).

    `newest` is that commit, or else the stream's newest one. Its writer may have died before it wrote the rows, so a
    repeated request projects it again.
    """

    loaded: Loaded[S]
    decision: Decision[S, E] | None
    newest: Decision[S, E] | None

    @property
    def state(self) -> S:
        """The stream's state after the plan."""
        return self.loaded.state

    @property
    def version(self) -> int:
        """The version of the stream's newest commit, or `NO_VERSION`."""
        return self.loaded.version


class Streams:
    """The event log as decoded streams."""

    def __init__(self, log: EventLog, clock: Callable[[], int], random: Random, timing: Timing = REAL_TIME) -> None:
        self.log = log
        self._clock = clock
        self._random = random
        self._timing = timing

    def load(self, aggregate: Aggregate[S, E], stream: str) -> Loaded[S]:
        """Loads a stream's newest state."""
        return self._loaded(aggregate, stream, self.log.load(stream))

    def load_many(self, aggregate: Aggregate[S, E], streams: Sequence[str]) -> dict[str, Loaded[S]]:
        """Loads the newest state of each stream; a stream without a commit has the initial state."""
        commits = self.log.load_many(streams)
        return {stream: self._loaded(aggregate, stream, commits.get(stream)) for stream in streams}

    @staticmethod
    def empty(aggregate: Aggregate[S, E], stream: str) -> Loaded[S]:
        """Returns a stream without commits; saves the read for an id that was just made."""
        return Loaded(stream, NO_VERSION, aggregate.initial)

    def first_commit(self, aggregate: Aggregate[S, E], loaded: Loaded[S]) -> Decision[S, E]:
        """Returns the first commit of a stream that has one; reads it only if it is not also the newest.

        Raises:
            Unavailable: an import has brought newer commits, but not the first one yet.
        """
        newest = loaded.newest
        [first] = [newest] if newest is not None and newest.version == 0 else self.log.read(loaded.stream, 0, 1)
        if first.version > 0:
            raise Unavailable(f"'{loaded.stream}' is being imported. Please repeat the request.")
        return self.decode_as(aggregate, first)

    def decode(self, commit: Commit) -> AnyDecision:
        """Decodes a commit's events and state.

        Raises:
            UnknownSchema: newer code wrote it.
        """
        return self.decode_as(codec.aggregate_of(commit.stream), commit)

    def decode_as(self, aggregate: Aggregate[S, E], commit: Commit) -> Decision[S, E]:
        """Decodes a commit of a stream whose kind is known; see `decode`."""
        events = codec.decode_events(aggregate, commit.events)
        state = self._state(aggregate, commit)
        return Decision(commit.stream, commit.version, commit.at, events, state, commit.state, commit.meta)

    def decide(
        self,
        aggregate: Aggregate[S, E],
        stream: str,
        decide: Callable[[S], Sequence[E]],
        *,
        meta: str = "{}",
        key: IdempotencyKey | None = None,
        loaded: Loaded[S] | None = None,
    ) -> Outcome[S, E]:
        """Decides on one stream; see `decide_all`."""
        return self.decide_all([Plan(aggregate, stream, decide, key, loaded)], meta=meta)[0]

    def decide_all(
        self, plans: Sequence[Plan[S, E]], *, meta: str = "{}", append_hook: AppendHook | None = None
    ) -> list[Outcome[S, E]]:
        """Loads each plan's stream, decides, and appends all decided commits together, through `append_hook` if given.
        A plan whose commit lost to another writer's is decided again. Returns the outcomes in the order of the plans.

        Raises:
            Conflict: other writers were first each time, up to the deadline of `optimistic.CONTENTION`.
            KeyReused: a plan's key was used on its stream with another body.
        """
        outcomes: dict[int, Outcome[S, E]] = {}

        def attempt(first: bool) -> bool:
            while waiting := [place for place in range(len(plans)) if place not in outcomes]:
                if not self._round(plans, waiting, outcomes, meta, append_hook, first=first):
                    return False
                first = False
            return True

        try:
            until_first("append", attempt, self._timing)
        except Contended:
            raise Conflict(
                "Other requests keep changing the same thing at the same time. Please send the request again."
            ) from None
        return [outcomes[place] for place in range(len(plans))]

    def _round(
        self,
        plans: Sequence[Plan[S, E]],
        waiting: Sequence[int],
        outcomes: dict[int, Outcome[S, E]],
        meta: str,
        append_hook: AppendHook | None,
        *,
        first: bool,
    ) -> bool:
        """Decides the waiting plans, but only one for each stream; False if another writer's commit was first."""
        known = {plans[place].stream: loaded for place in waiting if first and (loaded := plans[place].loaded)}
        commits = self.log.load_many(
            [stream for stream in dict.fromkeys(plans[place].stream for place in waiting) if stream not in known]
        )
        drafts: dict[int, tuple[Commit, Outcome[S, E]]] = {}
        drafted: set[str] = set()
        for place in waiting:
            plan = plans[place]
            if plan.stream in drafted:  # a second plan for one stream waits for the next round
                continue
            loaded = known.get(plan.stream) or self._loaded(plan.aggregate, plan.stream, commits.get(plan.stream))
            repeated = self._repeated(plan, loaded)
            events = () if repeated else tuple(plan.decide(loaded.state))
            if not events and (plan.key is None or repeated):
                newest = self.decode_as(plan.aggregate, loaded.newest) if loaded.newest else None
                outcomes[place] = Outcome(loaded, None, newest)
                continue
            drafted.add(plan.stream)
            drafts[place] = self._draft(plan, loaded, events, meta if plan.meta is None else plan.meta)
        if not drafts:
            return True

        append = partial(self.log.append, [commit for commit, _ in drafts.values()])
        decisions = [outcome.decision for _, outcome in drafts.values() if outcome.decision]
        stored = append_hook(append, decisions) if append_hook else append()
        for (place, (commit, outcome)), winner in zip(drafts.items(), stored, strict=True):
            if winner.id == commit.id:
                outcomes[place] = outcome
        return drafts.keys() <= outcomes.keys()

    def _draft(
        self, plan: Plan[S, E], loaded: Loaded[S], events: tuple[E, ...], meta: str
    ) -> tuple[Commit, Outcome[S, E]]:
        state = codec.fold(plan.aggregate, events, loaded.state)
        keys = loaded.keys if plan.key is None else (*loaded.keys, plan.key)
        text = codec.encode_state(plan.aggregate, state, keys)
        commit = Commit(
            stream=plan.stream,
            version=loaded.version + 1,
            id=self._random.randbytes(16).hex(),
            events=codec.encode_events(events),
            state=text,
            at=self._clock(),
            meta=meta,
        )
        decision = Decision(plan.stream, commit.version, commit.at, events, state, text, meta)
        return commit, Outcome(Loaded(plan.stream, commit.version, state, keys, commit), decision, decision)

    @staticmethod
    def _repeated(plan: Plan[S, E], loaded: Loaded[S]) -> bool:
        used = next((known for known in loaded.keys if plan.key and known.key == plan.key.key), None)
        if used is not None and used != plan.key:
            raise KeyReused(
                "This Idempotency-Key was used before with another request body. Use a new key for a new request."
            )
        return used is not None

    def _loaded(self, aggregate: Aggregate[S, E], stream: str, commit: Commit | None) -> Loaded[S]:
        if commit is None:
            return Loaded(stream, NO_VERSION, aggregate.initial)
        keys = codec.decode_keys(aggregate, commit.state)
        return Loaded(stream, commit.version, self._state(aggregate, commit), keys, commit)

    def _state(self, aggregate: Aggregate[S, E], commit: Commit) -> S:
        state = codec.decode_state(aggregate, commit.state)
        if state is None:
            history = self.log.read(commit.stream, 0, commit.version + 1)
            events = [event for each in history for event in codec.decode_events(aggregate, each.events)]
            state = codec.fold(aggregate, events)
        return state
