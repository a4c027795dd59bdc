"""Streams of a process that writes commits and reads the feed too: it need not decode what it has encoded."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeVar, cast

from vectorlog.event_log.codec import Aggregate
from vectorlog.event_log.decision import AnyDecision, Decision
from vectorlog.event_log.event_log import Commit, EventLog
from vectorlog.event_log.streams import Loaded, Outcome, Plan, Streams
from vectorlog.recent import Newest

S = TypeVar("S")
E = TypeVar("E")

MOST_CHARS = 8_000
"""The length of events and state up to which a commit is remembered."""


class OwnCommits(Streams):
    """Remembers its latest commits as decisions.

    Args:
        log, clock, random: see Streams.
        most: how many commits are remembered.
    """

    def __init__(self, log: EventLog, clock: Callable[[], int], random: Random, most: int) -> None:
        super().__init__(log, clock, random)
        self._own: Newest[str, tuple[Commit, AnyDecision]] = Newest(most)

    def decode_as(self, aggregate: Aggregate[S, E], commit: Commit) -> Decision[S, E]:
        """See Streams."""
        own = self._own.get(commit.id)
        if own is not None and own[0] == commit:  # an erasure replaces a commit under its id
            return cast("Decision[S, E]", own[1])
        return super().decode_as(aggregate, commit)

    def _draft(
        self, plan: Plan[S, E], loaded: Loaded[S], events: tuple[E, ...], meta: str
    ) -> tuple[Commit, Outcome[S, E]]:
        commit, outcome = super()._draft(plan, loaded, events, meta)
        if len(commit.events) + len(commit.state) <= MOST_CHARS:
            self._own.put(commit.id, (commit, cast("AnyDecision", outcome.decision)))
        return commit, outcome
