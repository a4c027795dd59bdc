"""Load, decide, append: how a decision gets into the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
"""Calls what appends these decisions, and does something else meanwhile; gives what the call gave."""


@dataclass(frozen=True, slots=True)
class Loaded(Generic[S]):
    """A stream as it was read; `version` is `NO_VERSION` where it has no commit, else that of `newest`."""

    stream: str
    version: int
    state: S
    keys: tuple[IdempotencyKey, ...] = ()
    newest: Commit | None = None


@dataclass(frozen=True, slots=True)
class Plan(Generic[S, E]):
    """What to decide on one stream. `key` makes a repeated request decide nothing; `loaded` saves a read: the stream as
    it was just read, or `Streams.empty`. If it was not the newest, the append is blocked, and the stream read. `meta`
    is set where a plan was not asked for by the same as the others of its call.
    """

    aggregate: Aggregate[S, E]
    stream: str
    decide: Callable[[S], Sequence[E]]
    key: IdempotencyKey | None = None
    loaded: Loaded[S] | None = None
    meta: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome(Generic[S, E]):
    """What became of a plan: the stream as it led to it or found it, and the decision, if there was one to make.

    `newest` is that decision, or the stream's newest commit where it was true already: whoever made that may have died
    before its rows stood, so a request that is repeated projects it again.
    """

    loaded: Loaded[S]
    decision: Decision[S, E] | None
    newest: Decision[S, E] | None

    @property
    def state(self) -> S:
        """The state as it is now."""
        return self.loaded.state

    @property
    def version(self) -> int:
        """The newest commit's, or `NO_VERSION`."""
        return self.loaded.version


class Streams:
    """The log, decoded."""

    def __init__(self, log: EventLog, clock: Callable[[], int], random: Random, timing: Timing = REAL_TIME) -> None:
        self.log = log
        self._clock = clock
        self._random = random
        self._timing = timing

    def load(self, aggregate: Aggregate[S, E], stream: str) -> Loaded[S]:
        """The stream's newest state."""
        return self._loaded(aggregate, stream, self.log.load(stream))

    def load_many(self, aggregate: Aggregate[S, E], streams: Sequence[str]) -> dict[str, Loaded[S]]:
        """The newest state of each stream, the initial one for those that have no commit."""
        commits = self.log.load_many(streams)
        return {stream: self._loaded(aggregate, stream, commits.get(stream)) for stream in streams}

    @staticmethod
    def empty(aggregate: Aggregate[S, E], stream: str) -> Loaded[S]:
        """What a stream is before its first commit, for those whose id was just made."""
        return Loaded(stream, NO_VERSION, aggregate.initial)

    def began(self, aggregate: Aggregate[S, E], loaded: Loaded[S]) -> Decision[S, E]:
        """The first commit of a stream that has one; read only where it is not the newest too.

        Raises:
            Unavailable: an import has brought the newest one, and not yet the first.
        """
        newest = loaded.newest
        [first] = [newest] if newest is not None and newest.version == 0 else self.log.read(loaded.stream, 0, 1)
        if first.version > 0:
            raise Unavailable(f"'{loaded.stream}' is being imported. Please repeat the request.")
        return self.decode_as(aggregate, first)

    def decode(self, commit: Commit) -> AnyDecision:
        """A commit's events and state.

        Raises:
            UnknownSchema: newer code wrote it.
        """
        return self.decode_as(codec.aggregate_of(commit.stream), commit)

    def decode_as(self, aggregate: Aggregate[S, E], commit: Commit) -> Decision[S, E]:
        """As `decode`, of a stream whose kind is known."""
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
        """One plan; see `decide_all`."""
        return self.decide_all([Plan(aggregate, stream, decide, key, loaded)], meta=meta)[0]

    def decide_all(
        self, plans: Sequence[Plan[S, E]], *, meta: str = "{}", beside: AppendHook | None = None
    ) -> list[Outcome[S, E]]:
        """Loads each stream, decides, appends all that was decided at once (`beside` says what is done at the same
        time); where another commit got in first, again.

        Raises:
            Conflict: other commits got in first each time, up to the deadline of `optimistic.CONTENTION`.
            KeyReused: the plan's key was used on its stream with another body.
        """
        outcomes: dict[int, Outcome[S, E]] = {}

        def attempt(first: bool) -> bool:
            while waiting := [place for place in range(len(plans)) if place not in outcomes]:
                if not self._round(plans, waiting, outcomes, meta, beside, first=first):
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
        beside: AppendHook | None,
        *,
        first: bool,
    ) -> bool:
        """Decides these plans, all but a stream's second ones; False where another commit got in first."""
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
            events = () if self._repeated(plan, loaded) else tuple(plan.decide(loaded.state))
            if not events:
                newest = self.decode_as(plan.aggregate, loaded.newest) if loaded.newest else None
                outcomes[place] = Outcome(loaded, None, newest)
                continue
            drafted.add(plan.stream)
            drafts[place] = self._draft(plan, loaded, events, meta if plan.meta is None else plan.meta)
        if not drafts:
            return True

        def append() -> list[Commit]:
            return self.log.append([commit for commit, _ in drafts.values()])

        decisions = [outcome.decision for _, outcome in drafts.values() if outcome.decision]
        standing = beside(append, decisions) if beside else append()
        for (place, (commit, outcome)), there in zip(drafts.items(), standing, strict=True):
            if there.id == commit.id:
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
        if plan.key is None:
            return False
        for known in loaded.keys:
            if known.key == plan.key.key:
                if known.body != plan.key.body:
                    raise KeyReused(
                        "This Idempotency-Key was used before with another request body. Use a new key for a "
                        "new request."
                    )
                return True
        return False

    def _loaded(self, aggregate: Aggregate[S, E], stream: str, commit: Commit | None) -> Loaded[S]:
        if commit is None:
            return Loaded(stream, NO_VERSION, aggregate.initial)
        return Loaded(stream, commit.version, self._state(aggregate, commit), codec.decode_keys(commit.state), commit)

    def _state(self, aggregate: Aggregate[S, E], commit: Commit) -> S:
        state = codec.decode_state(aggregate, commit.state)
        if state is None:
            history = self.log.read(commit.stream, 0, commit.version + 1)
            state = codec.fold(
                aggregate, [event for each in history for event in codec.decode_events(aggregate, each.events)]
            )
        return state
